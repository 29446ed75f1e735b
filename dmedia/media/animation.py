"""Animations: frames that follow each other in time. libvips holds them one below the other in one tall image.

Where more is done than encoding anew, each frame is worked on by itself, as if it were a picture of its own: what a
scaler sees ends at its border. The frames that are done stay in memory until they are encoded, 3 or 4 bytes a pixel;
what is only encoded anew streams through. Memory of a slot, as measured for 300 frames of 800x600 with transparency:
69 MB at their own size, 195 MB scaled to half of it, 622 MB with a watermark at their own size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dmedia.errors import MediaError
from dmedia.media.colour import with_colour
from dmedia.media.decoders.vips import VipsPicture
from dmedia.media.encoders import ENCODERS
from dmedia.media.frames import gif_end
from dmedia.media.geometry import Size
from dmedia.media.libvips import PALETTE_FIELD, pyvips
from dmedia.media.metadata import read_whole
from dmedia.media.opened import pixel_count
from dmedia.operations.parameters import Box

if TYPE_CHECKING:
    from collections.abc import Callable

    from dmedia.media.decoders.picture import Picture
    from dmedia.media.encoders import Encoder
    from dmedia.model import Limits
    from dmedia.operations.parameters import Encoding

MOST_LINES = 100_000_000
"""Of an image in libvips (``VIPS_MAX_COORD`` in image.h): all frames, one below the other."""

UNSEEN_MS, DEFAULT_MS = 10, 100
"""Frames of at most 10 ms are shown for 100 ms by browsers, and written so by libvips into WebP (webpsave.c)."""

ONLY_FIRST = "--frames first takes the first alone"
OPEN_END = "the file does not say where it ends: frames may be missing"


@dataclass(frozen=True, slots=True)
class Motion:
    """What of an animation is not in its pixels.

    Attributes
    ----------
    frames : int
        How many there are; 1 is a still picture.
    delays_ms : tuple of int
        How long each is shown, in milliseconds; empty where nobody has looked.
    loop : int
        How often all of them are shown; 0 is without end.
    """

    frames: int
    delays_ms: tuple[int, ...] = ()
    loop: int = 0


STILL = Motion(1)


def animation_of(picture: Picture, encoder: Encoder, parameters: Encoding) -> VipsPicture | None:
    """Tell whether a picture's rendition moves.

    Parameters
    ----------
    picture : Picture
        Its header is read.
    encoder : Encoder
        Of the rendition's format.
    parameters : Encoding
        The operation's.

    Returns
    -------
    VipsPicture or None
        The same picture, where it is an animation that can be decoded and encoded, and all of it is wanted.

    Raises
    ------
    MediaError
        ``corrupt_input`` when its file ends before its last frame does, even where only one frame is whole.
    """
    if not isinstance(picture, VipsPicture) or not (picture.holds_animation and encoder.animated):
        return None
    if parameters.frames != "all" or (isinstance(parameters, Box) and parameters.trim is not None):
        return None
    if picture.format == "gif":
        _check_end(picture)
    return picture if picture.frames > 1 else None


def is_encoded_anew(picture: Picture, image_format: str, parameters: Encoding, limits: Limits) -> bool:
    """Tell whether all frames of a picture would be encoded again at their size; raises as `animation_of` does."""
    animated = animation_of(picture, ENCODERS[image_format], parameters)
    if animated is None:
        return False
    try:
        check_frames(animated.frames, Size(animated.width, animated.height), limits)
    except MediaError:
        return False
    return True


def _check_end(gif: VipsPicture) -> None:
    """See whether a GIF is all there: libvips leaves out a frame that is cut off, and all behind it.

    Where the first is, libvips tells itself.
    """
    end = gif_end(read_whole(gif.descriptor))
    if end.frames > 1 and end.is_cut_off:
        message = f"Corrupt input: the file is cut off at frame {end.frames:,}"
        raise MediaError("corrupt_input", message, "decode", "A part is missing: copy or download the file again")
    if end.frames > 1 and not end.has_trailer and OPEN_END not in gif.warnings:
        gif.warnings.append(OPEN_END)


def check_frames(frames: int, size: Size, limits: Limits) -> None:
    """Refuse an animation of too many frames, or of too many pixels in all of them.

    Parameters
    ----------
    frames : int
        How many there are.
    size : Size
        Of one frame, of the source or of the rendition.
    limits : Limits
        What one file may cost.

    Raises
    ------
    MediaError
        ``too_large``, with the option that raises the limit.
    """
    if frames > limits.max_frames:
        message = f"Too large: {frames:,} frames, the limit is {limits.max_frames:,}"
        raise MediaError("too_large", message, "decode", f"--max-frames raises the limit; {ONLY_FIRST}")
    if frames * size.pixels > limits.max_file_pixels:
        found, most = pixel_count(frames * size.pixels), pixel_count(limits.max_file_pixels)
        message = f"Too large: {frames:,} frames of {size} are {found}, the limit is {most}"
        raise MediaError("too_large", message, "decode", f"--max-pixels raises the limit; {ONLY_FIRST}")
    if frames * size.height > MOST_LINES:
        message = f"Too large: {frames:,} frames of {size} are more lines than {MOST_LINES:,}"
        raise MediaError("too_large", message, "decode", f"Ask for a smaller size; {ONLY_FIRST}")


def motion_of(picture: VipsPicture) -> Motion:
    """Read how an animation moves.

    Parameters
    ----------
    picture : VipsPicture
        From ``animation_of``.

    Returns
    -------
    Motion
        With a delay for each frame, as browsers understand it.
    """
    delays = [delay if delay > UNSEEN_MS else DEFAULT_MS for delay in picture.delays_ms()]
    delays += [DEFAULT_MS] * (picture.frames - len(delays))
    return Motion(picture.frames, tuple(delays[: picture.frames]), picture.loop())


def draw_frames(tall: Any, frames: int, draw: Callable[[Any], Any], limits: Limits, operation: str) -> Any:
    """Work on each frame by itself.

    Parameters
    ----------
    tall : pyvips.Image
        All frames; read once, from top to bottom.
    frames : int
        How many there are.
    draw : callable
        Gets a frame, in memory, and gives another picture.
    limits : Limits
        What one file may cost: the frames that come back count too.
    operation : str
        Who gives frames of several sizes, if they are of several: only operations of other packages can.

    Returns
    -------
    pyvips.Image
        All frames again, of one size and in memory.

    Raises
    ------
    MediaError
        ``internal`` when they are not of one size; ``too_large``; ``out_of_memory`` where the first tells that all of
        them do not fit; what ``draw`` raises.
    """
    height = tall.height // frames
    drawn: list[Any] = []
    for number in range(frames):
        frame = draw(tall.crop(0, number * height, tall.width, height).copy_memory()).copy_memory()
        size = Size(frame.width, frame.height)
        if number == 0:
            check_frames(frames, size, limits)
            _check_memory(frames, frame, limits)
        elif size != (drawn[0].width, drawn[0].height):
            first = Size(drawn[0].width, drawn[0].height)
            message = f"Operation failed: {operation} made frames of {first} and of {size} in one animation"
            raise MediaError("internal", message, "process", "Its function must give frames of one size")
        drawn.append(frame)
    return pyvips.Image.arrayjoin(_alike(drawn), across=1)


def _check_memory(frames: int, frame: Any, limits: Limits) -> None:
    needed = frames * frame.width * frame.height * frame.bands
    if needed > limits.image_slot_bytes:
        message = f"Out of memory: {frames:,} frames of {frame.width}x{frame.height} take {needed / 2**20:,.0f} MiB"
        raise MediaError("out_of_memory", message, "process", f"Allow more with --slot-memory, or {ONLY_FIRST}")


def _alike(frames: list[Any]) -> list[Any]:
    """Give all frames the same bands, where one is grey or opaque and another is not."""
    if len({(frame.bands, frame.interpretation) for frame in frames}) == 1:
        return frames
    frames = [with_colour(frame) for frame in frames]
    if any(frame.hasalpha() for frame in frames):
        frames = [frame if frame.hasalpha() else frame.addalpha() for frame in frames]
    return frames


def set_in_motion(tall: Any, motion: Motion, *, is_drawn: bool) -> Any:
    """Tell a saver how an animation moves.

    Parameters
    ----------
    tall : pyvips.Image
        All frames.
    motion : Motion
        How they follow each other.
    is_drawn : bool
        Whether their colours may be others than the source's: its palette then is none of theirs.

    Returns
    -------
    pyvips.Image
        The same pixels.
    """
    tall = tall.copy()
    tall.set_type(pyvips.GValue.gint_type, "page-height", tall.height // motion.frames)
    tall.set_type(pyvips.GValue.array_int_type, "delay", list(motion.delays_ms))
    tall.set_type(pyvips.GValue.gint_type, "loop", motion.loop)
    if is_drawn and tall.get_typeof(PALETTE_FIELD):
        tall.remove(PALETTE_FIELD)
    return tall
