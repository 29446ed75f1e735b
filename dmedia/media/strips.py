"""A picture's samples, strip by strip from top to bottom: however large it is, only one strip is in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dmedia.media.libvips import pyvips

if TYPE_CHECKING:
    from collections.abc import Iterator

ROWS = 64
"""Rows of a strip: of a picture 20,000 pixels wide with four samples of 16 bits 10 MB."""


def strips(image: Any, rows: int = ROWS) -> Iterator[bytes]:
    """Read a picture once, from top to bottom.

    Parameters
    ----------
    image : pyvips.Image
        One that can be read once in this order suffices.
    rows : int
        Of each strip; the last may have fewer.

    Yields
    ------
    bytes
        Samples as they are stored, without padding.

    Raises
    ------
    pyvips.Error
        When the picture cannot be decoded.
    """
    region = pyvips.Region.new(image)
    for top in range(0, image.height, rows):
        yield region.fetch(0, top, image.width, min(rows, image.height - top))
