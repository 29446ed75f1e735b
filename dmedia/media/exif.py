"""EXIF blocks and TIFF directories: read raw values, and write small new ones.

Libraries decode EXIF text as ASCII and lose names in other scripts; here values stay the bytes they are. Layout and
types are from TIFF 6.0, section 2, and Exif 2.32 (CIPA DC-008-2019), section 4.6.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

COPYRIGHT, ARTIST, DESCRIPTION, ORIENTATION = 0x8298, 0x013B, 0x010E, 0x0112
RESOLUTION = (0x011A, 0x011B, 0x0128)
DESCRIPTIVE = (DESCRIPTION, 0x010F, 0x0110, 0x0131, 0x0132)
"""ImageDescription, Make, Model, Software, DateTime: text of the main directory that is not about the file's layout."""

TAKEN, LENS = 0x9003, 0xA434
"""DateTimeOriginal and LensModel, of the EXIF directory."""

EXIF_DIRECTORY, GPS_DIRECTORY, MAKER_NOTE = 0x8769, 0x8825, 0x927C

ORDERS = {b"II*\0": "<", b"MM\0*": ">", b"IIRO": "<", b"IIRS": "<", b"MMOR": ">", b"IIU\0": "<"}
"""Byte orders by what a file begins with: TIFF, and RAW formats of Olympus and Panasonic, which are laid out alike."""

PREFIX = b"Exif\0\0"

UNIT_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 4, 6: 1, 7: 1, 8: 2, 9: 4, 10: 4, 11: 4, 12: 8, 129: 1}
"""Bytes that share one byte order, by type: rationals are two of four bytes. 129 is UTF-8 (Exif 3.0)."""

VALUE_BYTES = UNIT_BYTES | {5: 8, 10: 8}
"""Bytes of one value, by type."""

ASCII, SHORT, LONG, RATIONAL = 2, 3, 4, 5

MOST_ENTRIES = 1000
"""More entries than any writer makes: a directory that claims more is damaged."""

MOST_VALUE_BYTES = 2**20
"""A longer value is a thumbnail, a maker's note or damage."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One value of a directory.

    Attributes
    ----------
    kind : int
        Its type, as in ``VALUE_BYTES``.
    data : bytes
        The value, big-endian.
    """

    kind: int
    data: bytes

    @property
    def count(self) -> int:
        """Number of values."""
        return len(self.data) // VALUE_BYTES[self.kind]

    @property
    def number(self) -> int:
        """The first value of an integer type."""
        return int.from_bytes(self.data[: VALUE_BYTES[self.kind]], "big")


Directory = dict[int, Entry]


def read_exif(block: bytes) -> tuple[Directory, dict[int, Directory]]:
    """Read an EXIF block as far as it can be read.

    Parameters
    ----------
    block : bytes
        With or without its ``Exif`` prefix.

    Returns
    -------
    tuple
        The main directory, and the EXIF and GPS directories by the tag that points to them. Empty for a damaged block.
    """
    body = block.removeprefix(PREFIX)
    return read_tiff(lambda offset, length: body[offset : offset + length])


def read_tiff(read: Callable[[int, int], bytes]) -> tuple[Directory, dict[int, Directory]]:
    """Read the directories of a classic TIFF file as far as they can be read.

    Parameters
    ----------
    read : callable
        Takes an offset and a length in bytes, and returns what is there.

    Returns
    -------
    tuple
        The main directory, and the EXIF and GPS directories by the tag that points to them.
    """
    head = read(0, 8)
    order = ORDERS.get(head[:4])
    if order is None or len(head) < 8:
        return {}, {}
    main = _read_directory(read, order, struct.unpack(order + "I", head[4:])[0])
    children = {}
    for tag in (EXIF_DIRECTORY, GPS_DIRECTORY):
        if (pointer := main.pop(tag, None)) and pointer.kind == LONG:
            children[tag] = _read_directory(read, order, pointer.number)
    return main, children


