"""Files of several frames, copied without what may not leave: see ``segments`` for JPEG, PNG and WebP."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from dmedia.media.segments import Piece

GIF_EXTENSION, GIF_IMAGE, GIF_TRAILER = 0x21, 0x2C, 0x3B
GIF_CONTROL, GIF_TEXT, GIF_APPLICATION = 0xF9, 0x01, 0xFF
"""Introducers and labels of blocks: GIF89a specification, appendix A."""

GIF_PICTURE = (b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012")
"""Applications that say how often it repeats, and in which colours."""

AVIF_PRIVATE = (b"Exif", b"rdf+xml", b"udta", b"uuid")
"""Names inside of the boxes beside the coded pictures that can tell about a person."""


class GifEnd(NamedTuple):
    """How a GIF ends.

    Attributes
    ----------
    frames : int
        Those that have begun.
    is_cut_off : bool
        Whether it ends in the middle of a block.
    has_trailer : bool
        Whether it says that it ends.
    """

    frames: int
    is_cut_off: bool
    has_trailer: bool


def filter_gif(data: bytes, tags: Collection[int]) -> list[Piece] | None:  # noqa: ARG001  # a GIF has no EXIF
    """Leave out of a GIF its comments, XMP and all other applications' data, and what follows its end.

    Parameters
    ----------
    data : bytes
        The file.
    tags : collection of int
        As for every filter.

    Returns
    -------
    list of bytes or None
        The new file in pieces; ``None`` when it does not end where a GIF ends.
    """
    if len(data) < 13 or data[:3] != b"GIF":
        return None
    view = memoryview(data)
    pieces: list[Piece] = [view[: 13 + _palette_bytes(data[10])]]
    for kind, at, end in _gif_blocks(data):
        if end is None:
            return None
        if kind == GIF_TRAILER:
            return [*pieces, bytes([GIF_TRAILER])]
        label = data[at + 1]
        is_picture = kind == GIF_IMAGE or label in {GIF_CONTROL, GIF_TEXT}
        is_picture |= label == GIF_APPLICATION and data[at + 3 : at + 14] in GIF_PICTURE
        if is_picture:
            pieces.append(view[at:end])
    return None


def gif_end(data: bytes) -> GifEnd:
    """Look how a GIF ends: libvips leaves out a frame that is not whole, and says nothing.

    Parameters
    ----------
    data : bytes
        The file, which begins as a GIF.

    Returns
    -------
    GifEnd
        Its frames and its end.
    """
    frames, is_cut_off, has_trailer = 0, False, False
    for kind, _, end in _gif_blocks(data):
        frames += kind == GIF_IMAGE
        is_cut_off, has_trailer = end is None, kind == GIF_TRAILER
    return GifEnd(frames, is_cut_off, has_trailer)


def _gif_blocks(data: bytes) -> Iterator[tuple[int, int, int | None]]:
    """Walk a GIF behind its palette up to its trailer: kind, start and end of each block; ``None`` where it is cut off.

    What is none of GIF's blocks ends the walk, as it ends the file for those who show it.
    """
    at = 13 + _palette_bytes(data[10])
    while at < len(data):
        kind = data[at]
        if kind == GIF_TRAILER:
            yield kind, at, at + 1
            return
        if kind not in {GIF_IMAGE, GIF_EXTENSION}:
            return
        palette_bytes = _palette_bytes(data[at + 9]) if kind == GIF_IMAGE and at + 9 < len(data) else 0
        end = _after_blocks(data, at + 11 + palette_bytes if kind == GIF_IMAGE else at + 2)
        yield kind, at, end
        if end is None:
            return
        at = end


def gif_extent(head: bytes) -> tuple[int, int]:
    """Tell how many pixels a GIF asks for before anything of it is decoded.

    Parameters
    ----------
    head : bytes
        Its first bytes, with its screen and, mostly, the place and size of its first frame.

    Returns
    -------
    tuple of int
        Width and height of what holds both; at least 1.
    """
    width, height = struct.unpack_from("<HH", head.ljust(13, b"\0"), 6)
    at: int | None = 13 + _palette_bytes(head[10]) if len(head) > 10 else None
    while at is not None and head[at : at + 1] == bytes([GIF_EXTENSION]):
        at = _after_blocks(head, at + 2)
    if at is not None and head[at : at + 1] == bytes([GIF_IMAGE]) and at + 9 <= len(head):
        left, top, across, down = struct.unpack_from("<HHHH", head, at + 1)
        width, height = max(width, left + across), max(height, top + down)
    return max(width, 1), max(height, 1)


def _palette_bytes(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _after_blocks(data: bytes, at: int) -> int | None:
    """Walk sub-blocks, each behind its length, up to the empty one."""
    while at < len(data):
        length = data[at]
        at += 1 + length
        if length == 0:
            return at
    return None


def filter_avif(data: bytes, tags: Collection[int]) -> list[Piece] | None:  # noqa: ARG001  # it is all or nothing
    """Take an AVIF as it is where nothing in it can tell about a person.

    Parameters
    ----------
    data : bytes
        The file.
    tags : collection of int
        As for every filter.

    Returns
    -------
    list of bytes or None
        The file; ``None`` when it has EXIF, XMP or other data of its own kinds, or is cut off.
    """
    if data[4:8] != b"ftyp":
        return None
    end = 0
    for start, end in _boxes(data):
        if data[start + 4 : start + 8] != b"mdat" and any(name in data[start:end] for name in AVIF_PRIVATE):
            return None
    return [data] if end == len(data) else None


def _boxes(data: bytes) -> Iterator[tuple[int, int]]:
    """Give start and end of each box at top level (ISO/IEC 14496-12, 4.2)."""
    start = 0
    while start + 8 <= len(data):
        length = int.from_bytes(data[start : start + 4], "big")
        if length == 1:
            length = int.from_bytes(data[start + 8 : start + 16], "big")
        end = start + length if length >= 8 else len(data)
        yield start, end
        start = end
