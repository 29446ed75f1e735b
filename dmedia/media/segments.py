"""Picture files as rows of segments: which of them may leave, without touching a coded pixel.

One filter a format. Each takes a whole file and the EXIF tags of the main directory that may stay, and returns the
pieces of the new file, or ``None`` for a file built in a way it does not know. What is not known to be needed for the
picture goes: makers hide serial numbers and places in segments of their own.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from dmedia.media.chunks import PNG_KEYWORDS, PNG_SIGNATURE, png_chunk
from dmedia.media.exif import ORIENTATION, PREFIX, RESOLUTION, only, read_exif, write_exif
from dmedia.media.frames import filter_avif, filter_gif
from dmedia.media.markers import EOI, jpeg_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

Piece = bytes | memoryview

APP0, APP1, APP2, APP14, COM = 0xE0, 0xE1, 0xE2, 0xEE, 0xFE
"""JPEG markers of what is beside the picture: ITU-T T.81, table B.1."""

PNG_PICTURE = frozenset(
    b"IHDR PLTE IDAT IEND tRNS cHRM gAMA iCCP sBIT sRGB cICP mDCV cLLI bKGD hIST pHYs sPLT acTL fcTL fdAT".split()
)
"""Chunks that decide how a PNG looks (PNG 3rd edition, section 11)."""

WEBP_PICTURE = frozenset({b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP"})
EXIF_FLAG, XMP_FLAG = 0x08, 0x04
"""Bits of the first byte of VP8X (RFC 9649, section 2.7)."""


def filter_jpeg(data: bytes, tags: Collection[int]) -> list[Piece] | None:
    """Leave out of a JPEG all application segments but JFIF, Adobe, ICC profile and a small EXIF; and what follows it.

    Parameters
    ----------
    data : bytes
        The file.
    tags : collection of int
        EXIF tags of the main directory that stay beside orientation and resolution.

    Returns
    -------
    list of bytes or None
        The new file in pieces; ``None`` when it does not end where a JPEG ends.
    """
    view = memoryview(data)
    pieces: list[Piece] = [b"\xff\xd8"]
    for marker, start, end in jpeg_parts(data):
        if marker == EOI:
            return [*pieces, b"\xff\xd9"]
        pieces.append(_jpeg_segment(marker, view[start:end], tags) if marker else view[start:end])
    return None


def _jpeg_segment(marker: int, segment: memoryview, tags: Collection[int]) -> Piece:
    body = bytes(segment[4:40])
    if marker == APP0:
        return _jfif_without_thumbnail(segment) if body.startswith(b"JFIF\0") else b""
    if marker == APP1:
        if not body.startswith(PREFIX):
            return b""
        block = _reduced_exif(bytes(segment[4:]), tags)
        return b"\xff\xe1" + struct.pack(">H", 2 + len(PREFIX) + len(block)) + PREFIX + block if block else b""
    if marker == APP2:
        return segment if body.startswith(b"ICC_PROFILE\0") else b""
    is_application = APP0 <= marker <= APP0 + 15 and marker != APP14
    return b"" if is_application or marker == COM else segment


def _jfif_without_thumbnail(segment: memoryview) -> Piece:
    """Keep version and density (ITU-T T.871, 10.1); the last two of 14 bytes are the thumbnail's size."""
    return b"\xff\xe0\0\x10" + bytes(segment[4:16]) + b"\0\0" if len(segment) >= 18 else b""


def filter_png(data: bytes, tags: Collection[int]) -> list[Piece] | None:
    """Leave out of a PNG all chunks that do not decide how it looks, but a small EXIF and the owner's name.

    Parameters
    ----------
    data : bytes
        The file.
    tags : collection of int
        EXIF tags of the main directory that stay beside orientation and resolution.

    Returns
    -------
    list of bytes or None
        The new file in pieces; ``None`` for an unknown critical chunk or without an end.
    """
    view = memoryview(data)
    pieces: list[Piece] = [PNG_SIGNATURE]
    at = len(PNG_SIGNATURE)
    if not data.startswith(PNG_SIGNATURE):
        return None
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        name, end = data[at + 4 : at + 8], at + 12 + length
        if end > len(data):
            return None
        if name in PNG_PICTURE or (name in {b"tEXt", b"zTXt", b"iTXt"} and _is_owner(data[at + 8 : at + 88], tags)):
            pieces.append(view[at:end])
        elif name == b"eXIf":
            if block := _reduced_exif(data[at + 8 : end - 4], tags):
                pieces.append(png_chunk(name, block))
        elif not name[0] & 0x20:  # an upper-case first letter: nobody may ignore it
            return None
        at = end
        if name == b"IEND":
            return pieces
    return None


def _is_owner(text: bytes, tags: Collection[int]) -> bool:
    return PNG_KEYWORDS.get(text.split(b"\0", 1)[0]) in tags


def filter_webp(data: bytes, tags: Collection[int]) -> list[Piece] | None:
    """Leave out of a WebP all chunks that do not decide how it looks, but a small EXIF.

    Parameters
    ----------
    data : bytes
        The file.
    tags : collection of int
        EXIF tags of the main directory that stay beside orientation and resolution.

    Returns
    -------
    list of bytes or None
        The new file in pieces; ``None`` for a file whose chunks do not fill it.
    """
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        return None
    view = memoryview(data)
    end = 8 + int.from_bytes(data[4:8], "little")
    chunks: list[tuple[bytes, Piece]] = []
    at = 12
    while at + 8 <= end:
        name, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if at + 8 + length > len(data):
            return None
        body: Piece = view[at + 8 : at + 8 + length]
        if name == b"EXIF":
            body = _reduced_exif(bytes(body), tags)
        if name in WEBP_PICTURE or (name == b"EXIF" and len(body)):
            chunks.append((name, body))
        at += 8 + length + length % 2
    return _webp(chunks)


def _webp(chunks: list[tuple[bytes, Piece]]) -> list[Piece] | None:
    names = {name for name, _ in chunks}
    if not names & {b"VP8 ", b"VP8L", b"ANMF"}:
        return None
    pieces: list[Piece] = []
    for name, body in chunks:
        if name == b"VP8X":
            flags = body[0] & ~XMP_FLAG & ~(0 if b"EXIF" in names else EXIF_FLAG)
            body = bytes([flags]) + bytes(body[1:])  # noqa: PLW2901  # the same chunk with other flags
        pieces += [name + struct.pack("<I", len(body)), body, bytes(len(body) % 2)]
    return [b"RIFF" + struct.pack("<I", 4 + sum(map(len, pieces))) + b"WEBP", *pieces]


def _reduced_exif(block: bytes, tags: Collection[int]) -> bytes:
    """Make an EXIF block of the entries that may stay; empty when there are none."""
    main, _ = read_exif(block)
    kept = only(main, {*tags, ORIENTATION, *RESOLUTION})
    return write_exif(kept) if kept else b""


FILTERS: dict[str, Callable[[bytes, Collection[int]], list[Piece] | None]] = {
    "jpg": filter_jpeg,
    "png": filter_png,
    "webp": filter_webp,
    "gif": filter_gif,
    "avif": filter_avif,
}
"""The filter of each format that has one."""
