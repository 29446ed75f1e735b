"""Boxes: how large a picture becomes and which part of it stays. Pure arithmetic, no pixels.

All sizes are of the upright picture, in pixels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from dmedia.operations.parameters import Fit


class Size(NamedTuple):
    """Width and height in pixels."""

    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"

    @property
    def pixels(self) -> int:
        """Width x height."""
        return self.width * self.height


class Region(NamedTuple):
    """A part of a picture: its upper left corner and its size in pixels."""

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Layout:
    """How a picture becomes a rendition.

    Attributes
    ----------
    source : Size
        The upright picture.
    scaled : Size
        What the whole picture is scaled to.
    canvas : Size
        The rendition: where it is smaller than ``scaled`` the picture is cropped, where it is larger it is padded.
    exact : bool
        Whether the canvas was asked for to the pixel.
    held : bool
        Whether it is smaller than was asked for, because the format holds no more.
    """

    source: Size
    scaled: Size
    canvas: Size
    exact: bool = False
    held: bool = False

    @property
    def enlarged(self) -> bool:
        """Whether the picture gets more pixels than it has."""
        return self.scaled.width > self.source.width or self.scaled.height > self.source.height

    @property
    def shrinks(self) -> bool:
        """Whether the picture loses pixels by being scaled."""
        return self.scaled.width < self.source.width or self.scaled.height < self.source.height

    @property
    def crops(self) -> bool:
        """Whether a part of the picture is lost."""
        return self.canvas.width < self.scaled.width or self.canvas.height < self.scaled.height

    @property
    def pads(self) -> bool:
        """Whether something is put beside the picture."""
        return self.canvas.width > self.scaled.width or self.canvas.height > self.scaled.height


ANCHORS: dict[str, tuple[float, float]] = {
    "center": (0.5, 0.5), "north": (0.5, 0), "northeast": (1, 0), "east": (1, 0.5), "southeast": (1, 1),
    "south": (0.5, 1), "southwest": (0, 1), "west": (0, 0.5), "northwest": (0, 0),
}  # fmt: skip
"""Where a part lies, as shares of the room left over to its left and above it."""


def lay_out(
    source: Size, width: int | None, height: int | None, fit: Fit, *, enlarge: bool = False, fill: float = 1.0
) -> Layout:
    """Fit a picture into a box.

    Parameters
    ----------
    source : Size
        The upright picture.
    width, height : int or None
        The box in pixels; with one side the other follows the picture's ratio, without any nothing changes.
    fit : Fit
        ``inside`` and ``outside`` keep the ratio and enlarge only if told to; ``cover`` (scale and crop), ``contain``
        (scale and pad) and ``fill`` (stretch) give the box to the pixel.
    enlarge : bool
        Whether ``inside`` and ``outside`` may enlarge.
    fill : float
        Share of the box, 0 to 1, that ``contain`` scales to; in the direction that decides it is never less.

    Returns
    -------
    Layout
        No side of it is ever zero.
    """
    if width is None and height is None:
        return Layout(source, source, source)
    if fill < 1 and width is not None and height is not None:
        inner = lay_out(source, math.ceil(width * fill), math.ceil(height * fill), fit)
        return replace(inner, canvas=Size(width, height))
    scales = [side / have for side, have in ((width, source.width), (height, source.height)) if side is not None]
    scale = max(scales) if fit in {"cover", "outside"} else min(scales)
    if fit in {"inside", "outside"} and not enlarge:
        scale = min(scale, 1.0)
    scaled = Size(max(1, round(source.width * scale)), max(1, round(source.height * scale)))
    if fit in {"inside", "outside"} or width is None or height is None:
        return Layout(source, scaled, scaled)
    box = Size(width, height)
    if fit == "fill":
        scaled = box
    elif fit == "cover":
        scaled = Size(max(width, scaled.width), max(height, scaled.height))
    return Layout(source, scaled, box, exact=True)


def hold(layout: Layout, longest_side: int) -> Layout:
    """Make a layout small enough for a format.

    Parameters
    ----------
    layout : Layout
        As it was asked for.
    longest_side : int
        What the format can say, in pixels.

    Returns
    -------
    Layout
        The same, or one scaled down with its ratio kept.

    Raises
    ------
    ValueError
        When the canvas was asked for to the pixel and is too large.
    """
    longest = max(layout.canvas)
    if longest <= longest_side:
        return layout
    if layout.exact:
        raise ValueError(f"{layout.canvas} is more than the format holds ({longest_side} a side)")
    share = longest_side / longest
    smaller = Size(*(max(1, int(side * share)) for side in layout.canvas))
    return replace(layout, scaled=smaller, canvas=smaller, held=True)


def place(inner: Size, outer: Size, gravity: str) -> tuple[int, int]:
    """Place one box in another.

    Parameters
    ----------
    inner, outer : Size
        Two boxes; the inner one is not larger.
    gravity : str
        One of ``ANCHORS``; anything else means the middle.

    Returns
    -------
    tuple of int
        Left and top of the inner box.
    """
    across, down = ANCHORS.get(gravity, ANCHORS["center"])
    return int((outer.width - inner.width) * across), int((outer.height - inner.height) * down)


def source_part(layout: Layout) -> Size:
    """Tell the size of the part of the source that fills the canvas: cropping before enlarging costs less.

    Parameters
    ----------
    layout : Layout
        One that crops.

    Returns
    -------
    Size
        In pixels of the source, at least 1 x 1.
    """
    source, scaled, canvas = layout.source, layout.scaled, layout.canvas
    wide = min(source.width, max(1, round(source.width * canvas.width / scaled.width)))
    high = min(source.height, max(1, round(source.height * canvas.height / scaled.height)))
    return Size(wide, high)


def clip(wanted: Region, picture: Size) -> Region | None:
    """Cut off what sticks out of a picture.

    Parameters
    ----------
    wanted : Region
        The part asked for.
    picture : Size
        The upright picture.

    Returns
    -------
    Region or None
        The part inside, ``None`` where there is none.
    """
    width = min(wanted.left + wanted.width, picture.width) - wanted.left
    height = min(wanted.top + wanted.height, picture.height) - wanted.top
    return Region(wanted.left, wanted.top, width, height) if width > 0 and height > 0 else None
