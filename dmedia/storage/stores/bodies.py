"""Bodies: parts of an open file as what clients send, and what they receive as parts of an open file."""

from __future__ import annotations

import hashlib
import io
import os
from typing import TYPE_CHECKING

from dmedia.errors import MediaError
from dmedia.storage.faults import fault

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from dmedia.errors import Stage

BLOCK_BYTES = 1 << 20
"""What is read or written at once: large enough to cost no time, small enough for a hundred transfers in memory."""


class Body(io.RawIOBase):
    """A part of an open file, to be read any number of times; the file's own offset is left alone.

    Parameters
    ----------
    descriptor : int
        Open for reading; stays open.
    start, length : int
        Which bytes.

    Attributes
    ----------
    length : int
        How many bytes it has.
    """

    def __init__(self, descriptor: int, start: int, length: int) -> None:
        self._descriptor, self._start, self.length = descriptor, start, length
        self._position = 0

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def seekable(self) -> bool:
        """Tell that it can be read again."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Move to an offset in bytes within the part."""
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.length}[whence]
        self._position = max(0, origin + offset)
        return self._position

    def tell(self) -> int:
        """Tell the offset in bytes within the part."""
        return self._position

    def readinto(self, buffer: Buffer, /) -> int:
        """Read into a buffer; 0 at the part's end."""
        room = memoryview(buffer)[: max(0, self.length - self._position)]
        read = os.preadv(self._descriptor, [room], self._start + self._position) if room else 0
        self._position += read
        return read


class Joined(io.RawIOBase):
    """Bytes and parts of open files, one after the other, to be read any number of times without holding them.

    Parameters
    ----------
    pieces : bytes or Body
        In their order.

    Attributes
    ----------
    length : int
        How many bytes they have together.
    """

    def __init__(self, *pieces: bytes | Body) -> None:
        self._pieces = [
            (piece, piece.length) if isinstance(piece, Body) else (io.BytesIO(piece), len(piece)) for piece in pieces
        ]
        self.length = sum(length for _, length in self._pieces)
        self._position = 0

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def seekable(self) -> bool:
        """Tell that it can be read again."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Move to an offset in bytes."""
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.length}[whence]
        self._position = max(0, origin + offset)
        return self._position

    def tell(self) -> int:
        """Tell the offset in bytes."""
        return self._position

    def readinto(self, buffer: Buffer, /) -> int:
        """Read of one piece into a buffer; 0 at the end of all."""
        start = 0
        for piece, length in self._pieces:
            if self._position < start + length:
                piece.seek(self._position - start)
                read = piece.readinto(buffer)
                self._position += read
                return read
            start += length
        return 0


def size_of(descriptor: int) -> int:
    """Tell the size of an open file in bytes."""
    return os.fstat(descriptor).st_size


def digest_of(descriptor: int) -> bytes:
    """Compute the SHA-256 of an open file's bytes, whatever its offset.

    Raises
    ------
    MediaError
        ``io_error`` when reading fails.
    """
    digest = hashlib.sha256()
    offset = 0
    try:
        while block := os.pread(descriptor, BLOCK_BYTES, offset):
            digest.update(block)
            offset += len(block)
    except OSError as error:
        raise fault(error, "publish") from None
    return digest.digest()


def write(descriptor: int, block: bytes, offset: int) -> None:
    """Write a whole block at an offset.

    Raises
    ------
    MediaError
        ``disk_full`` and what else the operating system says.
    """
    view = memoryview(block)
    try:
        while view:
            written = os.pwrite(descriptor, view, offset)
            view, offset = view[written:], offset + written
    except OSError as error:
        raise fault(error, "open") from None


def empty(descriptor: int) -> None:
    """Let a file be empty again, for another attempt to fill it."""
    try:
        os.ftruncate(descriptor, 0)
    except OSError as error:
        raise fault(error, "open") from None


def refuse_too_large(n_bytes: int, most_bytes: int, stage: Stage = "open") -> None:
    """Refuse an object above a limit.

    Raises
    ------
    MediaError
        ``too_large``.
    """
    if n_bytes > most_bytes:
        message = f"Too large: {n_bytes:,} bytes, the limit is {most_bytes:,}"
        raise MediaError("too_large", message, stage, "--max-input-bytes raises the limit")
