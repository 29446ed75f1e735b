"""Connections of this process to records: a file that has one is opened by nobody but SQLite.

A process loses its POSIX locks on a file when it closes any descriptor of it. SQLite knows that and closes its own when
no lock is left; a program that runs a job in one thread and reads it in another must not close one in between.
Source: https://www.sqlite.org/howtocorrupt.html, section 2.2.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_OPEN: Counter[str] = Counter()
_LOCK = threading.Lock()


class RecordConnection(sqlite3.Connection):
    """A connection that is counted until it is closed."""

    counted_as: str | None = None

    def close(self) -> None:
        """Close it."""
        super().close()
        with _LOCK:
            if self.counted_as is not None:
                _OPEN[self.counted_as] -= 1
                if not _OPEN[self.counted_as]:
                    del _OPEN[self.counted_as]
            self.counted_as = None


def connect(path: Path, mode: str, wait_s: float, check: Callable[[Path], None] | None = None) -> RecordConnection:
    """Connect to a record.

    Parameters
    ----------
    path : Path
        The database.
    mode : str
        ``ro``, ``rw`` or ``rwc``, as SQLite has them.
    wait_s : float
        Seconds to wait for a lock.
    check : callable, optional
        Opens the file and looks whether it is a record. Is left out when this process has a connection to it: then it
        is one.

    Returns
    -------
    RecordConnection
        In autocommit mode.
    """
    name = os.fspath(path)
    with _LOCK:
        if check and name not in _OPEN:
            check(path)
        uri = f"file:{quote(os.fsencode(path))}?mode={mode}"
        connection = sqlite3.connect(
            uri, uri=True, timeout=wait_s, isolation_level=None, check_same_thread=False, factory=RecordConnection
        )
        connection.counted_as = name
        _OPEN[name] += 1
    return connection
