"""Azure Blob Storage: Azurite, Microsoft's own server for tests, where it is installed (``npm install azurite``)."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator

import pytest

from dmedia.errors import UsageError
from dmedia.storage.stores import Store, Terms, store_of
from tests.command import wait_until
from tests.machines import unmet
from tests.run.conftest import free_port, listens
from tests.servers.processes import IMPATIENT, ProxyServer
from tests.servers.proxy import Rule
from tests.storage.conftest import Leads, code_of, content_of, fill

AZURITE = shutil.which("azurite-blob")
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""Azurite's well-known key: no secret."""
OURS = Terms("batch-1", replaces=False, content_type="image/jpeg")
OTHERS = Terms("batch-2", replaces=False, content_type="image/jpeg")
ANY = 1 << 40


@pytest.fixture(scope="module")
def azurite() -> Iterator[ProxyServer]:
    """Azurite, behind a proxy."""
    if AZURITE is None:
        unmet("azurite-blob not installed: npm install --global azurite")
    port = free_port()
    process = subprocess.Popen(
        [AZURITE, "--inMemoryPersistence", "--blobPort", str(port), "--skipApiVersionCheck", "--silent"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: listens(port))
    with ProxyServer(f"http://127.0.0.1:{port}") as proxy:
        yield proxy
    process.kill()
    process.wait()


@pytest.fixture
def url(azurite: ProxyServer, lead: Leads) -> str:
    """An empty container."""
    from azure.storage.blob import BlobServiceClient

    azurite.obey()
    connection = (
        f"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey={KEY};"
        f"BlobEndpoint={azurite.address}/devstoreaccount1;"
    )
    lead({"AZURE_STORAGE_CONNECTION_STRING": connection, **IMPATIENT})
    name = "test-" + secrets.token_hex(6)
    with BlobServiceClient.from_connection_string(connection) as client:
        client.create_container(name)
    return f"az://{name}"


@pytest.fixture
def store(url: str) -> Store:
    return store_of(url.encode())


@pytest.mark.parametrize("key", ["a.jpg", "so rt/ä ö/%20?#&+[x].jpg"])
@pytest.mark.parametrize("size_bytes", [0, 100_000, 40 << 20])
def test_what_is_put_is_fetched_as_it_was(store: Store, url: str, descriptor: int, key: str, size_bytes: int) -> None:
    location, content = f"{url}/{key}".encode(), os.urandom(size_bytes)
    put = store.put(fill(descriptor, content), location, OURS)
    looked = store.look(location)
    assert looked is not None
    assert (looked.size_bytes, looked.version) == (size_bytes, put.version)
    assert store.mark_of(location) == "batch-1"
    fill(descriptor, b"")
    assert store.fetch(location, descriptor, ANY) == looked
    assert content_of(descriptor) == content
    assert store.head(location, 16) == content[:16]
    assert [entry.location for entry in store.entries(url.encode(), recursive=True)] == [location]
    store.remove(location)
    store.remove(location)
    assert store.look(location) is None


def test_a_listing_comes_page_by_page(
    store: Store, url: str, azurite: ProxyServer, descriptor: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dmedia.storage.stores.azure.PAGE", 5)
    for number in range(12):
        store.put(descriptor, f"{url}/photos/{number:02}.jpg".encode(), OURS)
    store.put(descriptor, f"{url}/photos/deep/a.jpg".encode(), OURS)
    azurite.obey()
    assert len({entry.location for entry in store.entries(f"{url}/photos".encode(), recursive=True)}) == 13
    assert len(azurite.requests()) == 3
    assert len({entry.location for entry in store.entries(f"{url}/photos".encode(), recursive=False)}) == 12


def test_what_somebody_else_has_put_stays_and_the_same_job_may_put_again(
    store: Store, url: str, descriptor: int
) -> None:
    location = f"{url}/a.jpg".encode()
    first = store.put(fill(descriptor, b"one"), location, OURS)
    assert store.put(descriptor, location, OURS).version == first.version
    assert store.put(fill(descriptor, b"another"), location, OURS).version != first.version
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
def test_trouble_that_passes_is_not_noticed(
    store: Store, url: str, azurite: ProxyServer, descriptor: int, trouble: Rule
) -> None:
    content = os.urandom(3 << 20)
    location = f"{url}/a.jpg".encode()
    azurite.obey(trouble)
    put = store.put(fill(descriptor, content), location, OURS)
    fill(descriptor, b"")
    azurite.obey(trouble)
    assert store.fetch(location, descriptor, ANY).version == put.version
    assert content_of(descriptor) == content


def test_failures_are_told_apart(store: Store, url: str, azurite: ProxyServer, descriptor: int) -> None:
    location = f"{url}/a.jpg".encode()
    assert code_of(lambda: store.fetch(location, descriptor, ANY))[0] == "not_found"
    assert code_of(lambda: list(store_of(b"az://no-such").entries(b"az://no-such/a", recursive=True))) == (
        "not_found",
        "Not found: there is no container 'no-such'",
    )
    store.put(fill(descriptor, b"x" * 100), location, OURS)
    assert code_of(lambda: store.fetch(location, descriptor, 99))[0] == "too_large"
    azurite.obey(Rule(status=403, headers={"x-ms-error-code": "AuthorizationFailure"}))
    code, message = code_of(lambda: store.look(location))
    assert (code, "AuthorizationFailure" in message) == ("permission_denied", True)
    azurite.obey(Rule(times=99))
    assert code_of(lambda: store.look(location))[0] == "remote_error"
    assert len(azurite.requests()) == 3


def test_without_an_account_the_hint_says_where_it_comes_from(lead: Leads, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AZURE_STORAGE_CONNECTION_STRING", "AZURE_STORAGE_ACCOUNT_NAME"):
        monkeypatch.delenv(name, raising=False)
    lead({"AZURE_STORAGE_ANON": "true"})
    with pytest.raises(UsageError, match="leads to no account") as caught:
        store_of(b"az://container/a.jpg")
    assert "AZURE_STORAGE_ACCOUNT_NAME" in str(caught.value.hint)
