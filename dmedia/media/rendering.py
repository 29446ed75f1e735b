"""A picture becomes the pixels of a rendition, in steps one can read aloud."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dmedia.errors import MediaError
from dmedia.media import framing, geometry, guard, metadata
from dmedia.media.colour import settle, with_colour
from dmedia.media.encoders import ENCODERS, encode_weight
from dmedia.media.geometry import Layout, Size
from dmedia.media.opened import check_pixels, pixel_count
from dmedia.media.search import MOST_ENCODES
from dmedia.operations.colour import parse_colour
from dmedia.operations.crop import Crop
from dmedia.operations.parameters import Box, Encoding
from dmedia.operations.watermark import Watermark

if TYPE_CHECKING:
    from dmedia.media.decoders.picture import Picture
    from dmedia.media.opened import Notes
    from dmedia.media.work import Work
    from dmedia.model import Limits

SHORTEST_DEADLINE_S = 30.0
"""Seconds a picture may take at least; above, a second a megapixel: see `Limits.timeout_s`."""

FEW_PIXELS = 16_000_000
"""Up to here a picture is held in memory to see whether anything in it really is transparent."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """The pixels of a rendition, with the metadata they shall carry.

    Attributes
    ----------
    image : pyvips.Image
        Ready to be encoded; lazy where that was possible.
    size : Size
        Its width and height.
    changed : bool
        Whether more was done to the picture than encoding it anew: size, colours, frames.
    """

    image: Any
    size: Size
    changed: bool


def render(
    picture: Picture,
    image_format: str,
    parameters: Encoding,
    limits: Limits,
    notes: Notes,
    work: Work | None = None,
) -> Rendered:
    """Do what an operation asks for.

    Parameters
    ----------
    picture : Picture
        Its header is read and within limits.
    image_format : str
        The rendition's.
    parameters : Encoding
        The operation's.
    limits : Limits
        What one file may cost.
    notes : Notes
        Gets the warnings.
    work : Work or None
        What another package's operation does to the framed picture.

    Returns
    -------
    Rendered
        For the encoder.

    Raises
    ------
    MediaError
        What decoding says; ``encode_failed`` for a size the format cannot hold, ``too_large`` for one beyond limits.
    pyvips.Error
        What decoding says when it happens inside of a libvips pipeline.
    """
    encoder = ENCODERS[image_format]
    layout = choose_layout(picture, image_format, parameters, limits)
    _set_deadline(layout, image_format, parameters, limits)
    image = picture.decode(framing.turned(_first_size(layout), picture.orientation))
    if framing.turned(Size(picture.width, picture.height), picture.orientation) != layout.source:
        check_pixels(picture.width, picture.height, limits)  # only decoding told the real size
        layout = choose_layout(picture, image_format, parameters, limits)
    image = framing.scale(image, framing.turned(_first_size(layout), picture.orientation))
    image = framing.upright(image, picture.orientation)
    coloured = settle(image, parameters.icc, deep=encoder.deep)
    image = coloured.image
    if image.hasalpha() and not encoder.alpha:
        image = _flatten(image, parameters, notes)
    image = _operate(image, layout, parameters, notes, alpha=encoder.alpha)
    if work:
        image = work.apply(image, parameters, encoder, limits)
        if image.hasalpha() and not encoder.alpha:
            image = _flatten(image, parameters, notes)
    _note(picture, layout, coloured.warnings, notes)
    size = framing.size_of(image)
    changed = coloured.converted or size != layout.source or picture.frames > 1
    return Rendered(metadata.keep_metadata(image, parameters.metadata), size, changed)


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
    box = parameters.width, parameters.height
    layout = geometry.lay_out(source, *box, parameters.fitting(), enlarge=parameters.enlarge)
    if layout.canvas.pixels > limits.max_page_pixels:
        most = pixel_count(limits.max_page_pixels)
        message = f"Too large: the rendition would be {layout.canvas}, the limit is {most}"
        raise MediaError("too_large", message, "process", "--max-pixels raises the limit; or ask for both sides")
    try:
        return geometry.hold(layout, ENCODERS[image_format].longest_side)
    except ValueError as error:
        raise MediaError("encode_failed", f"Encoding failed: {error}", "process", "Ask for a smaller size") from None


def _first_size(layout: Layout) -> Size:
    """Tell what a picture is scaled to before it is framed: see ``framing.frame``."""
    return layout.source if layout.crops and layout.enlarged else layout.scaled


def _set_deadline(layout: Layout, image_format: str, parameters: Encoding, limits: Limits) -> None:
    if limits.timeout_s is None:
        searches = parameters.min_ssim is not None or parameters.max_bytes is not None
        weight = encode_weight(image_format, parameters.effort, lossless=parameters.lossless)
        encodes = weight * (MOST_ENCODES if searches else 1)
        work = layout.source.pixels + layout.canvas.pixels * (encodes - 1)
        guard.extend(max(SHORTEST_DEADLINE_S, work / 1e6))


def _operate(image: Any, layout: Layout, parameters: Encoding, notes: Notes, *, alpha: bool) -> Any:
    if isinstance(parameters, Crop):
        return framing.cut_part(image, parameters, notes.warn)
    if isinstance(parameters, Box):
        red, green, blue, opacity = parse_colour(parameters.background)
        image = framing.frame(image, layout, parameters.gravity, (red, green, blue, opacity if alpha else 255))
    if isinstance(parameters, Watermark):
        from dmedia.media import lettering

        image, warnings = lettering.draw_text(with_colour(image), parameters)
        for warning in warnings:
            notes.warn(warning)
    return image


def _flatten(image: Any, parameters: Encoding, notes: Notes) -> Any:
    """Lay a picture onto the background, for a format without alpha."""
    colour = parse_colour(parameters.background)[:3]
    few = image.width * image.height <= FEW_PIXELS
    if few:
        image = image.copy_memory()
    opaque = 65535 if image.format == "ushort" else 255
    if not few or image.extract_band(image.bands - 1).min() < opaque:
        notes.warn(f"transparency was laid onto {parameters.background}: the format has none")
    if len(set(colour)) > 1:
        image = with_colour(image)
    step = 257 if image.format == "ushort" else 1
    return image.flatten(background=[part * step for part in colour[: image.bands - 1]])


def _note(picture: Picture, layout: Layout, colour_warnings: tuple[str, ...], notes: Notes) -> None:
    for warning in (*picture.warnings, *colour_warnings):
        notes.warn(warning)
    if picture.frames > 1:
        notes.warn(f"the first of {picture.frames} frames or pages was taken")
    if layout.enlarged:
        notes.warn(f"enlarged from {layout.source} to {layout.canvas}")
    if layout.held:
        notes.warn(f"scaled down from {layout.source} to {layout.canvas}: the format holds no longer side")
