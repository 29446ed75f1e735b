"""What an upload needs of a worker's memory, whatever the size of its file."""

from __future__ import annotations

import threading
import tracemalloc
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from dmedia.storage.stores import Terms, store_of
from tests.storage.conftest import Leads, fill
from tests.storage.test_connections import KEY

MOST_BYTES = 7 << 20
"""Of memory: a worker has dozens of uploads at once, and renditions of all sizes."""


class Handler(BaseHTTPRequestHandler):
    """Takes whatever it is sent, and says that it has kept it."""

    protocol_version = "HTTP/1.1"

    def do_PUT(self, said: bytes = b"") -> None:
        missing = int(self.headers["Content-Length"])
        while block := self.rfile.read(min(missing, 1 << 16)):
            missing -= len(block)
        self.send_response(201)
        location = f"http://{self.headers['Host']}/session"
        said = said or (b'{"generation": "1"}' if self.path == "/session" else b"")
        for name, value in {"ETag": '"1"', "Content-Length": str(len(said)), "Location": location}.items():
            self.send_header(name, value)
        self.send_header("Last-Modified", "Tue, 01 Jul 2025 10:00:00 GMT")
        self.end_headers()
        self.wfile.write(said)

    def do_POST(self) -> None:
        self.do_PUT(b'{"generation": "1"}')

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.parametrize("scheme", ["s3", "gs", "az"])
def test_an_upload_never_holds_its_file_in_memory(
    scheme: str, address: str, lead: Leads, descriptor: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    azure = f"AccountName=devstoreaccount1;AccountKey={KEY};BlobEndpoint={address}/devstoreaccount1;"
    credentials = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_ENDPOINT_URL": address}
    lead({**credentials, "STORAGE_EMULATOR_HOST": address, "AZURE_STORAGE_CONNECTION_STRING": azure})
    monkeypatch.setitem(__import__("fsspec").config.conf, "gs", {"token": "anon"})
    location = f"{scheme}://photos/a.tiff".encode()
    store = store_of(location)
    terms = Terms("batch-1", replaces=True, content_type="image/tiff")
    store.put(fill(descriptor, b"small"), location, terms)  # loads the client
    for size_bytes in (8 << 20, 40 << 20):
        fill(descriptor, b"x" * size_bytes)
        tracemalloc.start()
        try:
            store.put(descriptor, location, terms)
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert most < MOST_BYTES
