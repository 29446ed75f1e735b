"""Boxes of ISO base media files (HEIC, AVIF): whether the file ends where its boxes say."""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING

from dmedia.errors import MediaError

if TYPE_CHECKING:
    from dmedia.media.opened import OpenSource

MOST_BOXES = 1000
"""A picture has three or four at top level."""


def check_boxes(source: OpenSource) -> None:
    """Refuse a picture whose last box is cut off: libheif may give the pixels of the part that is there.

    Parameters
    ----------
    source : OpenSource
        An open HEIC, HEIF or AVIF.

    Raises
    ------
    MediaError
        ``corrupt_input`` when a box at top level reaches beyond the end of the file (ISO/IEC 14496-12, 4.2).
    """
    start = 0
    for _ in range(MOST_BOXES):
        header = os.pread(source.descriptor, 16, start)
        if len(header) < 8:
            return
        (size,) = struct.unpack_from(">I", header)
        if size == 1 and len(header) == 16:
            (size,) = struct.unpack_from(">Q", header, 8)
        if size < 8:  # 0 means up to the end of the file; the rest is no box
            return
        if start + size > source.size_bytes:
            missing = start + size - source.size_bytes
            raise MediaError(
                "corrupt_input", f"Corrupt input: the file is cut off, {missing:,} bytes are missing", "decode"
            )
        start += size
