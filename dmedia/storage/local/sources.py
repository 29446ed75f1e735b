"""Sources: only regular files are opened, for anything else can block or do something when it is."""

from __future__ import annotations

import hashlib
import os
import stat

from dmedia import formats
from dmedia.errors import MediaError
from dmedia.storage.faults import fault
from dmedia.storage.local.roots import refuse_outside, refuse_outside_descriptor

FILE_TYPES = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def open_source(path: bytes, roots: tuple[bytes, ...] = ()) -> int:
    """Open a regular file for reading.

    Parameters
    ----------
    path : bytes
        Path of the source; symbolic links are followed.
    roots : tuple of bytes
        Absolute real paths; it is refused when it lies outside of all. Empty: anywhere.

    Returns
    -------
    int
        A descriptor, to be closed by the caller.

    Raises
    ------
    MediaError
        ``not_found``, ``permission_denied`` or ``io_error`` when it cannot be opened; ``permission_denied`` too when it
        lies outside the roots, whether it is there or not; ``unsupported_format`` when it is no regular file: opening
        a named pipe for its content waits for ever.
    """
    refuse_outside(path, roots, "open")
    try:
        _refuse_special(os.stat(path).st_mode)  # before opening: opening a device can do something
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except ValueError:
        raise MediaError("not_found", "Not found: the path holds a NUL byte", "open") from None
    except FileNotFoundError as error:
        if os.path.islink(path):
            raise MediaError("not_found", "Not found: a symbolic link that leads nowhere", "open") from None
        raise fault(error, "open") from None
    except OSError as error:
        raise fault(error, "open") from None
    try:
        _refuse_special(os.fstat(descriptor).st_mode)  # the name may lead elsewhere by now
        refuse_outside_descriptor(descriptor, path, roots)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def read_head(path: bytes, roots: tuple[bytes, ...] = ()) -> bytes:
    """Read as much of the beginning of a regular file as tells its format.

    Parameters
    ----------
    path : bytes
        Path of the source.
    roots : tuple of bytes
        See `open_source`.

    Returns
    -------
    bytes
        ``formats.HEAD_BYTES``, fewer where the file is shorter.

    Raises
    ------
    MediaError
        As ``open_source`` does, and ``io_error`` when reading fails.
    """
    descriptor = open_source(path, roots)
    try:
        return os.pread(descriptor, formats.HEAD_BYTES, 0)
    except OSError as error:
        raise fault(error, "open") from None
    finally:
        os.close(descriptor)


def checksum(path: bytes) -> str:
    """Compute the SHA-256 of a file's bytes.

    Parameters
    ----------
    path : bytes
        Path of a regular file.

    Returns
    -------
    str
        Hexadecimal.

    Raises
    ------
    MediaError
        ``io_error`` when it is not there any longer, or reading fails.
    """
    try:
        descriptor = open_source(path)
    except MediaError as error:
        raise MediaError("io_error", f"Input or output error: {error.message}", "verify") from None
    try:
        with os.fdopen(descriptor, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise fault(error, "verify") from None


def same_file(one: bytes | int, other: bytes) -> bool:
    """Tell whether a path, or an open descriptor, and another path lead to one file, through links too."""
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False


def _refuse_special(mode: int) -> None:
    if stat.S_ISREG(mode):
        return
    found = next((name for test, name in FILE_TYPES if test(mode)), "no regular file")
    raise MediaError("unsupported_format", f"Unsupported format: this is {found}, not a file", "open")
