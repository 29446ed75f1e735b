"""Transfers at once: as many as a worker has lanes, whatever its clients would have."""

from __future__ import annotations

import contextlib
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from dmedia.errors import MediaError
from dmedia.storage.stores import store_of
from tests.command import wait_until
from tests.storage.conftest import Leads

MANY = 110
"""More than aiohttp's 100, and than botocore's 10."""
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The well-known key of Azure's test servers: no secret."""


class SlowServer(ThreadingHTTPServer):
    """Begins each answer, and holds the rest of it back until it is released."""

    request_queue_size = 2 * MANY
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.held: list[str] = []
        self.released = threading.Event()


class Handler(BaseHTTPRequestHandler):
    server: SlowServer

    def do_GET(self) -> None:
        self.send_response(206 if "x-ms-version" in self.headers else 200)
        headers = {"Content-Length": "2", "Content-Range": "bytes 0-1/2", "ETag": '"1"', "x-ms-blob-type": "BlockBlob"}
        for name, value in {**headers, "Last-Modified": "Tue, 01 Jul 2025 10:00:00 GMT"}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.flush()
        self.server.held.append(self.path)
        self.server.released.wait()
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def slow_server() -> Iterator[SlowServer]:
    with SlowServer() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.released.set()
        server.shutdown()


@pytest.mark.parametrize("scheme", ["s3", "gs", "az", "http"])
def test_no_transfer_waits_for_a_connection(
    scheme: str, slow_server: SlowServer, lead: Leads, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"http://127.0.0.1:{slow_server.server_port}"
    azure = f"AccountName=devstoreaccount1;AccountKey={KEY};BlobEndpoint={address}/devstoreaccount1;"
    credentials = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_ENDPOINT_URL": address}
    endpoints = {"STORAGE_EMULATOR_HOST": address, "NO_GCE_CHECK": "true", "AZURE_STORAGE_CONNECTION_STRING": azure}
    lead({**credentials, **endpoints, "DMEDIA_STORE_ATTEMPTS": "1", "DMEDIA_STORE_READ_TIMEOUT_S": "90"})
    monkeypatch.setitem(__import__("fsspec").config.conf, "gs", {"token": "anon"})
    location = f"{address if scheme == 'http' else scheme + '://photos'}/a.jpg".encode()

    def fetch() -> None:
        with tempfile.TemporaryFile() as file, contextlib.suppress(MediaError):
            store_of(location).fetch(location, file.fileno(), 1 << 20)

    fetches = [threading.Thread(target=fetch, daemon=True) for _ in range(MANY)]
    for one in fetches:
        one.start()
    wait_until(lambda: len(slow_server.held) == MANY)
    slow_server.released.set()
    for one in fetches:
        one.join(60)
    assert not any(one.is_alive() for one in fetches)
