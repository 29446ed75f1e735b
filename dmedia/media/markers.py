"""The parts of a JPEG, told apart by its markers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

EOI, SOS = 0xD9, 0xDA
"""End of image and start of scan: ITU-T T.81, table B.1."""

LOWEST_SEGMENT = 0xC0
"""Markers below stand alone or are reserved, and have no place between segments."""

IN_SCAN = re.compile(rb"\xff+[\x01-\xcf\xd8-\xfe]")
"""The next marker after coded data: stuffed bytes (FF 00) and restart markers (FF D0-D7) belong to the data."""


def jpeg_parts(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Walk the parts of a JPEG, up to its end: what a file holds behind that is not part of the picture.

    Parameters
    ----------
    data : bytes
        The file.

    Yields
    ------
    tuple
        Marker, start and end of each segment; coded data has the marker 0. The last is ``EOI``, unless the file does
        not end where a JPEG ends.
    """
    at = 2
    while data.startswith(b"\xff\xd8"):
        while data[at : at + 2] == b"\xff\xff":  # fill bytes
            at += 1
        if data[at : at + 2] == b"\xff\xd9":
            yield EOI, at, at + 2
            return
        if at + 4 > len(data) or data[at] != 0xFF or data[at + 1] < LOWEST_SEGMENT:
            return
        marker = data[at + 1]
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        yield marker, at, end
        at = end
        if marker == SOS:
            found = IN_SCAN.search(data, at)
            if found is None:
                return
            yield 0, at, found.start()
            at = found.start()
