"""The launcher's lock: held by the operating system for a process, so that it is gone when the process is."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
import time
from typing import TYPE_CHECKING

from dmedia.errors import JobHeldError

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE_S = 0.3
"""How long taking a lock waits: readers hold it for some microseconds while they look whether it is free."""

STALE_S = 10.0
"""Seconds without a heartbeat after which a launcher on another host counts as gone: five that it may have missed."""

UNSUPPORTED = frozenset({errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP})
"""File systems without ``flock`` (Lustre mounted without ``-o flock``): there the heartbeat alone tells."""


def host() -> str:
    """Name this host as records do."""
    return socket.gethostname()


class JobLock:
    """The lock of one job.

    Parameters
    ----------
    path : Path
        The lock file; made when it is not there.

    Raises
    ------
    JobHeldError
        When another process holds it; the message names host and process.
    """

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._take(path)
        except BaseException:
            os.close(self._descriptor)
            raise
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, json.dumps({"host": host(), "pid": os.getpid()}).encode(), 0)

    def _take(self, path: Path) -> None:
        give_up = time.monotonic() + PATIENCE_S
        while True:
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= give_up:
                    raise held_by(path) from None
                time.sleep(0.01)
            except OSError as error:
                if error.errno not in UNSUPPORTED:
                    raise
                return
            else:
                return

    def release(self) -> None:
        """Let another launcher take the job."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def holder(path: Path) -> tuple[str, int] | None:
    """Tell host and process id of who holds a lock, or held it last; ``None`` where it is not known."""
    try:
        noted = json.loads(path.read_bytes())
        return str(noted["host"]), int(noted["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def held_by(path: Path) -> JobHeldError:
    """Make the error that says who holds a job."""
    known = holder(path)
    who = f"process {known[1]} on {known[0]}" if known else "another process"
    job = path.parent.name
    return JobHeldError(
        f"The job {job} is held by {who}", f"Watch it with `dmedia status {job} --watch`, or cancel it."
    )


def is_held(path: Path) -> bool | None:
    """Tell whether a process holds a lock, without waiting and without keeping it.

    Parameters
    ----------
    path : Path
        The lock file.

    Returns
    -------
    bool or None
        ``False`` also when there is no lock file; ``None`` where it cannot be known (no permission to look, or a file
        system without locks).
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return False
