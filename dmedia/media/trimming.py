"""A border of one colour is found, and cut off before anything else is done to a picture."""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING, Any

from dmedia.media.colour import settle, with_colour
from dmedia.media.framing import size_of, turned
from dmedia.media.geometry import Region, Size
from dmedia.media.libvips import pyvips
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

CORNER_SHARE = 0.01
"""Part of the shorter side that a corner takes of which the colour is taken."""

SEEN_STEP = 3
"""Of 255: two plain colours beside each other that differ by more show an edge. By eye, on white."""

MAJORITY = 127
"""Of 255: more than half of nine pixels. A speck of dust and a sensor's noise are no content."""


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
        return held.crop(*_in_scale(self._region, Size(self._whole.width, self._whole.height), size_of(held)))


def trim(picture: Picture, layout: Layout, parameters: Box, limits: Limits) -> TrimmedPicture:
    """Take away a picture's border.

    The colour is that of the corners, the middle one of four; content is what differs from it, with alpha in its
    opacity too, in more than half of nine pixels.

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
    border, inside = _look(seen, parameters)
    whole = Size(picture.width, picture.height)
    if inside is None:
        picture.warnings.append("nothing is trimmed: the whole picture is of the border's colour")
        inside = Region(0, 0, *size_of(seen))
    whitening = Whitening(tuple(border), parameters.tolerance()) if parameters.whiten else None
    if whitening and not whitening.is_possible():
        picture.warnings.append(f"the border is {_written(border)}, which is too dark to become white")
        whitening = None
    if parameters.fitting() == "contain":
        _tell_seam(picture, [255, 255, 255] if whitening else border, parameters.background)
    return TrimmedPicture(picture, _in_scale(inside, size_of(seen), whole), held, whitening)


def _enough_to_see(layout: Layout, stored: Size, orientation: int) -> Size:
    wanted = turned(layout.canvas, orientation)
    return Size(min(stored.width, LOOK_FACTOR * wanted.width), min(stored.height, LOOK_FACTOR * wanted.height))


def _look(image: Any, parameters: Box) -> tuple[list[float], Region | None]:
    """Find the border's colour, as red, green and blue, and what lies inside of it."""
    tolerance = parameters.tolerance()
    plain = with_colour(settle(image, "keep", deep=False).image).copy_memory()
    alpha = None
    if plain.hasalpha():
        alpha = plain.extract_band(plain.bands - 1)
        plain = plain.flatten(background=list(parse_colour(parameters.background)[:3])).copy_memory()
    border = _corner_colour(plain)
    content = _differing(plain, border, tolerance)
    if alpha is not None:
        content |= _differing(alpha, _corner_colour(alpha), tolerance)
    counted = content.conv(pyvips.Image.new_from_array([[1] * 3] * 3, scale=9), precision="integer")
    left, top, width, height = (counted > MAJORITY).find_trim(background=[0], threshold=1, line_art=True)
    return border, Region(left, top, width, height) if width and height else None


def _corner_colour(image: Any) -> list[float]:
    """Tell the middle one of the corners' colours, band by band: what is sold may reach into one of them."""
    side = max(1, int(min(size_of(image)) * CORNER_SHARE))
    right, low = image.width - side, image.height - side
    corners = [
        image.crop(left, top, side, side).shrink(side, side).getpoint(0, 0) for left in (0, right) for top in (0, low)
    ]
    return [statistics.median(samples) for samples in zip(*corners, strict=True)]


def _differing(image: Any, colour: list[float], tolerance: float) -> Any:
    """Tell as 0 or 255 where a picture differs from a colour in any band."""
    low, high = ([part + step for part in colour] for step in (-tolerance, tolerance))
    return ((image < low) | (image > high)).bandor()


def _in_scale(region: Region, have: Size, wanted: Size) -> Region:
    """Tell which region of a picture is meant by one of the same picture at another size; it loses no pixel."""
    across, down = wanted.width / have.width, wanted.height / have.height
    left, top = int(region.left * across), int(region.top * down)
    right = min(wanted.width, math.ceil((region.left + region.width) * across))
    low = min(wanted.height, math.ceil((region.top + region.height) * down))
    return Region(left, top, max(1, right - left), max(1, low - top))


def _tell_seam(picture: Picture, border: Sequence[float], background: str) -> None:
    """Warn of a border that shows, because something of another colour is put beside it."""
    step = max(abs(one - other) for one, other in zip(border, parse_colour(background)[:3], strict=True))
    if step > SEEN_STEP:
        beside = f"the border is {_written(border)}, and {background} is put beside it"
        picture.warnings.append(f"{beside}: an edge may show; background or whiten can prevent it")


def _written(colour: Sequence[float]) -> str:
    return "#" + "".join(f"{round(part):02x}" for part in colour)
