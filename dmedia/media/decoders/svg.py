"""librsvg, inside of libvips, renders SVG: only for a job that allows it, and from memory.

libvips does not trust librsvg with hostile files and blocks it; a job that allows drawings lifts that in its own slots.
A drawing that comes from a file would load its neighbours; one from memory has none (librsvg, "Security and locations
of referenced files").
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from dmedia.errors import MediaError
from dmedia.media import faults, resolution
from dmedia.media.decoders.picture import Traits
from dmedia.media.libvips import pyvips
from dmedia.media.opened import check_pixels
from dmedia.operations.parameters import Box

if TYPE_CHECKING:
    from dmedia.media.geometry import Size
    from dmedia.media.opened import OpenSource
    from dmedia.model import Limits
    from dmedia.operations.parameters import Parameters

LOADER = "VipsForeignLoadSvg"

FOREIGN_ENTITY = re.compile(rb"<!ENTITY\s+(?:%\s+)?[^\s>]+\s+(?:SYSTEM|PUBLIC)\s")
"""An entity whose text is another file (XML 1.0, 4.2.2)."""

LINK = re.compile(
    rb"""<(?:[\w.-]+:)?(?:image|use|feImage)\s[^>]*?href\s*=\s*["'](?!\#|data:)|@import\b|<\?xml-stylesheet\b""",
    re.IGNORECASE,
)
"""Parts of a drawing that stand in another file (SVG 2, 15.2 and 6.3)."""

LONGEST_DRAWING_BYTES = 32 * 2**20
"""Bytes of text: as a tree it takes ten to thirty times as much, and a slot has a gigabyte."""


class SvgPicture:
    """A drawing; it is as large as somebody wants it to be. The attributes are those of ``Picture``."""

    decoder = "librsvg"
    orientation = 1
    frames = 1

    def __init__(self, data: bytes, parameters: Parameters | None) -> None:
        self._data = data
        own = self._load(1.0)
        self.own_size: tuple[int, int] = own.width, own.height
        self._enlarged = _enlargement(own.width, own.height, parameters)
        self.width = max(1, round(own.width * self._enlarged))
        self.height = max(1, round(own.height * self._enlarged))
        self.warnings = ["the drawing links to other files: these are left out"] if LINK.search(data) else []

    def traits(self) -> Traits:
        """Tell how it is rendered. See ``Picture.traits``."""
        return Traits("rgb", 8, has_alpha=True)

    def decode(self, wanted: Size) -> Any:
        """Render it at the size that is wanted. See ``Picture.decode``."""
        scale = min(1.0, max(wanted.width / self.width, wanted.height / self.height))
        return resolution.forget(self._load(scale * self._enlarged))

    def _load(self, scale: float) -> Any:
        pyvips.operation_block_set(LOADER, False)  # noqa: FBT003  # the C function has unnamed arguments
        try:
            return pyvips.Image.svgload_buffer(self._data, scale=scale, access="sequential", fail_on="error")
        except pyvips.Error as error:
            raise faults.media_error(str(error), "decode") from None


def open_picture(source: OpenSource, limits: Limits, parameters: Parameters | None = None) -> SvgPicture:
    """Read a drawing, and the size it says it has.

    Parameters
    ----------
    source : OpenSource
        An SVG file.
    limits : Limits
        What one file may cost.
    parameters : Parameters or None
        The size that is wanted: a drawing is rendered at it, and never enlarged as pixels.

    Returns
    -------
    SvgPicture
        Nothing of it is rendered yet.

    Raises
    ------
    MediaError
        ``corrupt_input``; ``unsupported_format`` for one that names other files as entities; ``too_large``.
    """
    if source.size_bytes > LONGEST_DRAWING_BYTES:
        message = f"Too large: a drawing of {source.size_bytes:,} bytes, the limit is {LONGEST_DRAWING_BYTES:,}"
        raise MediaError("too_large", message, "open", "Render it to PNG first, with a program you trust")
    data = os.pread(source.descriptor, source.size_bytes, 0)
    if FOREIGN_ENTITY.search(data):
        message = "Unsupported format: an SVG whose entities are other files, which are never read"
        raise MediaError("unsupported_format", message, "open", "Replace its entities by their text")
    picture = SvgPicture(data, parameters)
    check_pixels(*picture.own_size, limits)
    check_pixels(picture.width, picture.height, limits)
    return picture


def _enlargement(width: int, height: int, parameters: Parameters | None) -> float:
    """Tell by how much a drawing must grow so that no picture of it has to: lines have no pixels of their own."""
    if not isinstance(parameters, Box):
        return 1.0
    across, down = parameters.box()
    return max(1.0, (across or 0) / max(width, 1), (down or 0) / max(height, 1))