def write_exif(main: Directory, children: dict[int, Directory] | None = None) -> bytes:
    """Make an EXIF block.

    Parameters
    ----------
    main : Directory
        Entries of the main directory.
    children : dict of int to Directory, optional
        EXIF and GPS directories by the tag that points to them.

    Returns
    -------
    bytes
        Without the ``Exif`` prefix; big-endian.
    """
    return b"MM\0*\0\0\0\x08" + write_directory(main, children or {}, 8, ">")


def write_directory(main: Directory, children: dict[int, Directory], at: int, order: str, rows: bytes = b"") -> bytes:
    """Lay out a directory and what it points to.

    Parameters
    ----------
    main : Directory
        Its entries.
    children : dict of int to Directory
        Directories it points to, by tag.
    at : int
        Even offset in the file at which the bytes will stand.
    order : str
        ``"<"`` or ``">"``.
    rows : bytes
        Further entries of 12 bytes in this order, whose values stand in the file already.

    Returns
    -------
    bytes
        The directory, with no next one, followed by its values.
    """
    table = {struct.unpack(order + "H", rows[i : i + 2])[0]: rows[i : i + 12] for i in range(0, len(rows), 12)}
    values_at = at + 2 + 12 * len({*table, *main, *children}) + 4
    values = bytearray()
    for tag, entry in main.items():
        data = _in_order(entry, order)
        if len(data) > 4:
            offset = values_at + len(values)
            values += data + bytes(len(data) % 2)
            data = struct.pack(order + "I", offset)
        table[tag] = struct.pack(order + "HHI", tag, entry.kind, entry.count) + data.ljust(4, b"\0")
    for tag, child in children.items():
        table[tag] = struct.pack(order + "HHII", tag, LONG, 1, values_at + len(values))
        values += write_directory(child, {}, values_at + len(values), order)
    return struct.pack(order + "H", len(table)) + b"".join(table[tag] for tag in sorted(table)) + bytes(4) + values


def exif_of_tiff(descriptor: int) -> bytes | None:
    """Read what a TIFF file says about itself as an EXIF block: libvips leaves all of it out.

    Parameters
    ----------
    descriptor : int
        An open TIFF file; its position does not change.

    Returns
    -------
    bytes or None
        A block with ``Exif`` prefix, ``None`` when there is nothing to tell.
    """
    main, children = read_tiff(lambda offset, length: os.pread(descriptor, length, offset))
    told = only(main, {COPYRIGHT, ARTIST, *DESCRIPTIVE})
    for child in children.values():
        child.pop(MAKER_NOTE, None)
    return PREFIX + write_exif(told, children) if told or children else None


def only(directory: Directory, tags: Collection[int]) -> Directory:
    """Take the entries of some tags.

    Parameters
    ----------
    directory : Directory
        All entries.
    tags : collection of int
        The wanted ones.

    Returns
    -------
    Directory
        Those that are there.
    """
    return {tag: entry for tag, entry in directory.items() if tag in tags}


def _read_directory(read: Callable[[int, int], bytes], order: str, at: int) -> Directory:
    directory: Directory = {}
    head = read(at, 2)
    count = struct.unpack(order + "H", head)[0] if len(head) == 2 else 0
    if count > MOST_ENTRIES:
        return directory
    rows = read(at + 2, 12 * count)
    for start in range(0, len(rows) - 11, 12):
        tag, kind, length = struct.unpack_from(order + "HHI", rows, start)
        size = VALUE_BYTES.get(kind, 0) * length
        if 0 < size <= MOST_VALUE_BYTES:
            offset = struct.unpack_from(order + "I", rows, start + 8)[0]
            data = rows[start + 8 : start + 8 + size] if size <= 4 else read(offset, size)
            if len(data) == size:
                directory[tag] = _from_order(kind, data, order)
    return directory


def _from_order(kind: int, data: bytes, order: str) -> Entry:
    return Entry(kind, _swapped(data, UNIT_BYTES[kind]) if order == "<" else data)


def _in_order(entry: Entry, order: str) -> bytes:
    return _swapped(entry.data, UNIT_BYTES[entry.kind]) if order == "<" else entry.data


def _swapped(data: bytes, unit: int) -> bytes:
    return b"".join(data[i : i + unit][::-1] for i in range(0, len(data), unit)) if unit > 1 else data
