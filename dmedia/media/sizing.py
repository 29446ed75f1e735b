"""How large a rendition becomes, and how long that may take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dmedia.errors import MediaError
from dmedia.media import framing, geometry, guard
from dmedia.media.effort import encode_weight
from dmedia.media.encoders import ENCODERS
from dmedia.media.geometry import Layout, Size
from dmedia.media.opened import pixel_count
from dmedia.media.search import MOST_ENCODES
from dmedia.operations.parameters import Box

if TYPE_CHECKING:
    from dmedia.media.decoders.picture import Picture
    from dmedia.media.opened import Notes
    from dmedia.model import Limits
    from dmedia.operations.parameters import Encoding

SHORTEST_DEADLINE_S = 30.0
"""Seconds a picture may take at least; above, a second a megapixel: see `Limits.timeout_s`."""


def choose_layout(picture: Picture, image_format: str, parameters: Encoding, limits: Limits) -> Layout:
    """Tell how large the rendition becomes.

    Parameters
    ----------
    picture : Picture
        Its size and orientation count.
    image_format : str
        The rendition's: none holds sides of any length.
    parameters : Encoding
        A ``Box``, or a ``Crop``, which works on the picture at its own size.
    limits : Limits
        What one file may cost.

    Returns
    -------
    Layout
        Scaled down where nobody asked for a size that the format cannot hold.

    Raises
    ------
    MediaError
        ``encode_failed`` where somebody did; ``too_large`` where the rendition has more pixels than a source may have.
    """
    source = framing.turned(Size(picture.width, picture.height), picture.orientation)
    if not isinstance(parameters, Box):
        return Layout(source, source, source)
    fill = (parameters.fill_percent or 100) / 100
    layout = geometry.lay_out(source, *parameters.box(), parameters.fitting(), enlarge=parameters.enlarge, fill=fill)
    if layout.canvas.pixels > limits.max_page_pixels:
        most = pixel_count(limits.max_page_pixels)
        message = f"Too large: the rendition would be {layout.canvas}, the limit is {most}"
        raise MediaError("too_large", message, "process", "--max-pixels raises the limit; or ask for both sides")
    try:
        return geometry.hold(layout, ENCODERS[image_format].longest_side)
    except ValueError as error:
        raise MediaError("encode_failed", f"Encoding failed: {error}", "process", "Ask for a smaller size") from None


def first_size(layout: Layout) -> Size:
    """Tell what a picture is scaled to before it is framed: see ``framing.frame``."""
    return layout.source if layout.crops and layout.enlarged else layout.scaled


def wanted_size(picture: Picture, image_format: str, parameters: Encoding, limits: Limits) -> Size:
    """Tell at what size, in stored orientation, a rendition's pixels are needed. Raises as `choose_layout`."""
    layout = choose_layout(picture, image_format, parameters, limits)
    return framing.turned(first_size(layout), picture.orientation)


def extend_deadline(
    layout: Layout, image_format: str, parameters: Encoding, limits: Limits, notes: Notes, frames: int = 1
) -> None:
    """Allow a rendition its time by its pixels, after what those before it were allowed; not where somebody set it.

    Parameters
    ----------
    layout : Layout
        From ``choose_layout``.
    image_format : str
        The rendition's.
    parameters : Encoding
        The operation's: its effort counts, and how often it encodes.
    limits : Limits
        What one file may cost.
    notes : Notes
        Know what was allowed so far.
    frames : int
        Of an animation; each counts by the larger of its sizes, for all of them are encoded.
    """
    if limits.timeout_s is None:
        searches = parameters.min_ssim is not None or parameters.max_bytes is not None
        weight = encode_weight(image_format, parameters.effort, lossless=parameters.lossless)
        encodes = weight * (MOST_ENCODES if searches else 1)
        each = layout.source.pixels if frames == 1 else max(layout.source.pixels, layout.canvas.pixels)
        each += layout.canvas.pixels * (encodes - 1)
        allow(frames * each / 1e6, notes)


def allow(work_s: float, notes: Notes) -> None:
    """Allow a rendition so many seconds, or the least that any gets, after what those before it were allowed."""
    notes.allowed_s += max(SHORTEST_DEADLINE_S, work_s)
    guard.extend(notes.allowed_s)
