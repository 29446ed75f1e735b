"""A border of one colour is cut off before anything else is done to a picture."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from dmedia.media.border import in_scale, look_for_border
from dmedia.media.framing import size_of, turned
from dmedia.media.geometry import Region, Size
from dmedia.media.opened import check_pixels
from dmedia.media.whitening import Whitening
from dmedia.operations.colour import parse_colour

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dmedia.media.decoders.picture import Picture, Traits
    from dmedia.media.geometry import Layout
    from dmedia.model import Limits
    from dmedia.operations.parameters import Box

MOST_HELD_PIXELS = 16_000_000
"""Up to here what was decoded to find the border is kept, and used. A larger picture is decoded once more: that takes
time instead of memory."""

LOOK_FACTOR = 2
"""A border is looked for at so many times the size asked for, where the decoder can give less than everything: an edge
is then found within a pixel of the rendition, as long as the part inside takes half of the picture."""

SEEN_STEP = 3
"""Of 255: two plain colours beside each other that differ by more show an edge. By eye, on white."""


class TrimmedPicture:
    """The part of a picture inside its border; further attributes are those of ``Picture``.

    Parameters
    ----------
    whole : Picture
        The picture with its border.
    region : Region
        The part, in the whole picture's stored pixels.
    held : pyvips.Image or None
        The whole picture in memory, as it was decoded to be looked at.
    whitening : Whitening or None
        What is still to be done to its tones, once its colours are settled.

    Attributes
    ----------
    whitening : Whitening or None
        See above.
    """

    def __init__(self, whole: Picture, region: Region, held: Any = None, whitening: Whitening | None = None) -> None:
        self.whitening = whitening
        self._whole = whole
        self._region = region
        self._held = held
        self.decoder = whole.decoder
        self.width, self.height = region.width, region.height
        self.orientation = whole.orientation
        self.frames = whole.frames
        self.warnings = whole.warnings

    def traits(self) -> Traits:
        """Tell what the header says. See ``Picture.traits``."""
        return self._whole.traits()

    def decode(self, wanted: Size) -> Any:
        """Give the pixels of the part. See ``Picture.decode``."""
        share = min(1.0, max(wanted.width / self.width, wanted.height / self.height))
        enough = Size(math.ceil(self._whole.width * share), math.ceil(self._whole.height * share))
        held = self._held
        if held is None or held.width < enough.width or held.height < enough.height:
            held = self._whole.decode(enough)
        return held.crop(*in_scale(self._region, Size(self._whole.width, self._whole.height), size_of(held)))


def trim(picture: Picture, layout: Layout, parameters: Box, limits: Limits) -> TrimmedPicture:
    """Take away a picture's border.

    Parameters
    ----------
    picture : Picture
        Its header is read and within limits. Gets a warning where all of it is border, and where the border has another
        colour than what will be put beside the picture.
    layout : Layout
        What would become of it with its border.
    parameters : Box
        ``trim`` is the tolerance in percent of full scale; transparency is laid onto ``background``.
    limits : Limits
        What one file may cost.

    Returns
    -------
    TrimmedPicture
        The whole picture where there is nothing to take away, or nothing else.

    Raises
    ------
    MediaError, pyvips.Error
        What decoding says: all of the picture is looked at.
    """
    header = Size(picture.width, picture.height)
    image = picture.decode(_enough_to_see(layout, header, picture.orientation))
    if (picture.width, picture.height) != header:
        check_pixels(picture.width, picture.height, limits)  # only decoding told the real size
    factor = math.ceil(math.sqrt(image.width * image.height / MOST_HELD_PIXELS))
    held = image.copy_memory() if factor == 1 else None
    seen = image.shrink(factor, factor).copy_memory() if held is None else held
    border, inside = look_for_border(seen, parameters.tolerance(), parse_colour(parameters.background)[:3])
    whole = Size(picture.width, picture.height)
    if inside is None:
        picture.warnings.append("nothing is trimmed: the whole picture is of the border's colour")
        inside = Region(0, 0, *size_of(seen))
    whitening = Whitening(border.colour, border.tolerance) if parameters.whiten else None
    if whitening and not whitening.is_possible():
        picture.warnings.append(f"the border is {_written(border.colour)}, which is too dark to become white")
        whitening = None
    if parameters.fitting() == "contain":
        _tell_seam(picture, (255, 255, 255) if whitening else border.colour, parameters.background)
    return TrimmedPicture(picture, in_scale(inside, size_of(seen), whole), held, whitening)


def _enough_to_see(layout: Layout, stored: Size, orientation: int) -> Size:
    wanted = turned(layout.canvas, orientation)
    return Size(min(stored.width, LOOK_FACTOR * wanted.width), min(stored.height, LOOK_FACTOR * wanted.height))


def _tell_seam(picture: Picture, border: Sequence[float], background: str) -> None:
    """Warn of a border that shows, because something of another colour is put beside it."""
    step = max(abs(one - other) for one, other in zip(border, parse_colour(background)[:3], strict=True))
    if step > SEEN_STEP:
        beside = f"the border is {_written(border)}, and {background} is put beside it"
        picture.warnings.append(f"{beside}: an edge may show; background or whiten can prevent it")


def _written(colour: Sequence[float]) -> str:
    return "#" + "".join(f"{round(part):02x}" for part in colour)
