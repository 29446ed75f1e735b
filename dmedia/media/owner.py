"""Whose picture it is and what it shows: copyright, artist and description, wherever a file states them.

EXIF counts first. Where it is silent, PNG text, XMP and IPTC do, in this order: editors write them, and the name of a
photographer may stand nowhere else. What is found becomes EXIF in UTF-8, as which readers have long taken it, so that
no letter of a name is lost.
"""

from __future__ import annotations

import html
import os
import re
import zlib
from typing import TYPE_CHECKING, Any

from dmedia.media import exif
from dmedia.media.chunks import PNG_KEYWORDS, png_head
from dmedia.media.exif import ARTIST, ASCII, COPYRIGHT, DESCRIPTION, Directory, Entry
from dmedia.media.libvips import EXIF_FIELD, IPTC_FIELD, XMP_FIELD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dmedia.media.decoders.picture import Traits
    from dmedia.media.opened import OpenSource

OWNER_TAGS = frozenset({COPYRIGHT, ARTIST, DESCRIPTION})

PNG_OWNER_FIELD = "dmedia-png-owner"
"""Of an image that was read from a PNG: an EXIF block of what its text states. libvips takes all text for UTF-8."""

XMP_PROPERTIES = {b"rights": COPYRIGHT, b"creator": ARTIST, b"description": DESCRIPTION}
"""Of the Dublin Core (XMP specification part 1, 8.3), in a list, the first of which is the default language's."""

XMP_PROPERTY = re.compile(
    rb"<dc:(rights|creator|description)\b[^>]*>(.{0,65536}?)</dc:\1>",
    re.DOTALL,
)
XMP_ITEM = re.compile(rb"<rdf:li\b[^>]*>([^<]*)</rdf:li>")

IPTC_DATASETS = {116: COPYRIGHT, 80: ARTIST, 120: DESCRIPTION}
"""Of record 2: CopyrightNotice, By-line and Caption/Abstract (IPTC-IIM 4.2, chapter 6)."""

PHOTOSHOP, IPTC_RESOURCE = b"Photoshop 3.0", b"8BIM\x04\x04"
"""Where IPTC stands among Photoshop's image resources (Adobe Photoshop File Formats Specification: 0x0404)."""

LONGEST_TEXT_BYTES = 8192
"""Of one text: three of them fit into a JPEG's segment of 64 KiB, and some programs describe a picture in megabytes."""


def ownership(image: Any) -> Directory:
    """Find copyright, artist and description.

    Parameters
    ----------
    image : pyvips.Image
        With the metadata of its source.

    Returns
    -------
    Directory
        At most three entries. Text of EXIF stays the bytes it is; all other is UTF-8.
    """
    found: Directory = {}
    for field, read in READERS.items():
        if len(found) < len(OWNER_TAGS) and image.get_typeof(field):
            found = read(bytes(image.get(field))) | found
    return found


def in_exif(block: bytes) -> Directory:
    """Find the owner in an EXIF block; cameras fill in blanks where nobody told them a name.

    Text of Exif 3.0's own type for UTF-8 becomes the old one: libexif drops what it does not know.
    """
    told = exif.only(exif.read_exif(block)[0], OWNER_TAGS)
    return {tag: _shortened(Entry(ASCII, entry.data)) for tag, entry in told.items() if entry.data.strip(b" \0")}


def in_xmp(packet: bytes) -> Directory:
    """Find the owner in an XMP packet of UTF-8. Several creators are parted as EXIF wants it."""
    found: Directory = {}
    for name, content in XMP_PROPERTY.findall(packet):
        items = [html.unescape(item.decode("utf-8", "replace")).strip() for item in XMP_ITEM.findall(content)]
        items = items if name == b"creator" else items[:1]
        found |= _told(XMP_PROPERTIES[name], "; ".join(filter(None, items)))
    return found


def in_iptc(block: bytes) -> Directory:
    """Find the owner in IPTC data, as it is or among Photoshop's resources."""
    start = block.find(IPTC_RESOURCE) if block.startswith(PHOTOSHOP) else 0
    texts: dict[int, list[str]] = {}
    for number, value in _datasets(block, start) if start >= 0 else ():
        if number in IPTC_DATASETS:
            texts.setdefault(IPTC_DATASETS[number], []).append(_decoded(value))
    found: Directory = {}
    for tag, values in texts.items():
        found |= _told(tag, "; ".join(values))
    return found


def in_png(descriptor: int) -> Directory:
    """Find the owner in the text of an open PNG, as far as it stands before the pixels."""
    found: Directory = {}
    for name, at, length in png_head(descriptor):
        if name in {b"tEXt", b"zTXt", b"iTXt"}:
            keyword, _, text = os.pread(descriptor, min(length, 2 * LONGEST_TEXT_BYTES), at + 8).partition(b"\0")
            if keyword in PNG_KEYWORDS:
                found = _told(PNG_KEYWORDS[keyword], _png_text(name, text)) | found
    return found


def is_only_in_xmp(traits: Traits, source: OpenSource) -> bool:
    """Tell whether a filtered copy of a file would lose its owner: the filters keep EXIF and PNG text alone."""
    text = in_png(source.descriptor) if source.sniffed.format == "png" else {}
    return bool(traits.owner.keys() - in_exif(traits.exif).keys() - text.keys())


READERS = {EXIF_FIELD: in_exif, PNG_OWNER_FIELD: in_exif, XMP_FIELD: in_xmp, IPTC_FIELD: in_iptc}
"""Who reads which field of an image, in the order in which they count."""


def _png_text(name: bytes, text: bytes) -> str:
    """Decode what follows the keyword (PNG 3rd edition, 11.3.3)."""
    if name == b"tEXt":
        return text.decode("latin-1")
    if name == b"zTXt":
        return _inflated(text[1:]).decode("latin-1")
    is_compressed, rest = text[:1] == b"\1", text[2:]
    _, _, rest = rest.partition(b"\0")
    _, _, rest = rest.partition(b"\0")
    return (_inflated(rest) if is_compressed else rest).decode("utf-8", "replace")


def _inflated(data: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, LONGEST_TEXT_BYTES)
    except zlib.error:
        return b""


def _datasets(block: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """Walk the data sets of record 2 (IPTC-IIM 4.2, chapter 3: marker, record, number, two bytes of length)."""
    at = block.find(b"\x1c\x02", at)
    while at >= 0 and at + 5 <= len(block) and block[at : at + 1] == b"\x1c":
        length = int.from_bytes(block[at + 3 : at + 5], "big")
        if block[at + 1] == 2 and length < 0x8000:
            yield block[at + 2], block[at + 5 : at + 5 + length]
        at += 5 + length


def _decoded(value: bytes) -> str:
    """Read text whose character set IPTC leaves open: UTF-8 where it is that, else Latin-1."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _told(tag: int, text: str) -> Directory:
    data = text.replace("\0", "").strip().encode("utf-8", "replace")
    return {tag: _shortened(Entry(ASCII, data + b"\0"))} if data else {}


def _shortened(entry: Entry) -> Entry:
    """Cut a text off between two characters."""
    if len(entry.data) <= LONGEST_TEXT_BYTES:
        return entry
    end = LONGEST_TEXT_BYTES - 1
    while end and entry.data[end] & 0xC0 == 0x80:
        end -= 1
    return Entry(entry.kind, entry.data[:end] + b"\0")
