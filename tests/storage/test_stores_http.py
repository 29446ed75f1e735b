"""Web servers: one of static files, S3 as one that knows ETags, and a proxy that makes trouble."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import trustme

from dmedia.errors import UsageError
from dmedia.storage.stores import Terms, store_of
from tests.command import ROOT
from tests.servers.processes import IMPATIENT, Bucket, PageServer, ProxyServer
from tests.servers.proxy import Rule
from tests.storage.conftest import Leads, code_of, content_of

ANY = 1 << 40


@pytest.fixture(autouse=True)
def _impatient(lead: Leads) -> None:
    lead(IMPATIENT)


@pytest.mark.parametrize("name", ["a.jpg", "so rt ä.jpg", "sort%20%C3%A4.jpg"])
def test_a_page_is_looked_at_and_fetched_as_it_is(page_server: PageServer, descriptor: int, name: str) -> None:
    content = os.urandom(200_000)
    for there in ("a.jpg", "so rt ä.jpg", "sort ä.jpg"):
        (page_server.files / there).write_bytes(content)
        os.utime(page_server.files / there, (1_700_000_000, 1_700_000_000))
    location = (page_server.url(name) + "?size=large").encode()
    store = store_of(location)
    looked = store.look(location)
    assert looked is not None
    assert (looked.size_bytes, looked.mtime_ns) == (len(content), 1_700_000_000 * 10**9)
    assert looked.version != ""
    assert store.fetch(location, descriptor, ANY) == looked
    assert content_of(descriptor) == content
    assert store.head(location, 16) == content[:16]


def test_pages_are_neither_written_nor_listed(page_server: PageServer, descriptor: int) -> None:
    location = page_server.url("new.jpg").encode()
    store = store_of(location)
    assert store.read_only
    assert code_of(lambda: store.put(descriptor, location, Terms("batch-1", replaces=True, content_type="")))[0] == (
        "permission_denied"
    )
    assert code_of(lambda: store.remove(location))[0] == "permission_denied"
    assert store.mark_of(location) is None
    with pytest.raises(UsageError, match="no listing"):
        list(store.entries(page_server.address.encode(), recursive=True))


def test_missing_and_large_pages_are_told_apart(page_server: PageServer, descriptor: int) -> None:
    (page_server.files / "a.jpg").write_bytes(b"x" * 100)
    (page_server.files / "empty").write_bytes(b"")
    store = store_of(page_server.address.encode())
    assert store.look(page_server.url("missing").encode()) is None
    assert code_of(lambda: store.fetch(page_server.url("missing?key=secret").encode(), descriptor, ANY)) == (
        "not_found",
        f"Not found: {page_server.address} has no such object",
    )
    assert code_of(lambda: store.fetch(page_server.url("a.jpg").encode(), descriptor, 99))[0] == "too_large"
    assert store.head(page_server.url("empty").encode(), 16) == b""
    assert store.fetch(page_server.url("empty").encode(), descriptor, 0).size_bytes == 0


@pytest.mark.parametrize(
    "trouble",
    [Rule(times=2), Rule(action="cut", bytes=1 << 20, times=2), Rule(action="lose", times=2)],
    ids=lambda rule: str(rule.action),
)
def test_trouble_that_passes_is_not_noticed(
    page_server: PageServer, page_proxy: ProxyServer, descriptor: int, trouble: Rule
) -> None:
    content = os.urandom(3 << 20)
    (page_server.files / "a.jpg").write_bytes(content)
    location = (page_proxy.address + "/a.jpg").encode()
    page_proxy.obey(trouble)
    store_of(location).fetch(location, descriptor, ANY)
    assert content_of(descriptor) == content
    assert len(page_proxy.requests("GET")) == 3
    if trouble.action == "cut":
        assert page_proxy.requests("GET")[1]["headers"]["Range"].startswith("bytes=")


def test_a_page_that_changes_while_it_is_read_is_never_read_half_and_half(
    page_server: PageServer, page_proxy: ProxyServer, descriptor: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = page_server.files / "a.jpg"
    page.write_bytes(b"1" * (3 << 20))
    location = (page_proxy.address + "/a.jpg").encode()
    page_proxy.obey(Rule(action="cut", bytes=2 << 20))
    monkeypatch.setattr("dmedia.storage.stores.attempts.time.sleep", lambda _: page.write_bytes(b"2" * (5 << 19)))
    store_of(location).fetch(location, descriptor, ANY)
    assert content_of(descriptor) == b"2" * (5 << 19)


def test_servers_that_know_no_head_and_tell_no_length_are_read_too(
    page_server: PageServer, page_proxy: ProxyServer, descriptor: int
) -> None:
    (page_server.files / "a.jpg").write_bytes(b"x" * 1000)
    location = (page_proxy.address + "/a.jpg").encode()
    page_proxy.obey(Rule(method="HEAD", status=405, times=9))
    looked = store_of(location).look(location)
    assert looked is not None
    assert looked.size_bytes == 1000


def test_what_a_server_forbids_is_told_without_the_query(page_proxy: ProxyServer, descriptor: int) -> None:
    location = (page_proxy.address + "/a.jpg?X-Amz-Signature=secret").encode()
    for status, code in ((403, "permission_denied"), (410, "not_found"), (503, "remote_error")):
        page_proxy.obey(Rule(status=status, times=99))
        told, message = code_of(lambda: store_of(location).fetch(location, descriptor, ANY))
        assert told == code
        assert "secret" not in message


def test_a_server_that_accepts_no_connection_is_told_without_the_query(
    full_listener: int, lead: Leads, descriptor: int
) -> None:
    lead({"DMEDIA_STORE_CONNECT_TIMEOUT_S": "0.3", "DMEDIA_STORE_ATTEMPTS": "2"})
    location = f"http://127.0.0.1:{full_listener}/a.jpg?X-Amz-Signature=secret&upload_id=secret".encode()
    code, message = code_of(lambda: store_of(location).fetch(location, descriptor, ANY))
    assert (code, "secret" in message, "timeout" in message) == ("remote_error", False, True)


def test_an_object_of_a_bucket_is_a_page_too(bucket: Bucket, descriptor: int) -> None:
    bucket.client.put_bucket_acl(Bucket=bucket.name, ACL="public-read")
    etag = bucket.put("a.jpg", b"x" * 1000, ACL="public-read")
    location = f"{bucket.server.address}/{bucket.name}/a.jpg".encode()
    assert store_of(location).fetch(location, descriptor, ANY).version == etag


def led(page_proxy: ProxyServer, location: str, path: str = "^/shop/a.jpg$", times: int = 99) -> None:
    """Let pages lead to a location."""
    page_proxy.obey(Rule(path=path, status=302, headers={"Location": location}, times=times))


@pytest.mark.parametrize(
    "elsewhere",
    ["{other}/shop/b.jpg", "/private/b.jpg", "../private/b.jpg", "/shop/%2e%2e/private/b.jpg", "/shop/..%2fprivate/b"],
)
def test_no_page_leads_out_of_roots_and_nothing_there_is_asked_for(
    page_server: PageServer, page_proxy: ProxyServer, descriptor: int, elsewhere: str
) -> None:
    (page_server.files / "shop").mkdir(exist_ok=True)
    (page_server.files / "shop" / "b.jpg").write_bytes(b"x")
    led(page_proxy, elsewhere.format(other=page_server.address))
    root, location = f"{page_proxy.address}/shop".encode(), f"{page_proxy.address}/shop/a.jpg".encode()
    store = store_of(location, (b"/nowhere", root))
    for ask in (
        lambda: store.look(location),
        lambda: store.head(location, 16),
        lambda: store.fetch(location, descriptor, ANY),
    ):
        code, message = code_of(ask)
        assert (code, "leads out of the directories" in message) == ("permission_denied", True)
    assert {seen["path"] for seen in page_proxy.requests()} == {"/shop/a.jpg"}
    assert content_of(descriptor) == b""


def test_pages_lead_on_within_roots_up_to_ten_times(
    page_server: PageServer, page_proxy: ProxyServer, descriptor: int
) -> None:
    content = os.urandom(100_000)
    (page_server.files / "shop").mkdir(exist_ok=True)
    for name in ("a.jpg", "b.jpg"):
        (page_server.files / "shop" / name).write_bytes(content)
    root, location = f"{page_proxy.address}/shop".encode(), f"{page_proxy.address}/shop/a.jpg".encode()
    store = store_of(location, (root, f"{page_server.address}/shop".encode()))
    for elsewhere in ("/shop/b.jpg?size=large", "b.jpg", f"{page_server.address}/shop/b.jpg"):
        led(page_proxy, elsewhere)
        looked = store.look(location)
        assert looked is not None
        assert looked.size_bytes == len(content)
        assert store.head(location, 16) == content[:16]
        os.ftruncate(descriptor, 0)
        assert store.fetch(location, descriptor, ANY) == looked
        assert content_of(descriptor) == content
    led(page_proxy, "/shop/a.jpg", times=10)
    assert store.head(location, 16) == content[:16]
    for nowhere in ("/shop/a.jpg", "ftp://h/a.jpg", "http://[::1", "https://"):
        led(page_proxy, nowhere)
        assert code_of(lambda: store.head(location, 16))[0] == "not_found"
    assert len(page_proxy.requests()) == 1
    led(page_proxy, "/shop/a.jpg")
    code_of(lambda: store.head(location, 16))
    assert len(page_proxy.requests()) == 11


def test_without_roots_pages_lead_anywhere(page_server: PageServer, page_proxy: ProxyServer, descriptor: int) -> None:
    (page_server.files / "b.jpg").write_bytes(b"x" * 1000)
    led(page_proxy, page_server.url("b.jpg"))
    location = f"{page_proxy.address}/shop/a.jpg".encode()
    assert store_of(location).fetch(location, descriptor, ANY).size_bytes == 1000


READ = """
import os, sys, tempfile
from dmedia.errors import MediaError
from dmedia.storage.stores import store_of
with tempfile.TemporaryFile() as file:
    try:
        location, *roots = map(str.encode, sys.argv[1:])
        print(store_of(location, tuple(roots)).fetch(location, file.fileno(), 1 << 20).size_bytes)
    except MediaError as error:
        print(error.code, error)
