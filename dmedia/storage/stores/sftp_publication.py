"""Publishing a file on an SSH server: whole, and not over what somebody else has put there."""

from __future__ import annotations

import hashlib
import posixpath
import stat
from contextlib import suppress
from typing import Any

from dmedia.errors import MediaError
from dmedia.storage.faults import taken
from dmedia.storage.stores.bodies import BLOCK_BYTES, Body, digest_of, size_of

READ_AHEAD = 32
"""Requests of 32 KiB that are under way at once: what a distance of 100 ms needs for 10 MB/s."""


def write_beside(session: Any, descriptor: int, temporary: bytes) -> None:
    """Write an open file's bytes under a temporary name, as durably as the server knows.

    Raises
    ------
    EOFError
        When the server has kept only a part of them.
    """
    from paramiko.sftp import CMD_EXTENDED

    whole = size_of(descriptor)
    body = Body(descriptor, 0, whole)
    with session.open(temporary, "wb") as file:
        file.set_pipelined(pipelined=True)
        while block := body.read(BLOCK_BYTES):
            file.write(block)
        file.flush()
        with suppress(OSError):  # not every server can; OpenSSH can
            session._request(CMD_EXTENDED, "fsync@openssh.com", file.handle)  # noqa: SLF001 - paramiko has no name for it
    if session.stat(temporary).st_size != whole:
        raise EOFError("the server has kept only a part of the file")


def make_directories(session: Any, directory: bytes) -> None:
    """Make a directory and those above it, unless they are there.

    Raises
    ------
    MediaError
        ``output_exists`` when a file stands where one is needed.
    """
    try:
        if stat.S_ISDIR(session.stat(directory).st_mode):
            return
    except FileNotFoundError:
        make_directories(session, posixpath.dirname(directory))
        with suppress(OSError):  # somebody else was faster; if not, writing tells why
            session.mkdir(directory)
        return
    raise MediaError("output_exists", "Output exists: a file stands where a directory is needed", "publish")


def refuse_directory(session: Any, path: bytes) -> None:
    """Refuse to replace a directory: servers say nothing about why they cannot."""
    with suppress(FileNotFoundError):
        if stat.S_ISDIR(session.lstat(path).st_mode):
            raise MediaError("output_exists", "Output exists: a directory stands there", "publish")


def rename_to_free(session: Any, temporary: bytes, path: bytes) -> bool:
    """Rename where nothing stands: SFTP's own rename never replaces. Tell whether something did stand there."""
    try:
        session.rename(temporary, path)
    except OSError:
        with suppress(FileNotFoundError):
            session.lstat(path)
            return False
        raise
    return True


def refuse_other(session: Any, path: bytes, descriptor: int, sha256: str) -> None:
    """Refuse what stands at a place, unless it has the bytes that were to be published there."""
    found = session.lstat(path)
    is_alike = stat.S_ISREG(found.st_mode) and found.st_size == size_of(descriptor)
    if is_alike and checksum(session, path) == (sha256 or digest_of(descriptor).hex()):
        return
    raise taken()


def checksum(session: Any, path: bytes) -> str:
    """Compute the SHA-256 of a file's bytes, hexadecimal, by reading it."""
    digest = hashlib.sha256()
    with session.open(path, "rb") as file:
        file.prefetch(file.stat().st_size, READ_AHEAD)
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()
