"""Renditions: published whole or not at all.

A rendition is written under a temporary name beside its final one and renamed over it when it is complete, so that no
reader and no crash ever sees half of it. Nothing is written through a symbolic link.
"""

from __future__ import annotations

import contextlib
import functools
import os
import secrets
import time
from typing import TYPE_CHECKING

from dmedia.errors import MediaError
from dmedia.storage.faults import fault, taken
from dmedia.storage.local.marks import mark, marked_by
from dmedia.storage.local.roots import is_inside, lies_below, refuse_outside, refuse_outside_descriptor

if TYPE_CHECKING:
    from collections.abc import Iterator


SUFFIX = b".tmp"


def temporary_path(rendition: bytes, job: str) -> bytes:
    """Choose the name under which a rendition is written: beside it, hidden, unique.

    Parameters
    ----------
    rendition : bytes
        Path of the rendition.
    job : str
        The job's id.

    Returns
    -------
    bytes
        ``.dmedia-<job>-<8 hex>.tmp`` in the rendition's directory.
    """
    name = _prefix(job) + secrets.token_hex(4).encode() + SUFFIX
    return os.path.join(os.path.dirname(rendition), name)


def prepare_parent(rendition: bytes, output_directory: bytes, roots: tuple[bytes, ...] = ()) -> None:
    """Make the directories a rendition goes into.

    Parameters
    ----------
    rendition : bytes
        Absolute path of the rendition.
    output_directory : bytes
        Absolute path; may itself be reached through a symbolic link.
    roots : tuple of bytes
        Absolute real paths; the real output directory lies in one of them. Empty: anywhere.

    Raises
    ------
    MediaError
        ``permission_denied`` when the real parent lies outside the real output directory, when that lies outside the
        roots, or when the parent may not be made;
        ``output_exists`` when a file stands where a directory is needed; ``disk_full`` or ``io_error``.
    """
    parent = os.path.dirname(rendition)
    refuse_outside(output_directory, roots, "publish")
    refuse_outside(parent, roots, "publish")
    _refuse_leaving(parent, output_directory)
    if os.path.isdir(parent):
        return
    try:
        os.makedirs(parent, exist_ok=True)
    except (NotADirectoryError, FileExistsError):
        message = "Output exists: a file stands where a directory is needed"
        raise MediaError("output_exists", message, "publish") from None
    except OSError as error:
        raise fault(error, "publish") from None
    refuse_outside(parent, roots, "publish")
    _refuse_leaving(parent, output_directory)


def create(temporary: bytes, roots: tuple[bytes, ...] = ()) -> int:
    """Create a temporary file, readable too: some encoders go back over what they wrote, and it is verified.

    Parameters
    ----------
    temporary : bytes
        Path that does not exist; a symbolic link is not followed.
    roots : tuple of bytes
        Absolute real paths; what lies outside of all, because a directory was replaced by a link, is removed at once.
        Empty: anywhere.

    Returns
    -------
    int
        A descriptor, to be closed by the caller.

    Raises
    ------
    MediaError
        What ``fault`` says; ``permission_denied`` outside the roots.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(temporary, flags, 0o600)
    except OSError as error:
        raise fault(error, "encode") from None
    try:
        refuse_outside_descriptor(descriptor, temporary, roots, "encode")
    except MediaError:
        os.close(descriptor)
        discard(temporary)
        raise
    return descriptor


def publish(
    temporary: bytes, rendition: bytes, job: str, *, replaces: bool = False, mtime_ns: int | None = None
) -> None:
    """Make a complete temporary file the rendition, at once and durably, with a mark of its job.

    Parameters
    ----------
    temporary, rendition : bytes
        Paths on one file system.
    job : str
        The job's id.
    replaces : bool
        Whether anything at the rendition's path may be replaced; a symbolic link is, and is not followed. Otherwise
        only what a job of ours has published, as it stands; where no mark can be kept, nobody can tell.
    mtime_ns : int or None
        When it shall have been changed last; ``None``: when it was. The mark tells the same.

    Raises
    ------
    MediaError
        ``disk_full``, ``permission_denied``, ``output_exists`` (somebody else's file or a directory stands there) or
        ``io_error``.
    """
    try:
        with _descriptor(temporary) as descriptor:
            if mtime_ns is not None:
                os.utime(descriptor, ns=(mtime_ns, mtime_ns))
            mark(descriptor, job)  # while its owner may write it, and so that it is as durable as the rest
            os.fchmod(descriptor, 0o666 & ~_umask())
            os.fsync(descriptor)
        if not replaces:
            refuse_foreign(rendition)  # last, so that hardly anything can come between
        os.replace(temporary, rendition)
    except OSError as error:
        raise fault(error, "publish") from None


def discard(temporary: bytes) -> None:
    """Remove a temporary file if it is there. Never fails: it runs where something failed already."""
    with contextlib.suppress(OSError):
        os.unlink(temporary)


def sweep(directory: bytes, job: str, roots: tuple[bytes, ...] = (), least_age_s: float = 0.0) -> None:
    """Remove the temporary files of a job that nobody works on any longer from one directory.

    Parameters
    ----------
    directory : bytes
        Where renditions of the job go.
    job : str
        The job's id, or what stands for one in their names.
    roots : tuple of bytes
        Absolute real paths; a directory that leads out of all stays as it is. Empty: anywhere.
    least_age_s : float
        Seconds since a file was last written, where only that tells that nobody works on it.
    """
    if not is_inside(directory, roots):
        return
    with contextlib.suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            if is_temporary(entry.name, job) and _age_s(entry) >= least_age_s:
                discard(entry.path)


def is_temporary(name: bytes, job: str) -> bool:
    """Tell whether a file's name is that of a temporary file of a job."""
    return name.startswith(_prefix(job)) and name.endswith(SUFFIX)


def _age_s(entry: os.DirEntry[bytes]) -> float:
    try:
        return max(0.0, time.time() - entry.stat(follow_symlinks=False).st_mtime)
    except OSError:  # gone meanwhile
        return 0.0


def _prefix(job: str) -> bytes:
    return f".dmedia-{job}-".encode()


@contextlib.contextmanager
def _descriptor(path: bytes) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def refuse_foreign(rendition: bytes) -> None:
    """Refuse to publish where somebody else's file stands, or a directory.

    Raises
    ------
    MediaError
        ``output_exists``.
    """
    if os.path.isdir(rendition):  # of renditions, where one object's key is the beginning of another's
        message = "Output exists: a directory has the rendition's name"
        raise MediaError("output_exists", message, "publish", "Give it another name with --name")
    if os.path.lexists(rendition) and marked_by(rendition) == "":
        raise taken()


def _refuse_leaving(parent: bytes, output_directory: bytes) -> None:
    if not lies_below(os.path.realpath(parent), os.path.realpath(output_directory)):
        message = "Permission denied: the rendition's directory leads out of the output directory"
        raise MediaError("permission_denied", message, "publish", "a symbolic link points elsewhere: remove it")


@functools.cache
def _umask() -> int:
    """Read the mask, which means setting it: done once, when a slot still has one thread."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
