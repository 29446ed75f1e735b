"""Google Cloud Storage: a server of ours that speaks the documented API, and a proxy that makes trouble."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator

import pytest

from dmedia.storage.stores import Store, Terms, store_of
from tests.servers.processes import IMPATIENT, PortServer, ProxyServer
from tests.servers.proxy import Rule
from tests.storage.conftest import Leads, code_of, content_of, fill

OURS = Terms("batch-1", replaces=False, content_type="image/jpeg")
OTHERS = Terms("batch-2", replaces=False, content_type="image/jpeg")
ANY = 1 << 40


@pytest.fixture(scope="module")
def google() -> Iterator[ProxyServer]:
    """The server, behind a proxy."""
    with PortServer("tests.servers.google") as server, ProxyServer(f"http://127.0.0.1:{server.port}") as proxy:
        yield proxy


@pytest.fixture
def url(google: ProxyServer, lead: Leads) -> str:
    """An empty bucket."""
    google.obey()
    lead({"STORAGE_EMULATOR_HOST": google.address, "NO_GCE_CHECK": "true", **IMPATIENT})
    return "gs://test-" + secrets.token_hex(6)


@pytest.fixture
def store(url: str, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setitem(__import__("fsspec").config.conf, "gs", {"token": "anon"})
    return store_of(url.encode())


@pytest.mark.parametrize(
    ("key", "size_bytes"), [("a.jpg", 100_000), ("so rt/ä ö/%20?#&+[x].jpg", 18 << 20), ("a//b/../c.jpg", 0)]
)
def test_what_is_put_is_fetched_as_it_was(store: Store, url: str, descriptor: int, key: str, size_bytes: int) -> None:
    location, content = f"{url}/{key}".encode(), os.urandom(size_bytes)
    put = store.put(fill(descriptor, content), location, OURS)
    looked = store.look(location)
    assert looked is not None
    assert (looked.size_bytes, looked.version) == (put.size_bytes, put.version) == (size_bytes, put.version)
    assert put.version.isdecimal()
    assert store.mark_of(location) == "batch-1"
    fill(descriptor, b"")
    assert store.fetch(location, descriptor, ANY).version == put.version
    assert content_of(descriptor) == content
    assert store.head(location, 16) == content[:16]
    assert [entry.location for entry in store.entries(url.encode(), recursive=True)] == [location]
    store.remove(location)
    store.remove(location)
    assert store.look(location) is None


def test_a_listing_comes_page_by_page(store: Store, url: str, google: ProxyServer, descriptor: int) -> None:
    for number in range(25):
        store.put(descriptor, f"{url}/photos/{number:02}.jpg".encode(), OURS)
    store.put(descriptor, f"{url}/photos/deep/a.jpg".encode(), OURS)
    google.obey()
    assert len(list(store.entries(f"{url}/photos".encode(), recursive=True))) == 26
    assert len(google.requests()) == 2
    assert len(list(store.entries(f"{url}/photos".encode(), recursive=False))) == 25


def test_what_somebody_else_has_put_stays_and_the_same_job_may_put_again(
    store: Store, url: str, descriptor: int
) -> None:
    location = f"{url}/a.jpg".encode()
    first = store.put(fill(descriptor, b"one"), location, OURS)
    assert store.put(descriptor, location, OURS).version == first.version
    second = store.put(fill(descriptor, b"another"), location, OURS)
    assert second.version != first.version
    store.put(fill(descriptor, b"third"), location, OTHERS)
    assert (store.head(location, 100), store.mark_of(location)) == (b"third", "batch-2")
    store.put(fill(descriptor, b"theirs"), location, Terms("", replaces=True, content_type=""))
    assert code_of(lambda: store.put(fill(descriptor, b"ours"), location, OURS))[0] == "output_exists"
    assert store.head(location, 100) == b"theirs"


@pytest.mark.parametrize(
    "trouble",
    [Rule(times=2), Rule(status=429, times=2), Rule(action="cut", bytes=1 << 20), Rule(action="lose", times=2)],
    ids=lambda rule: f"{rule.action} {rule.status}",
)
@pytest.mark.parametrize("size_bytes", [3 << 20, 9 << 20])
def test_trouble_that_passes_is_not_noticed(
    store: Store, url: str, google: ProxyServer, descriptor: int, trouble: Rule, size_bytes: int
) -> None:
    content = os.urandom(size_bytes)
    location = f"{url}/a.jpg".encode()
    google.obey(trouble)
    put = store.put(fill(descriptor, content), location, OURS)
    fill(descriptor, b"")
    google.obey(trouble)
    assert store.fetch(location, descriptor, ANY).version == put.version
    assert content_of(descriptor) == content


def test_a_lost_answer_to_a_part_is_asked_for(store: Store, url: str, google: ProxyServer, descriptor: int) -> None:
    content = os.urandom(20 << 20)
    for place in (1, 2):
        passing = [Rule(method="PUT", action="delay")] * (place - 1)
        google.obey(*passing, Rule(method="PUT", action="lose", times=2))  # its client asks once more by itself
        store.put(fill(descriptor, content), f"{url}/{place}".encode(), OURS)
        assert store.look(f"{url}/{place}".encode()).size_bytes == 20 << 20  # type: ignore[union-attr]
        assert any("*/" in seen["headers"]["Content-Range"] for seen in google.requests("PUT"))


def test_failures_are_told_apart(store: Store, url: str, google: ProxyServer, descriptor: int) -> None:
    location = f"{url}/a.jpg".encode()
    assert code_of(lambda: store.fetch(location, descriptor, ANY))[0] == "not_found"
    assert code_of(lambda: list(store.entries(b"gs://no-such/a", recursive=True))) == (
        "not_found",
        "Not found: there is no bucket 'no-such'",
    )
    store.put(fill(descriptor, b"x" * 100), location, OURS)
    assert code_of(lambda: store.fetch(location, descriptor, 99))[0] == "too_large"
    google.obey(Rule(status=403, body='{"error": {"message": "ana does not have storage.objects.get access"}}'))
    code, message = code_of(lambda: store.look(location))
    assert (code, "storage.objects.get" in message) == ("permission_denied", True)
    google.obey(Rule(times=99))
    assert code_of(lambda: store.look(location))[0] == "remote_error"
    assert len(google.requests()) == 3
