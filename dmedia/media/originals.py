"""A source's own bytes as its rendition, without what may not leave: where encoding anew loses, or gains nothing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dmedia.media import metadata, owner
from dmedia.media.animation import is_encoded_anew
from dmedia.media.geometry import Size
from dmedia.operations.parameters import Box

if TYPE_CHECKING:
    from dmedia.media.decoders.picture import Picture
    from dmedia.media.draft import Attempt, Draft
    from dmedia.media.opened import OpenSource


def keep_frames(picture: Picture, source: OpenSource, draft: Draft, attempt: Attempt) -> bool:
    """Put the source's own bytes where encoding would take one frame and lose the rest.

    That is so for formats whose frames are not encoded here (APNG, AVIF), and for more frames than the limits allow.

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
    if parameters.frames == "first" or is_encoded_anew(picture, draft.format, parameters, attempt.order.limits):
        return False
    if isinstance(parameters, Box) and (parameters.box() != (None, None) or parameters.trim is not None):
        return False
    if not metadata.copy_without_private(source.descriptor, draft.path, draft.format, parameters.metadata):
        return False
    pixels = picture.decode(Size(picture.width, picture.height))
    attempt.notes.gps_removed |= metadata.loses_position(pixels, parameters.metadata)
    pixels.avg()  # damage in the first frame is found as ever
    attempt.notes.warn(f"the animation was kept as it is: {picture.frames} frames are not encoded anew")
    return True


def keep_smaller(picture: Picture, source: OpenSource, draft: Draft, attempt: Attempt) -> bool:
    """Put the source's own bytes where encoding anew did not make it smaller.

    Parameters
    ----------
    picture : Picture
        The source's.
    source : OpenSource
        It.
    draft : Draft
        The rendition, as it was encoded.
    attempt : Attempt
        What is asked for; its notes get the warning.

    Returns
    -------
    bool
        ``False`` where the rendition stays as it was encoded.
    """
    parameters = draft.parameters
    if draft.operation != "compress" or source.sniffed.format != draft.format:
        return False
    if parameters.progressive or os.fstat(draft.descriptor).st_size < source.size_bytes:
        return False
    if parameters.metadata == "copyright" and owner.is_only_in_xmp(picture.traits(), source):
        return False
    if not metadata.copy_without_private(source.descriptor, draft.path, draft.format, parameters.metadata):
        return False
    attempt.notes.warn("original kept: it is smaller")
    return True
