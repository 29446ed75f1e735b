"""Size and frame of a picture, as pixels: scaling, turning, cropping, padding. The arithmetic is in ``geometry``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dmedia.errors import MediaError
from dmedia.media.colour import samples, with_colour
from dmedia.media.geometry import Region, Size, clip, place, source_part
from dmedia.media.libvips import pyvips

if TYPE_CHECKING:
    from collections.abc import Callable

    from dmedia.media.geometry import Layout
    from dmedia.operations.crop import Crop

CONTENT_AWARE = {"attention", "entropy"}

SIDEWAYS = range(5, 9)
"""EXIF orientations that swap width and height."""


def size_of(image: Any) -> Size:
    """Tell an image's size."""
    return Size(image.width, image.height)


def turned(size: Size, orientation: int) -> Size:
    """Swap a size's sides where an orientation does; stored to upright and back."""
    return Size(size.height, size.width) if orientation in SIDEWAYS else size


def scale(image: Any, size: Size, part: Region | None = None) -> Any:
    """Scale a picture to the pixel, with Lanczos 3 (bicubic, where it becomes larger), in its own colour space.

    Parameters
    ----------
    image : pyvips.Image
        Any.
    size : Size
        To reach; the ratio need not be the picture's.
    part : Region or None
        What of the scaled picture is wanted, where it is enlarged; without one all of it.

    Returns
    -------
    pyvips.Image
        Of this size, or the part's. Colours are weighted by their alpha, so that what is transparent does not bleed
        into what is not.
    """
    if size_of(image) == size and part is None:
        return image
    part = part or Region(0, 0, *size)
    if not image.hasalpha():
        return _resampled(image, size, part)
    weighted = _resampled(image.premultiply(), size, part)
    return weighted.unpremultiply().rint().cast(image.format)  # a cast alone cuts off


def _resampled(image: Any, size: Size, part: Region) -> Any:
    """Shrink what becomes smaller, and enlarge what becomes larger, about the middle of each pixel.

    ``resize`` also enlarges, but then all lies half a new pixel too far right and down.
    """
    across, down = size.width / image.width, size.height / image.height
    if across < 1 or down < 1:
        image = image.resize(min(across, 1), vscale=min(down, 1))
    if across <= 1 and down <= 1:
        return image
    across, down = max(across, 1), max(down, 1)
    return image.affine(
        [across, 0, 0, down],
        interpolate=pyvips.Interpolate.new("bicubic"),
        oarea=[*part],
        idx=0.5 - 0.5 / across,
        idy=0.5 - 0.5 / down,
        extend="copy",
        premultiplied=True,
    )


def upright(image: Any, orientation: int) -> Any:
    """Turn a picture's pixels upright.

    Parameters
    ----------
    image : pyvips.Image
        As stored.
    orientation : int
        EXIF orientation, 1-8.

    Returns
    -------
    pyvips.Image
        With orientation 1. Turning needs the pixels in memory, for they are read once, from top to bottom.
    """
    if orientation == 1:
        return image
    image = image.copy_memory().copy()
    image.set_type(pyvips.GValue.gint_type, "orientation", orientation)
    return image.autorot()


class Anchor:
    """Where parts of pictures lie: by gravity, and where that looks at what is seen, for all as in the first picture.

    The frames of an animation share one: a part that followed each frame's content would shake.

    Parameters
    ----------
    gravity : str
        One of ``geometry.ANCHORS`` or ``CONTENT_AWARE``.
    """

    def __init__(self, gravity: str) -> None:
        self.gravity = gravity
        self._found: Region | None = None

    def part(self, image: Any, size: Size) -> Any:
        """Cut a part of a size out of a picture that is not smaller."""
        if self.gravity not in CONTENT_AWARE:
            return cut(image, Region(*place(size, size_of(image), self.gravity), *size))
        image = image.copy_memory()
        if self._found is None:
            part = image.smartcrop(*size, interesting=self.gravity)
            self._found = Region(-part.xoffset, -part.yoffset, *size)
        return image.crop(*self._found)


def frame(image: Any, layout: Layout, anchor: Anchor, background: tuple[int, int, int, int]) -> Any:
    """Crop or pad a scaled picture to its canvas.

    Parameters
    ----------
    image : pyvips.Image
        Upright; scaled, unless the layout crops and enlarges: then no more is enlarged than stays, which costs less.
    layout : Layout
        What it shall become.
    anchor : Anchor
        What stays when it is cropped, or where it lies when it is padded.
    background : tuple of int
        Red, green, blue and alpha of what is put beside it, 0-255.

    Returns
    -------
    pyvips.Image
        Of the canvas' size.
    """
    if layout.crops and layout.enlarged and anchor.gravity in CONTENT_AWARE:
        return scale(crop(image, source_part(layout), anchor), layout.canvas)
    if layout.crops and layout.enlarged:
        part = Region(*place(layout.canvas, layout.scaled, anchor.gravity), *layout.canvas)
        return scale(image.copy_memory(), layout.scaled, part)  # all of it is read: damage beside the part is found
    if layout.crops:
        return crop(image, layout.canvas, anchor)
    if layout.pads:
        return pad(image, layout.canvas, anchor.gravity, background)
    return image


def crop(image: Any, size: Size, anchor: Anchor) -> Any:
    """Cut a part of a size out of a picture that is not smaller."""
    return image if size_of(image) == size else anchor.part(image, size)


def cut(image: Any, region: Region) -> Any:
    """Cut a region out of a picture, reading all of it: damage below the region is found too.

    Parameters
    ----------
    image : pyvips.Image
        Upright.
    region : Region
        Inside of it.

    Returns
    -------
    pyvips.Image
        Of the region's size, in memory.
    """
    columns = image.crop(region.left, 0, region.width, image.height).copy_memory()
    return columns.crop(0, region.top, region.width, region.height)


def pad(image: Any, canvas: Size, gravity: str, background: tuple[int, int, int, int]) -> Any:
    """Put a picture onto a larger canvas of one colour."""
    if len(set(background[:3])) > 1:
        image = with_colour(image)
    if background[3] < 255 and not image.hasalpha():
        image = image.addalpha()
    left, top = place(size_of(image), canvas, gravity)
    colour = samples(image, background)
    return image.embed(left, top, *canvas, extend="background", background=colour)


def cut_part(image: Any, parameters: Crop, anchor: Anchor, warn: Callable[[str], None]) -> Any:
    """Do what the operation ``crop`` asks for.

    Parameters
    ----------
    image : pyvips.Image
        Upright, at full size.
    parameters : Crop
        Width and height, with x and y or by gravity.
    anchor : Anchor
        Of its gravity.
    warn : callable
        Told when the part sticks out of the picture and is clipped.

    Returns
    -------
    pyvips.Image
        The part.

    Raises
    ------
    MediaError
        ``encode_failed`` when the part lies wholly outside the picture.
    """
    have, wanted = size_of(image), Size(parameters.width, parameters.height)
    if parameters.x is None or parameters.y is None:
        size = Size(min(wanted.width, have.width), min(wanted.height, have.height))
        part = crop(image, size, anchor)
    else:
        region = clip(Region(parameters.x, parameters.y, *wanted), have)
        if region is None:
            message = f"Nothing to crop: {parameters.x},{parameters.y} lies outside of the picture, which is {have}"
            raise MediaError("encode_failed", message, "process", "Give x and y inside of the upright picture")
        part = cut(image, region)
    if size_of(part) != wanted:
        warn(f"the part sticks out of the picture, which is {have}: clipped to {size_of(part)}")
    return part
