"""SFTP: a real server process."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dmedia.errors import MediaError, UsageError
from dmedia.storage.stores import Store, Terms, store_of
from dmedia.storage.stores.bodies import size_of
from tests.command import below, wait_until
from tests.servers.processes import IMPATIENT, SftpServer
from tests.servers.wire import Wire
from tests.storage.conftest import Leads, code_of, content_of, fill

OURS = Terms("batch-1", replaces=False, content_type="image/jpeg")
RENEWING = Terms("batch-1", replaces=False, content_type="image/jpeg", renews=True)
REPLACING = Terms("batch-1", replaces=True, content_type="image/jpeg")
ANY = 1 << 40


@pytest.fixture
def files(sftp_server: SftpServer) -> Iterator[Path]:
    """What the server serves, without what other files' tests left there, and emptied afterwards."""
    _empty(sftp_server.files)
    yield sftp_server.files
    _empty(sftp_server.files)


def _empty(directory: Path) -> None:
    for child in directory.iterdir():
        shutil.rmtree(child) if child.is_dir() else child.unlink()


@pytest.fixture
def store(sftp_server: SftpServer, files: Path, lead: Leads) -> Store:
    lead(sftp_server.environment())
    return store_of(sftp_server.url().encode())


@pytest.mark.parametrize("name", [b"a.jpg", "so rt/ä %20?#&[x].jpg".encode(), b"deep/er/bytes\xff.jpg"])
def test_what_is_put_is_a_file_there_and_is_fetched_as_it_was(
    store: Store, sftp_server: SftpServer, files: Path, descriptor: int, name: bytes
) -> None:
    location, content = sftp_server.url().encode() + name, os.urandom(3 << 20)
    put = store.put(fill(descriptor, content), location, OURS)
    there = Path(os.fsdecode(os.fsencode(files) + b"/" + name))
    assert there.read_bytes() == content
    assert (put.size_bytes, put.mtime_ns // 10**9, put.version) == (len(content), int(there.stat().st_mtime), "")
    assert store.look(location) == put
    fill(descriptor, b"")
    assert store.fetch(location, descriptor, ANY) == put
    assert content_of(descriptor) == content
    assert store.head(location, 16) == content[:16]
    assert store.mark_of(location) is None
    store.remove(location)
    store.remove(location)
    assert store.look(location) is None
    assert list(there.parent.glob(".dmedia-*")) == []
    assert not there.exists()


def test_a_listing_tells_files_and_follows_no_link_to_a_directory(
    store: Store, sftp_server: SftpServer, files: Path
) -> None:
    (files / "photos" / "deep").mkdir(parents=True)
    for name in ("photos/a.jpg", "photos/deep/b.jpg", "c.jpg"):
        (files / name).write_bytes(b"x")
    (files / "photos" / "link.jpg").symlink_to("a.jpg")
    (files / "photos" / "loop").symlink_to(".")
    (files / "photos" / "nowhere").symlink_to("missing")
    odd = os.fsdecode(b"b\xff")
    (files / odd).mkdir()
    for number in range(300):
        (files / odd / f"{number}{odd}.jpg").write_bytes(b"x")
    url = sftp_server.url().encode()

    def names(directory: bytes, *, recursive: bool) -> set[str]:
        return {os.fsdecode(entry.location[len(url) :]) for entry in store.entries(directory, recursive=recursive)}

    assert names(url + b"photos", recursive=True) == {"photos/a.jpg", "photos/link.jpg", "photos/deep/b.jpg"}
    assert names(url + b"photos/", recursive=False) == {"photos/a.jpg", "photos/link.jpg"}
    assert names(url + b"missing", recursive=True) == set()
    assert names(url + b"b\xff", recursive=True) == {f"{odd}/{number}{odd}.jpg" for number in range(300)}
    listing = store.entries(url + b"b\xff", recursive=True)
    next(listing)
    listing.close()  # type: ignore[attr-defined]
    assert len(names(url, recursive=True)) == 304


def test_what_stands_there_stays_unless_it_may_be_replaced_or_is_the_same(
    store: Store, sftp_server: SftpServer, files: Path, descriptor: int
) -> None:
    location = sftp_server.url("a.jpg").encode()
    (files / "a.jpg").write_bytes(b"theirs")
    assert code_of(lambda: store.put(fill(descriptor, b"ours!!"), location, OURS))[0] == "output_exists"
    assert (files / "a.jpg").read_bytes() == b"theirs"
    assert store.put(fill(descriptor, b"theirs"), location, OURS).size_bytes == 6
    store.put(fill(descriptor, b"ours"), location, REPLACING)
    assert (files / "a.jpg").read_bytes() == b"ours"
    store.put(fill(descriptor, b"ours anew"), location, RENEWING)
    assert (files / "a.jpg").read_bytes() == b"ours anew"
    assert store.checksum_of(location) == hashlib.sha256(b"ours anew").hexdigest()
    assert store.checksum_of(sftp_server.url("missing.jpg").encode()) is None
    (files / "directory").mkdir()
    assert code_of(lambda: store.put(descriptor, sftp_server.url("a.jpg/b.jpg").encode(), OURS))[0] == "output_exists"
    occupied = sftp_server.url("directory").encode()
    assert code_of(lambda: store.put(descriptor, occupied, OURS))[0] == "output_exists"
    assert code_of(lambda: store.put(descriptor, occupied, REPLACING))[0] == "output_exists"
    assert below(files) == ["a.jpg"]


def test_missing_large_and_forbidden_files_are_told_apart(
    store: Store, sftp_server: SftpServer, files: Path, descriptor: int
) -> None:
    (files / "a.jpg").write_bytes(b"x" * 100)
    (files / "directory").mkdir()
    assert code_of(lambda: store.fetch(sftp_server.url("b.jpg").encode(), descriptor, ANY))[0] == "not_found"
    assert code_of(lambda: store.fetch(sftp_server.url("a.jpg").encode(), descriptor, 99))[0] == "too_large"
    assert store.look(sftp_server.url("directory").encode()) is None


def test_a_server_that_is_not_known_or_lets_nobody_in_is_not_trusted(
    sftp_server: SftpServer, tmp_path: Path, lead: Leads
) -> None:
    ssh = tmp_path / ".ssh"
    ssh.mkdir()
    lead({**sftp_server.environment(), "HOME": str(tmp_path)})
    location = sftp_server.url("a.jpg").encode()
    with pytest.raises(MediaError, match="not known") as caught:
        store_of(location).look(location)
    assert (caught.value.code, "confirm the key" in str(caught.value.hint)) == ("permission_denied", True)
    shutil.copy(sftp_server.home / ".ssh" / "known_hosts", ssh)
    with pytest.raises(MediaError, match="lets nobody in") as caught:
        store_of(location).look(location)
    assert (caught.value.code, "~/.ssh/config" in str(caught.value.hint)) == ("permission_denied", True)


@pytest.mark.parametrize("setting", ["ProxyJump bastion", "ProxyCommand ssh -W %h:%p bastion"])
def test_a_proxy_is_reached_by_ssh_with_the_host_as_one_argument(tmp_path: Path, lead: Leads, setting: str) -> None:
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "config").write_text(f"Host *\n {setting}\n")
    program = tmp_path / "ssh"
    program.write_text('#!/bin/sh\nfor each in "$@"; do echo "$each"; done > "$HOME/arguments"\n')
    program.chmod(0o755)
    lead({"HOME": str(tmp_path), "PATH": f"{tmp_path}:{os.environ['PATH']}", **IMPATIENT})
    code_of(lambda: store_of(b"sftp://me@nas/a.jpg").look(b"sftp://me@nas/a.jpg"))
    assert (tmp_path / "arguments").read_text().splitlines() == ["-W", "nas:22", "bastion"]
    (tmp_path / "arguments").unlink()
    with pytest.raises(UsageError, match="no name of a host"):
        store_of(b'sftp://x:1 "-oproxycommand=touch pwned" y/a.jpg')
    assert not (tmp_path / "arguments").exists()


