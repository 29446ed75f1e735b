"""A source's own bytes as its rendition, without what may not leave: where encoding anew loses, or gains nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dmedia.media import metadata, owner
from dmedia.media.animation import is_encoded_anew
from dmedia.media.geometry import Size
from dmedia.operations.parameters import Box

if TYPE_CHECKING:
    from dmedia.media.decoders.picture import Picture
    from dmedia.media.draft import Attempt, Draft
    from dmedia.media.opened import OpenSource
    from dmedia.media.rendering import Rendered


def keep_frames(picture: Picture, source: OpenSource, draft: Draft, attempt: Attempt) -> bool:
    """Put the source's own bytes where encoding would take one frame and lose the rest.

    That is so for formats whose frames are not encoded here (APNG, AVIF), for more frames than the limits allow, and
    without loss: nobody proves that all frames are the same.

    Parameters
    ----------
    picture : Picture
        The source's.
    source : OpenSource
        It.
    draft : Draft
        The rendition.
    attempt : Attempt
        What is asked for; its notes get the warning.

    Returns
    -------
    bool
        ``False`` where nothing was put there: the first frame is to be encoded.
    """
    parameters, found = draft.parameters, source.sniffed.format.removesuffix(" sequence")
    if draft.operation != "compress" or picture.frames == 1 or found != draft.format:
        return False
    if parameters.frames == "first":
        return False
    if not parameters.lossless and is_encoded_anew(picture, draft.format, parameters, attempt.order.limits):
        return False
    if isinstance(parameters, Box) and (parameters.box() != (None, None) or parameters.trim is not None):
        return False
    if not metadata.copy_without_private(source.descriptor, draft.path, draft.format, parameters.metadata):
        return False
    note_position(picture, draft, attempt).avg()  # damage in the first frame is found as ever
    attempt.notes.warn(f"the animation was kept as it is: {picture.frames} frames are not encoded anew")
    return True


def note_position(picture: Picture, draft: Draft, attempt: Attempt) -> Any:
    """Note whether a copy leaves out where a picture was taken, and give its pixels, which may not be decoded yet."""
    pixels = picture.decode(Size(picture.width, picture.height))
    attempt.notes.gps_removed |= metadata.loses_position(pixels, draft.parameters.metadata)
    return pixels


def loses_owner(picture: Picture, source: OpenSource, draft: Draft) -> bool:
    """Tell whether a copy without what may not leave would lose whose picture it is."""
    return draft.parameters.metadata == "copyright" and owner.is_only_in_xmp(picture.traits(), source)


def keep_fitting(picture: Picture, source: OpenSource, rendered: Rendered, draft: Draft, attempt: Attempt) -> bool:
    """Put the source's bytes where nothing was asked but that they are no more than so many, and they are not.

    Parameters, returns and raises as `keep_original`; ``pyvips.Error`` when the picture is damaged.
    """
    parameters = draft.parameters
    if parameters.max_bytes is None or parameters.min_ssim is not None or parameters.quality is not None:
        return False
    if not keep_original(picture, source, rendered, draft, is_needed=True):
        return False
    rendered.image.avg()  # damage is found as ever
    attempt.notes.warn("original kept: it is not larger than was asked for")
    return True


def keep_original(picture: Picture, source: OpenSource, rendered: Rendered, draft: Draft, *, is_needed: bool) -> bool:
    """Put the source's bytes where encoding anew did not make them fewer, or could not give what was asked for.

    Parameters
    ----------
    picture : Picture
        The source's.
    source : OpenSource
        It.
    rendered : Rendered
        What was encoded.
    draft : Draft
        The rendition, as it was encoded.
    is_needed : bool
        Whether what is in the draft will not do: no quality gave what was asked for.

    Returns
    -------
    bool
        ``False`` where the rendition stays as it was encoded.

    Raises
    ------
    OSError
        When the source cannot be read or the draft not be written.
    """
    parameters = draft.parameters
    if draft.operation != "compress" or source.sniffed.format != draft.format:
        return False
    if rendered.changed or parameters.progressive:
        return False
    if parameters.max_bytes is not None and source.size_bytes > parameters.max_bytes:
        return False
    if not is_needed and draft.size_bytes < source.size_bytes:
        return False
    if loses_owner(picture, source, draft):
        return False
    return metadata.copy_without_private(source.descriptor, draft.path, draft.format, parameters.metadata)
