"""Chunks of PNG files: walked, made, and what those before the pixels tell."""

from __future__ import annotations

import os
import struct
import zlib
from typing import TYPE_CHECKING

from dmedia.media.exif import ARTIST, COPYRIGHT, DESCRIPTION

if TYPE_CHECKING:
    from collections.abc import Iterator

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"

PNG_KEYWORDS = {b"Copyright": COPYRIGHT, b"Author": ARTIST, b"Description": DESCRIPTION}
"""Keywords of PNG text that say the same as an EXIF tag (PNG 3rd edition, 11.3.3.1)."""

XMP_KEYWORD = b"XML:com.adobe.xmp\0" + b"\0\0" + b"\0" + b"\0"
"""Keyword, no compression, no language, no translated keyword: what stands before XMP in an ``iTXt`` chunk."""


def png_head(descriptor: int) -> Iterator[tuple[bytes, int, int]]:
    """Walk the chunks of an open PNG that stand before its pixels.

    Parameters
    ----------
    descriptor : int
        Its position does not change.

    Yields
    ------
    tuple
        Name, offset in the file, and length of the chunk's data in bytes.
    """
    at = len(PNG_SIGNATURE)
    while len(head := os.pread(descriptor, 8, at)) == 8 and head[4:] not in {b"IDAT", b"IEND"}:
        length = int.from_bytes(head[:4], "big")
        yield head[4:], at, length
        at += 12 + length


def png_chunk(name: bytes, data: bytes) -> bytes:
    """Make a PNG chunk."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def animation_frames(descriptor: int) -> int:
    """Count the frames of an open PNG: libvips reads the first alone (PNG 3rd edition, 11.3.6.1: ``acTL``)."""
    frames = (os.pread(descriptor, 4, at + 8) for name, at, _ in png_head(descriptor) if name == b"acTL")
    return max(1, int.from_bytes(next(frames, b""), "big"))
