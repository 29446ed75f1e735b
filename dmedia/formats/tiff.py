"""What is laid out as TIFF: a picture, a camera's RAW file, or nothing, as the first directory says.

Layout, types and tags are from TIFF 6.0, section 2, TIFF/EP and the DNG specification.
"""

from __future__ import annotations

import struct

from dmedia.formats.extensions import EXTENSION_FORMAT

RAW_MAKERS = (
    b"NIKON", b"SONY", b"PENTAX", b"SAMSUNG", b"KODAK", b"EASTMAN KODAK", b"SEIKO EPSON", b"Hasselblad",
    b"Phase One", b"Leaf",
)  # fmt: skip
"""Camera makers whose RAW files are TIFF files that begin with a small preview."""

TAG_SUBFILE_TYPE, TAG_MAKER, TAG_SUB_IFDS, TAG_DNG_VERSION = 0x00FE, 0x010F, 0x014A, 0xC612
TEXT_TAG, INLINE_BYTES = 2, 4
"""TIFF 6.0, section 2: the type ASCII, and the longest value that stands in the entry itself."""

MOST_DIRECTORY_ENTRIES = 4096
"""Where libtiff stops to believe that something is a directory (tif_dirread.c, TIFFFetchDirectory)."""


def tell(head: bytes, suffix: str) -> str:
    """Tell what a file is that begins like a TIFF.

    Parameters
    ----------
    head : bytes
        Its first bytes.
    suffix : str
        The extension of its name, which counts where the content leaves it open.

    Returns
    -------
    str
        ``tiff``, ``raw``; empty where four bytes are all that it has of a TIFF, and its name says nothing.
    """
    if _is_raw(head, suffix):
        return "raw"
    return "tiff" if suffix or _is_plausible(head) else ""


def _is_raw(head: bytes, suffix: str) -> bool:
    """Tell RAW from TIFF: a DNG says so; others have a known maker and a preview in front of sub-images."""
    tags = _first_directory(head)
    if TAG_DNG_VERSION in tags or EXTENSION_FORMAT.get(suffix) == "raw":
        return True
    return tags.get(TAG_MAKER, b"").startswith(RAW_MAKERS) and {TAG_SUB_IFDS, TAG_SUBFILE_TYPE} <= tags.keys()


def _first_directory(head: bytes) -> dict[int, bytes]:
    """Read the tags of a classic TIFF's first directory, of text tags the value (TIFF 6.0, section 2)."""
    order = "<" if head[:2] == b"II" else ">"
    tags: dict[int, bytes] = {}
    try:
        (start,) = struct.unpack_from(order + "I", head, 4)
        (count,) = struct.unpack_from(order + "H", head, start)
        for entry in range(start + 2, start + 2 + 12 * min(count, 512), 12):
            tag, kind, length, offset = struct.unpack_from(order + "HHII", head, entry)
            tags[tag] = head[offset : offset + length] if kind == TEXT_TAG and length > INLINE_BYTES else b""
    except struct.error:
        return tags
    return tags


def _is_plausible(head: bytes) -> bool:
    """Tell whether a TIFF's first directory can be one, where it stands in the head: four bytes alone prove little."""
    if head[2:4] not in (b"*\0", b"\0*"):
        return True
    order = "<" if head[:2] == b"II" else ">"
    try:
        (start,) = struct.unpack_from(order + "I", head, 4)
        (count,) = struct.unpack_from(order + "H", head, start)
    except struct.error:
        return True
    return bool(start >= 8 and 0 < count <= MOST_DIRECTORY_ENTRIES)
