"""Boxes of a still picture in HEIF's container (AVIF): what its primary item says of its colours.

Layout is from ISO/IEC 14496-12:2022, 8.11, and ISO/IEC 23008-12:2022, 6.5.5 and 9.3.
"""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING

from dmedia.media.isobox import boxes

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_META_BYTES = 2**20
"""A longer description is none of a still picture: a thousand items with ten properties each take 50 kB."""


def code_points(descriptor: int) -> tuple[int, int] | None:
    """Tell the colours of the primary item.

    Parameters
    ----------
    descriptor : int
        An open AVIF or HEIC; its position does not change.

    Returns
    -------
    tuple of int or None
        ``ColourPrimaries`` and ``TransferCharacteristics``; ``None`` where it names none, or cannot be read.
    """
    try:
        meta = _meta(descriptor)
        inner = dict(_children(meta, 4))
        primary = _primary(inner[b"pitm"])
        properties = dict(_children(inner[b"iprp"]))
        listed = list(_children(properties[b"ipco"]))
        for index in _associated(properties[b"ipma"], primary):
            name, body = listed[index - 1] if 0 < index <= len(listed) else (b"", b"")
            if name == b"colr" and body[:4] == b"nclx":
                first, second = struct.unpack_from(">HH", body, 4)
                return int(first), int(second)
    except (KeyError, struct.error):
        pass
    return None


def _meta(descriptor: int) -> bytes:
    start = 0
    for box in boxes(descriptor):
        if box.name == b"meta":
            return os.pread(descriptor, min(box.end - start, MOST_META_BYTES), start)[8:]
        start = box.end
    return b""


def _children(data: bytes, at: int = 0) -> Iterator[tuple[bytes, bytes]]:
    while at + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        if length < 8:
            return
        yield name, data[at + 8 : at + length]
        at += length


def _primary(body: bytes) -> int:
    (number,) = struct.unpack_from(">I" if body[:1] > b"\0" else ">H", body, 4)
    return int(number)


def _associated(body: bytes, item: int) -> Iterator[int]:
    """List an item's properties, counted from 1."""
    version, flags, entries = (
        body[0] if body else 0,
        body[3] if len(body) > 3 else 0,
        *struct.unpack_from(">I", body, 4),
    )
    form, at = (">I" if version else ">H"), 8
    for _ in range(entries):
        (number,) = struct.unpack_from(form, body, at)
        at += struct.calcsize(form)
        (count,) = struct.unpack_from(">B", body, at)
        wide = bool(flags & 1)
        found = struct.unpack_from(f">{count}{'H' if wide else 'B'}", body, at + 1)
        at += 1 + count * (1 + wide)
        if number == item:
            yield from (index & (0x7FFF if wide else 0x7F) for index in found)
