"""A picture becomes the pixels of a rendition, in steps one can read aloud."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dmedia.media import framing, metadata, trimming
from dmedia.media.animation import STILL, animation_of, check_frames, draw_frames, motion_of, set_in_motion
from dmedia.media.colour import settle
from dmedia.media.drawing import Drawing
from dmedia.media.encoders import ENCODERS
from dmedia.media.geometry import Size
from dmedia.media.libvips import ICC_FIELD
from dmedia.media.opened import check_pixels
from dmedia.media.sizing import choose_layout, extend_deadline, first_size
from dmedia.operations.parameters import Box

if TYPE_CHECKING:
    from dmedia.media.animation import Motion
    from dmedia.media.decoders.picture import Picture
    from dmedia.media.decoders.vips import VipsPicture
    from dmedia.media.geometry import Layout
    from dmedia.media.logo import LogoWork
    from dmedia.media.opened import Notes
    from dmedia.media.work import Work
    from dmedia.model import Limits
    from dmedia.operations.parameters import Encoding


@dataclass(frozen=True, slots=True)
class Rendered:
    """The pixels of a rendition, with the metadata they shall carry.

    Attributes
    ----------
    image : pyvips.Image
        Ready to be encoded; lazy where that was possible. Of an animation all frames, one below the other.
    size : Size
        Its width and height; of an animation those of a frame.
    changed : bool
        Whether more was done to the picture than encoding it anew: size, colours or how they are told, frames.
    motion : Motion
        How its frames follow each other.
    """

    image: Any
    size: Size
    changed: bool
    motion: Motion = STILL


def render(
    picture: Picture,
    image_format: str,
    parameters: Encoding,
    limits: Limits,
    notes: Notes,
    work: Work | LogoWork | None = None,
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
        Gets the warnings, and whether a position is left out.
    work : Work, LogoWork or None
        What another package's operation, or a logo, does to the framed picture.

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
    animated = animation_of(picture, encoder, parameters)
    anchor = framing.Anchor(getattr(parameters, "gravity", None) or "center")
    drawing = Drawing(layout, parameters, encoder, limits, notes, work, anchor)
    if animated:
        rendered = _render_frames(animated, image_format, drawing)
    else:
        rendered = _render_still(picture, image_format, drawing)
    if picture.frames > 1 and parameters.frames != "first" and not animated:
        reason = ": --trim is for still pictures" if getattr(parameters, "trim", None) is not None else ""
        notes.warn(f"the first of {picture.frames} frames or pages was taken{reason}")
    notes.gps_removed |= metadata.loses_position(rendered.image, parameters.metadata)
    return replace(rendered, image=metadata.keep_metadata(rendered.image, parameters.metadata))


def _render_still(picture: Picture, image_format: str, drawing: Drawing) -> Rendered:
    layout, parameters, limits = drawing.layout, drawing.parameters, drawing.limits
    extend_deadline(layout, image_format, parameters, limits, drawing.notes)
    whole = layout.source
    if isinstance(parameters, Box) and parameters.trim is not None:
        picture = trimming.trim(picture, layout, parameters, limits)
        layout = choose_layout(picture, image_format, parameters, limits)
        drawing = replace(drawing, layout=layout)
    image = picture.decode(framing.turned(first_size(layout), picture.orientation))
    if framing.turned(Size(picture.width, picture.height), picture.orientation) != layout.source:
        check_pixels(picture.width, picture.height, limits)  # only decoding told the real size
        layout = choose_layout(picture, image_format, parameters, limits)
        drawing = replace(drawing, layout=layout)
    image = framing.scale(image, framing.turned(first_size(layout), picture.orientation))
    image = framing.upright(image, picture.orientation)
    coloured = settle(image, parameters.icc, drawing.encoder)
    image = coloured.image
    if isinstance(picture, trimming.TrimmedPicture) and picture.whitening:
        image = picture.whitening.apply(drawing.fitted(image))
    image = drawing.draw(image)
    _note(picture, layout, coloured.warnings, drawing.notes)
    if parameters.lossless and (bits := picture.traits().bits or 0) > drawing.encoder.bits:
        drawing.notes.warn(f"{bits} bits a sample became {drawing.encoder.bits}: the format holds no more without loss")
    size = framing.size_of(image)
    restated = parameters.icc == "keep" and _has_new_profile(image, picture)
    changed = coloured.converted or restated or size != whole or picture.frames > 1
    return Rendered(image, size, changed)


def _render_frames(picture: VipsPicture, image_format: str, drawing: Drawing) -> Rendered:
    """Do it to every frame. Their colours are settled together, for that is done pixel by pixel."""
    layout, parameters, limits, frames = drawing.layout, drawing.parameters, drawing.limits, picture.frames
    for size in (layout.source, layout.canvas):
        check_frames(frames, size, limits)
    extend_deadline(layout, image_format, parameters, limits, drawing.notes, frames)
    image = picture.decode_all()
    motion = motion_of(picture)
    coloured = settle(image, parameters.icc, drawing.encoder)
    image = coloured.image
    is_drawn = not drawing.draws_nothing() or picture.orientation != 1

    def draw(frame: Any) -> Any:
        frame = framing.scale(frame, framing.turned(first_size(layout), picture.orientation))
        return drawing.draw(framing.upright(frame, picture.orientation))

    if is_drawn:
        image = draw_frames(image, frames, draw, limits, drawing.work.operation if drawing.work else "")
    _note(picture, layout, coloured.warnings, drawing.notes)
    image = set_in_motion(image, motion, is_drawn=is_drawn or coloured.converted)
    size = Size(image.width, image.height // frames)
    return Rendered(image, size, coloured.converted or size != layout.source, motion)


def _has_new_profile(image: Any, picture: Picture) -> bool:
    """Tell whether a profile says what the file says elsewhere, where a copy without metadata says it no longer."""
    return bool(image.get_typeof(ICC_FIELD)) and not picture.traits().icc


def _note(picture: Picture, layout: Layout, colour_warnings: tuple[str, ...], notes: Notes) -> None:
    for warning in (*picture.warnings, *colour_warnings):
        notes.warn(warning)
    if layout.enlarged:
        notes.warn(f"enlarged from {layout.source} to {layout.canvas}")
    if layout.held:
        notes.warn(f"scaled down from {layout.source} to {layout.canvas}: the format holds no longer side")
