"""Marks: what a published rendition says of itself, so that nobody else's file is ever taken for one.

A record notes what was published a moment after it was. What a launcher that was killed left in between is told from a
file that somebody put there by an extended attribute: who published it, and its size and time then. It goes with the
file when that is renamed, and is no longer true of a file that was changed.
"""

from __future__ import annotations

import contextlib
import errno
import os

NAME = "user.dmedia"
"""The attribute. Without privileges only the namespace ``user`` can be written (man 7 xattr)."""

UNKNOWN = frozenset({errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})
"""What systems say whose file system keeps no attributes."""


def mark(descriptor: int, job: str) -> None:
    """Note in a complete file which job publishes it. Never fails: a file without a mark is as good as one with it.

    Parameters
    ----------
    descriptor : int
        The file, open; it is not written any more.
    job : str
        The job's id.
    """
    if hasattr(os, "setxattr"):
        with contextlib.suppress(OSError):
            os.setxattr(descriptor, NAME, _text(job, descriptor))


def marked_by(path: bytes) -> str | None:
    """Tell which job published a file as it stands.

    Parameters
    ----------
    path : bytes
        Absolute path of what may be a rendition; a symbolic link is not followed.

    Returns
    -------
    str or None
        The job's id; empty when nobody of ours did, or the file was changed since; ``None`` where no mark can be kept.
    """
    if not hasattr(os, "getxattr"):
        return None
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return ""
    try:
        found = os.getxattr(descriptor, NAME)
        job = found.split(b" ")[0].decode()
        return job if found == _text(job, descriptor) else ""
    except OSError as error:
        return None if error.errno in UNKNOWN else ""
    except UnicodeDecodeError:
        return ""
    finally:
        os.close(descriptor)


def _text(job: str, descriptor: int) -> bytes:
    found = os.fstat(descriptor)
    return f"{job} {found.st_size} {found.st_mtime_ns}".encode()
