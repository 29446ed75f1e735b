"""One rendition is written: encoded as it was asked for, or the source's own bytes where those are better."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dmedia.media import faults, originals
from dmedia.media.animation import Motion
from dmedia.media.candidates import HELD_SHARE, Pixels
from dmedia.media.draft import Measures
from dmedia.media.framing import turned
from dmedia.media.gain_map import DROPPED, has_gain_map
from dmedia.media.geometry import Size
from dmedia.media.libvips import pyvips
from dmedia.media.logo import logo_work
from dmedia.media.lossless import compress_exactly, refuse_inexact
from dmedia.media.opened import Notes
from dmedia.media.rendering import render
from dmedia.media.search import encode_or_tell, refuse_too_large
from dmedia.media.work import load_work
from dmedia.storage.faults import fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from dmedia.media.decoders.picture import Picture
    from dmedia.media.draft import Attempt, Draft
    from dmedia.media.opened import OpenSource
    from dmedia.media.rendering import Rendered


def write_rendition(
    picture: Picture, open_again: Callable[[], Picture], source: OpenSource, draft: Draft, attempt: Attempt
) -> Measures:
    """Decode a source and put its rendition into the draft.

    Parameters
    ----------
    picture : Picture
        The source's; its header is read.
    open_again : callable
        Opens it once more.
    source : OpenSource
        It.
    draft : Draft
        Says how it is made.
    attempt : Attempt
        The run; its notes get what is learned.

    Returns
    -------
    Measures
        Of what is in the draft.

    Raises
    ------
    MediaError
        What decoding and encoding say; ``encode_failed`` also where what was asked for cannot be.
    """
    attempt.notes.decoder = picture.decoder
    try:
        if originals.keep_frames(picture, source, draft, attempt):
            refuse_too_large(draft, draft.parameters)
            return _as_stored(picture)
        refuse_inexact(source, draft)
        if draft.operation == "compress" and draft.parameters.lossless:
            measures, is_copy = compress_exactly(picture, open_again, source, draft, attempt)
        else:
            original = _as_stored(picture)
            encoded = _encode(picture, open_again, source, draft, attempt)
            measures, is_copy = encoded or original, encoded is None
        if not (is_copy and draft.parameters.metadata == "keep") and has_gain_map(source):
            attempt.notes.warn(DROPPED)
    except pyvips.Error as error:
        raise faults.media_error(str(error), "encode") from None
    except OSError as error:
        raise fault(error, "encode") from None
    return measures


def _as_stored(picture: Picture) -> Measures:
    """Measure a copy of the source."""
    stored = Size(picture.width, picture.height)
    return Measures(stored, turned(stored, picture.orientation), Motion(picture.frames))


def _encode(
    picture: Picture, open_again: Callable[[], Picture], source: OpenSource, draft: Draft, attempt: Attempt
) -> Measures | None:
    """Encode what an operation makes; ``None`` where the source's own bytes were put there instead."""
    notes, allowed_s = attempt.notes, attempt.notes.allowed_s
    rendered = _render(picture, draft, attempt, notes)
    if originals.keep_fitting(picture, source, rendered, draft, attempt):
        return None
    pixels = Pixels(
        rendered.image,
        lambda: _render(open_again(), draft, attempt, Notes(allowed_s=allowed_s)).image,  # its time is allowed already
        attempt.order.limits.image_slot_bytes // HELD_SHARE,
        rendered.motion.frames,
    )
    accuracy, unmet = encode_or_tell(pixels, draft)
    if originals.keep_original(picture, source, rendered, draft, is_needed=unmet is not None):
        notes.warn("original kept: it is smaller" if unmet is None else f"original kept: {unmet.reason}")
        return None
    if unmet is not None:
        raise unmet
    return Measures(rendered.size, rendered.size, rendered.motion, accuracy)


def _render(picture: Picture, draft: Draft, attempt: Attempt, notes: Notes) -> Rendered:
    work = load_work(draft.operation) or logo_work(attempt.order, draft.parameters, notes)
    return render(picture, draft.format, draft.parameters, attempt.order.limits, notes, work)
