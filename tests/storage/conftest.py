"""Stores as this process sees them, made anew for each test: a process makes each only once."""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dmedia.errors import MediaError
from dmedia.storage.stores import opened, settings

Leads = Callable[[dict[str, str]], None]


@pytest.fixture
def lead(monkeypatch: pytest.MonkeyPatch) -> Iterator[Leads]:
    """Set an environment that leads to a server, and forget what was made of another."""

    def forget() -> None:
        opened._forget()
        settings.settings.cache_clear()

    def lead_to(environment: dict[str, str]) -> None:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        forget()

    forget()
    yield lead_to
    forget()


@pytest.fixture
def descriptor() -> Iterator[int]:
    """An open file without a name, empty."""
    with tempfile.TemporaryFile() as file:
        yield file.fileno()


@pytest.fixture
def full_listener() -> Iterator[int]:
    """A port of this machine at which connections are made and never accepted: the queue is full."""
    with contextlib.ExitStack() as opened:
        listener = opened.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = opened.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def code_of(request: Callable[[], Any]) -> tuple[str, str]:
    """Make a request that fails; tell code and message."""
    with pytest.raises(MediaError) as caught:
        request()
    return caught.value.code, caught.value.message


def content_of(descriptor: int) -> bytes:
    """Read all of an open file."""
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0)


def fill(descriptor: int, content: bytes) -> int:
    """Let a file have this content and no other."""
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, content, 0)
    return descriptor
