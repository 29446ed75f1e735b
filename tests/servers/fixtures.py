"""Fixtures of servers: one process of each for all tests, and a bucket or directory for each test."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest

from tests.servers.processes import Bucket, PageServer, ProxyServer, S3Server, Server, SftpServer


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Iterator[None]:
    """Blame the very test in which a server of many tests has ended: the later ones only find nobody there."""
    yield
    if dead := Server.take_dead():
        pytest.fail(f"ended in this test, and missed by those to come: {', '.join(dead)}", pytrace=False)


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    """S3 as a process."""
    with S3Server() as server:
        yield server


@pytest.fixture
def bucket(s3_server: S3Server) -> Bucket:
    """An empty bucket."""
    client = s3_server.client()
    name = "test-" + secrets.token_hex(6)
    client.create_bucket(Bucket=name)
    return Bucket(s3_server, name, client)


@pytest.fixture(scope="session")
def _s3_proxy(s3_server: S3Server) -> Iterator[ProxyServer]:
    with ProxyServer(s3_server.address) as proxy:
        yield proxy


@pytest.fixture
def s3_proxy(_s3_proxy: ProxyServer) -> Iterator[ProxyServer]:
    """A proxy in front of S3, without rules yet."""
    _s3_proxy.obey()
    yield _s3_proxy
    _s3_proxy.obey()


@pytest.fixture(scope="session")
def sftp_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SftpServer]:
    """SFTP as a process; its files are those of all tests."""
    with SftpServer(tmp_path_factory.mktemp("sftp")) as server:
        yield server


@pytest.fixture(scope="session")
def page_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageServer]:
    """A web server of static files; they are those of all tests."""
    with PageServer(tmp_path_factory.mktemp("pages")) as server:
        yield server


@pytest.fixture(scope="session")
def _page_proxy(page_server: PageServer) -> Iterator[ProxyServer]:
    with ProxyServer(page_server.address) as proxy:
        yield proxy


@pytest.fixture
def page_proxy(_page_proxy: ProxyServer) -> Iterator[ProxyServer]:
    """A proxy in front of the web server, without rules yet."""
    _page_proxy.obey()
    yield _page_proxy
    _page_proxy.obey()