def test_many_threads_use_one_server_at_once(
    store: Store, sftp_server: SftpServer, files: Path, tmp_path: Path
) -> None:
    contents = [os.urandom(300_000) for _ in range(12)]

    def carry(number: int) -> bytes:
        location = sftp_server.url(f"{number}.jpg").encode()
        with (tmp_path / str(number)).open("w+b") as file:
            store.put(fill(file.fileno(), contents[number]), location, OURS)
            fill(file.fileno(), b"")
            store.fetch(location, file.fileno(), ANY)
            return content_of(file.fileno())

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(carry, range(12))) == contents


def test_a_fetch_that_nobody_waits_for_ends_with_its_next_block(
    store: Store, sftp_server: SftpServer, files: Path, descriptor: int
) -> None:
    with (files / "film.mp4").open("wb") as film:
        film.truncate(50 << 30)
    asked: list[int] = []

    def refuse() -> None:
        asked.append(size_of(descriptor))
        if asked[-1] >= 3 << 20:
            raise KeyError

    with pytest.raises(KeyError):
        store.fetch(sftp_server.url("film.mp4").encode(), descriptor, ANY, refuse)
    assert size_of(descriptor) == 3 << 20
    wait_until(lambda: not any("prefetch" in thread.name for thread in threading.enumerate()))


