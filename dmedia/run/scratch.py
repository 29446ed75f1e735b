"""Scratch: a directory in which a worker's slots keep what libraries put aside, gone when the slots are."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile

PREFIX = "dmedia-scratch-"


class Scratch:
    """A directory for temporary files of libraries, held by a lock for as long as its owner lives.

    What an owner that was killed has left is removed when the next one begins: the kernel lets its lock go with it.

    Attributes
    ----------
    path : str or None
        Absolute path below the system's directory of temporary files; ``None`` where none can be made, which costs a
        library that wants one its file, and nobody else anything.
    """

    def __init__(self) -> None:
        self.path: str | None = None
        self._lock: int | None = None
        with contextlib.suppress(OSError):
            _sweep(tempfile.gettempdir())
            path = tempfile.mkdtemp(prefix=PREFIX)
            self._lock = _hold_if_possible(path)
            self.path = path

    def close(self) -> None:
        """Remove the directory with all that is in it."""
        if self.path is not None:
            shutil.rmtree(self.path, ignore_errors=True)
            self.path = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _sweep(folder: str) -> None:
    with os.scandir(folder) as entries:
        left = [entry.path for entry in entries if entry.name.startswith(PREFIX)]
    for path in left:
        with contextlib.suppress(OSError):  # somebody else's, or gone
            lock = _hold(path)
            shutil.rmtree(path, ignore_errors=True)
            os.close(lock)


def _hold_if_possible(path: str) -> int | None:
    """Lock a new directory where the file system can; fails where somebody took it for one that was left."""
    try:
        return _hold(path)
    except (BlockingIOError, FileNotFoundError):
        raise
    except OSError:  # network file systems lock files only: what is left there is nobody's to remove
        return None


def _hold(path: str) -> int:
    """Lock a directory; fails where somebody else holds it.

    Raises
    ------
    OSError
        When it is held, or is not there.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
