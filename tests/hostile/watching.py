"""Witnesses from outside: who opened a file, and who called."""

from __future__ import annotations

import ctypes
import os
import socket
import sys
import threading
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from types import TracebackType

IN_OPEN = 0x20
"""Somebody opened the file: inotify(7), <sys/inotify.h>."""

needs_inotify = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who opens a file (inotify)")


class Opened:
    """Counts how often files are opened, by whatever process, until it is closed.

    Parameters
    ----------
    paths : iterable of Path
        Existing files.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor: int = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        assert self._descriptor >= 0, os.strerror(ctypes.get_errno())
        self._names: dict[int, str] = {}
        for path in paths:
            watch: int = libc.inotify_add_watch(self._descriptor, os.fsencode(path), IN_OPEN)
            assert watch >= 0, os.strerror(ctypes.get_errno())
            self._names[watch] = path.name

    def __enter__(self) -> Opened:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)

    def names(self) -> list[str]:
        """Name the files that were opened since the last call."""
        try:
            events = os.read(self._descriptor, 65_536)
        except BlockingIOError:
            return []
        found, at = [], 0
        while at < len(events):
            found.append(self._names[int.from_bytes(events[at : at + 4], sys.byteorder)])
            at += 16 + int.from_bytes(events[at + 12 : at + 16], sys.byteorder)
        return found


class Callers:
    """Counts connections to a port of this machine, and datagrams too."""

    def __init__(self) -> None:
        self._stream = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._stream.getsockname()[1]
        self._datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._datagrams.bind(("127.0.0.1", self.port))
        self._datagrams.setblocking(False)
        self._calls = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Callers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()
        self._datagrams.close()

    @property
    def count(self) -> int:
        """Connections and datagrams until now."""
        try:
            while self._datagrams.recv(1):
                self._calls += 1
        except BlockingIOError:
            return self._calls
        return self._calls

    def _accept(self) -> None:
        while True:
            try:
                caller, _ = self._stream.accept()
            except OSError:
                return
            self._calls += 1
            caller.close()
