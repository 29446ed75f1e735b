"""Servers of stores, and how tests talk to them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self

from tests.command import ROOT, wait_until
from tests.run.conftest import free_port, listens
from tests.servers.proxy import Rule, as_json

IMPATIENT = {"DMEDIA_STORE_ATTEMPTS": "3", "DMEDIA_STORE_FIRST_WAIT_S": "0.02", "DMEDIA_STORE_READ_TIMEOUT_S": "5"}
"""Settings with which tests need not wait long for a server that is down."""

PAGED = {**os.environ, "PYTHONPATH": str(ROOT), "MOTO_S3_DEFAULT_MAX_KEYS": "20"}
"""Listings of a few dozen objects take several pages."""


def start(*arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    """Start a server in a process group of its own, in silence."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(
        [sys.executable, *arguments], cwd=ROOT, start_new_session=True, **{**quiet, "env": environment, **options}
    )


class Server:
    """A process that is ended with the block that it is started for."""

    process: subprocess.Popen[bytes]
    serving: ClassVar[list[Server]] = []

    def __enter__(self) -> Self:
        self.serving.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        if self in self.serving:
            self.serving.remove(self)
        self.process.kill()
        self.process.wait()

    @classmethod
    def take_dead(cls) -> list[str]:
        """Tell which of those that should be serving have ended, and how; each is told once."""
        dead = [server for server in cls.serving if server.process.poll() is not None]
        cls.serving[:] = [server for server in cls.serving if server not in dead]
        return [f"{type(server).__name__} (status {server.process.returncode})" for server in dead]


class S3Server(Server):
    """moto's S3 as a process.

    Attributes
    ----------
    address : str
        Its URL.
    """

    def __init__(self) -> None:
        port = free_port()
        self.address = f"http://127.0.0.1:{port}"
        self.process = start("-m", "moto.server", "-H", "127.0.0.1", "-p", str(port), env=PAGED)
        wait_until(lambda: listens(port))

    def environment(self, address: str = "") -> dict[str, str]:
        """Tell what leads dmedia and AWS's tools to it, or to a proxy in front of it."""
        return {
            "AWS_ENDPOINT_URL": address or self.address,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            **IMPATIENT,
        }

    def client(self) -> Any:
        """Make AWS's own client for it, which knows nothing of dmedia."""
        import boto3  # type: ignore[import-untyped]

        return boto3.client(
            "s3",
            endpoint_url=self.address,
            aws_access_key_id="other",
            aws_secret_access_key="other",
            region_name="us-east-1",
        )


@dataclass
class Bucket:
    """A bucket of a server, of one test."""

    server: S3Server
    name: str
    client: Any = field(repr=False)

    def url(self, key: str = "") -> str:
        """Tell the URL of an object."""
        return f"s3://{self.name}/{key}" if key else f"s3://{self.name}"

    def put(self, key: str, content: bytes | Path, **options: Any) -> str:
        """Put an object as somebody else would; tell its ETag."""
        body = content.read_bytes() if isinstance(content, Path) else content
        answer = self.client.put_object(Bucket=self.name, Key=key, Body=body, **options)
        return str(answer["ETag"]).strip('"')

    def get(self, key: str) -> bytes:
        """Read an object."""
        content: bytes = self.client.get_object(Bucket=self.name, Key=key)["Body"].read()
        return content

    def keys(self, prefix: str = "") -> list[str]:
        """List the keys of all objects."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix)
        return sorted(found["Key"] for page in pages for found in page.get("Contents", ()))

    def uploads(self) -> list[str]:
        """List the keys of uploads in parts that are neither completed nor aborted."""
        answer = self.client.list_multipart_uploads(Bucket=self.name)
        return [found["Key"] for found in answer.get("Uploads", ())]


class PortServer(Server):
    """A server of ours, a module that prints the port it has found.

    Attributes
    ----------
    port : int
        It.
    """

    def __init__(self, module: str, *arguments: str) -> None:
        self.process = start("-m", module, *arguments, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())


class ProxyServer(PortServer):
    """A proxy that makes trouble (see `tests.servers.proxy`), in front of a server.

    Attributes
    ----------
    address : str
        Its URL.
    """

    def __init__(self, upstream: str) -> None:
        super().__init__("tests.servers.proxy", upstream)
        self.address = f"http://127.0.0.1:{self.port}"

    def obey(self, *rules: Rule) -> None:
        """Take these rules instead of the former ones, and forget what was asked."""
        self._ask("/--rules", json.dumps([as_json(rule) for rule in rules]).encode())

    def requests(self, method: str = "") -> list[dict[str, Any]]:
        """Tell what was asked since the last rules: ``method``, ``path``, ``headers`` and the ``rule`` that held."""
        return [seen for seen in self._ask("/--requests") if method in {"", seen["method"]}]

    def _ask(self, path: str, content: bytes | None = None) -> Any:
        with urllib.request.urlopen(self.address + path, content, timeout=30) as answer:
            return json.loads(answer.read())


class SftpServer(PortServer):
    """SFTP as a process; it lets in whoever has the key in ``home/.ssh``.

    Attributes
    ----------
    files : Path
        What it serves as its root.
    """

    def __init__(self, directory: Path) -> None:
        super().__init__("tests.servers.sftp", str(directory))
        self.files = directory / "files"
        self.home = directory / "home"

    def url(self, path: str = "") -> str:
        """Tell the URL of a file."""
        return f"sftp://tester@127.0.0.1:{self.port}/{path}"

    def environment(self) -> dict[str, str]:
        """Tell what leads dmedia to its key."""
        return {"HOME": str(self.home), "SSH_AUTH_SOCK": "", **IMPATIENT}


class PageServer(PortServer):
    """Static files of a web server.

    Attributes
    ----------
    files : Path
        What it serves as its root.
    """

    def __init__(self, directory: Path, *certificate: Path) -> None:
        super().__init__("tests.servers.pages", str(directory), *map(str, certificate))
        self.files = directory
        self.address = f"http{'s' if certificate else ''}://127.0.0.1:{self.port}"

    def url(self, path: str) -> str:
        """Tell the URL of a file."""
        return f"{self.address}/{path}"