@pytest.fixture
def wire(sftp_server: SftpServer, files: Path, tmp_path: Path, lead: Leads) -> Iterator[Wire]:
    """A wire to the server that breaks."""
    with Wire(sftp_server.port) as wire:
        shutil.copytree(sftp_server.home, tmp_path / "home")
        hosts = tmp_path / "home" / ".ssh" / "known_hosts"
        hosts.write_text(hosts.read_text().replace(str(sftp_server.port), str(wire.port)))
        patience = {"DMEDIA_STORE_READ_TIMEOUT_S": "2", "DMEDIA_STORE_ATTEMPTS": "6"}  # a busy machine may be slow too
        lead({**sftp_server.environment(), "HOME": str(tmp_path / "home"), **patience})
        yield wire


@pytest.mark.parametrize("trouble", ["cut", "hang"])
@pytest.mark.parametrize("after_bytes", [100, 500_000])
def test_a_wire_that_breaks_is_not_noticed(
    wire: Wire, files: Path, descriptor: int, trouble: str, after_bytes: int
) -> None:
    location, content = f"sftp://tester@127.0.0.1:{wire.port}/a.jpg".encode(), os.urandom(1 << 20)
    wire.breaks = [(trouble, after_bytes), ("", 1_500_000), (trouble, after_bytes)]
    store = store_of(location)
    put = store.put(fill(descriptor, content), location, OURS)
    assert below(files) == ["a.jpg"]
    fill(descriptor, b"")
    assert store.fetch(location, descriptor, ANY) == put
    assert content_of(descriptor) == content
    assert wire.made >= 3


def test_a_listing_begins_again_and_an_end_in_the_middle_is_told(wire: Wire, files: Path) -> None:
    for number in range(300):
        (files / f"{number}.jpg").write_bytes(b"x")
    url = f"sftp://tester@127.0.0.1:{wire.port}".encode()
    wire.breaks = [("cut", 100), ("cut", 3_000)]
    assert len(list(store_of(url).entries(url, recursive=True))) == 300
    wire.breaks = [("cut", 100)] * 99
    wire.sever()
    assert code_of(lambda: list(store_of(url).entries(url, recursive=True)))[0] == "remote_error"


@pytest.mark.parametrize("silently", [False, True])
def test_connections_that_died_while_nobody_used_them_cost_one_attempt_at_most(
    wire: Wire, files: Path, monkeypatch: pytest.MonkeyPatch, lead: Leads, *, silently: bool
) -> None:
    lead({"DMEDIA_STORE_ATTEMPTS": "2", "DMEDIA_STORE_READ_TIMEOUT_S": "3"})
    (files / "a.jpg").write_bytes(b"x")
    location = f"sftp://tester@127.0.0.1:{wire.port}/a.jpg".encode()
    store = store_of(location)
    with contextlib.ExitStack() as at_once:
        for _ in range(6):
            at_once.enter_context(store._sessions.one())  # type: ignore[attr-defined]
    assert wire.made == 6
    wire.hush() if silently else wire.sever()
    found = store.look(location)
    assert found is not None
    assert (found.size_bytes, wire.made) == (1, 7)


def test_a_failure_of_one_file_closes_no_idle_connection(wire: Wire, files: Path, descriptor: int) -> None:
    location = f"sftp://tester@127.0.0.1:{wire.port}/a.jpg".encode()
    store = store_of(location)
    with contextlib.ExitStack() as at_once:
        for _ in range(3):
            at_once.enter_context(store._sessions.one())  # type: ignore[attr-defined]
    (files / "a.jpg").write_bytes(b"theirs")
    assert code_of(lambda: store.put(fill(descriptor, b"ours"), location, OURS))[0] == "output_exists"
    store.look(location)
    assert wire.made == 3


def test_a_wire_that_stays_broken_is_a_remote_error_and_leaves_no_half_file(
    wire: Wire, files: Path, descriptor: int
) -> None:
    location = f"sftp://tester@127.0.0.1:{wire.port}/a.jpg".encode()
    wire.breaks = [("cut", 500_000)] * 6
    code, _ = code_of(lambda: store_of(location).put(fill(descriptor, os.urandom(1 << 20)), location, OURS))
    assert code == "remote_error"
    assert wire.made == 7
    assert below(files) == []
