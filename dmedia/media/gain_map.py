"""Gain maps: a second picture in a file, by which a screen of high dynamic range makes the first one brighter.

Nothing here decodes or writes one, so a rendition shows what screens without that range show.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dmedia.media.isobox import boxes

if TYPE_CHECKING:
    from dmedia.media.opened import OpenSource

JPEG_HEAD_BYTES = 3 * 65_536
"""Where XMP begins at the latest: behind EXIF and a piece of a profile, each a segment of at most 64 KiB."""

JPEG_MARKS = (b"http://ns.adobe.com/hdr-gain-map/1.0/", b"urn:iso:std:iso:ts:21496:-1")
"""What the first picture of an Ultra HDR JPEG tells: Ultra HDR Image Format 1.1, and ISO 21496-1, annex C."""

HEIF_MARKS = (b"urn:com:apple:photo:2020:aux:hdrgainmap", b"tmap")
"""Apple's type of an auxiliary picture, and the type of an item, and brand, of ISO/IEC 23008-12 (amendment 1)."""

MOST_METADATA_BYTES = 2**20
"""Of that box: a picture of hundreds of tiles has tens of kilobytes."""

DROPPED = "the HDR gain map was dropped: the rendition is what screens without HDR show"


def has_gain_map(source: OpenSource) -> bool:
    """Tell whether a picture carries a gain map, as far as its header says so.

    Parameters
    ----------
    source : OpenSource
        Any picture.

    Returns
    -------
    bool
        Of other formats than JPEG, HEIC and AVIF: ``False``.
    """
    if source.sniffed.format == "jpg":
        head = os.pread(source.descriptor, JPEG_HEAD_BYTES, 0)
        return any(mark in head for mark in JPEG_MARKS)
    if source.sniffed.format in {"heif", "avif"}:
        described = _metadata_box(source)
        return any(mark in described for mark in HEIF_MARKS)
    return False


def _metadata_box(source: OpenSource) -> bytes:
    """Read the box that tells what pictures there are (ISO/IEC 14496-12, 8.11.1): it may stand behind them."""
    start = 0
    for box in boxes(source.descriptor):
        if box.name == b"meta":
            return os.pread(source.descriptor, min(box.end - start, MOST_METADATA_BYTES), start)
        start = box.end
    return b""
