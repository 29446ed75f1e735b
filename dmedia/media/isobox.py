"""Boxes of ISO base media files (HEIC, AVIF, MP4, QuickTime): whether the file ends where its boxes say."""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING, NamedTuple

from dmedia.errors import MediaError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dmedia.media.opened import OpenSource

MOST_BOXES = 10_000
"""Boxes at top level of a fragmented film; a picture has three or four. More are not looked at."""


class Box(NamedTuple):
    """A box at top level.

    Attributes
    ----------
    name : bytes
        Four characters.
    end : int
        Offset in bytes of what comes next, as the box says; it may lie beyond the end of the file.
    """

    name: bytes
    end: int


def boxes(descriptor: int) -> Iterator[Box]:
    """List a file's boxes at top level (ISO/IEC 14496-12, 4.2).

    Parameters
    ----------
    descriptor : int
        An open file; its position does not change.

    Yields
    ------
    Box
        Up to the end of the file, or to a box that says none of its own.

    Raises
    ------
    OSError
        When the file cannot be read.
    """
    start = 0
    size_bytes = os.fstat(descriptor).st_size
    for _ in range(MOST_BOXES):
        header = os.pread(descriptor, 16, start) if start < size_bytes else b""  # an offset can be any 64 bits
        if len(header) < 8:
            return
        length, name = struct.unpack_from(">I4s", header)
        if length == 1 and len(header) == 16:
            (length,) = struct.unpack_from(">Q", header, 8)
        if length < 8:  # 0 means up to the end of the file; the rest is no box
            yield Box(name, size_bytes)
            return
        start += length
        yield Box(name, start)


def check_boxes(source: OpenSource) -> None:
    """Refuse a picture whose last box is cut off: libheif may give the pixels of the part that is there.

    Parameters
    ----------
    source : OpenSource
        An open HEIC, HEIF or AVIF.

    Raises
    ------
    MediaError
        ``corrupt_input`` when a box at top level reaches beyond the end of the file.
    """
    for box in boxes(source.descriptor):
        if box.end > source.size_bytes:
            missing = box.end - source.size_bytes
            raise MediaError(
                "corrupt_input", f"Corrupt input: the file is cut off, {missing:,} bytes are missing", "decode"
            )