"""


def test_a_certificate_must_be_trusted_and_no_page_leads_away_from_it(
    tmp_path_factory: pytest.TempPathFactory, page_server: PageServer
) -> None:
    directory = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(str(directory / "ca.pem"))
    issued.private_key_pem.write_to_path(str(directory / "key.pem"))
    issued.cert_chain_pems[0].write_to_path(str(directory / "cert.pem"))
    (directory / "files").mkdir()
    (directory / "files" / "a.jpg").write_bytes(b"x" * 1000)
    with PageServer(directory / "files", directory / "cert.pem", directory / "key.pem") as server:

        def read(page: str = "a.jpg", *roots: str, **environment: str) -> str:
            ended = subprocess.run(
                [sys.executable, "-c", READ, page if page.startswith("http") else server.url(page), *roots],
                env={**os.environ, **IMPATIENT, "PYTHONPATH": str(ROOT), **environment},
                capture_output=True,
                text=True,
                check=True,
            )
            assert ended.stderr == ""
            return ended.stdout

        insecure = f"http://127.0.0.1:{page_server.port}/a.jpg"
        (page_server.files / "a.jpg").write_bytes(b"x" * 1000)
        trusted = {"SSL_CERT_FILE": str(directory / "ca.pem")}
        back = f"http://127.0.0.1:{page_server.port}/redirect?to={server.url('a.jpg')}"
        for roots in ((), (server.address, f"http://127.0.0.1:{page_server.port}")):
            assert "leads to an insecure page" in read(f"redirect?to={insecure}", *roots, **trusted)
            assert "leads to an insecure page" in read(f"redirect?to={back}", *roots, **trusted)
            assert read(f"redirect?to={server.url('a.jpg')}", *roots, **trusted) == "1000\n"
            assert read(back, *roots, **trusted) == "1000\n"
        assert "leads out of the directories" in read(back, f"http://127.0.0.1:{page_server.port}", **trusted)
        assert read(**trusted) == "1000\n"
        assert read().startswith("permission_denied Permission denied: no safe connection to https://127.0.0.1:")
