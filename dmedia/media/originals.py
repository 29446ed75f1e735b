"""compress keeps what it cannot make smaller: the source's own bytes, without what may not leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dmedia.media import metadata
from dmedia.media.geometry import Size
from dmedia.operations.parameters import Box

if TYPE_CHECKING:
    from dmedia.media.decoders.picture import Picture
    from dmedia.media.draft import Draft
    from dmedia.media.opened import OpenSource
    from dmedia.media.process import Attempt
    from dmedia.media.rendering import Rendered


def keep_frames(picture: Picture, source: OpenSource, draft: Draft, attempt: Attempt) -> bool:
    """Put the source's bytes where encoding would take one frame and lose the rest.

    Parameters
    ----------
    picture : Picture
        Its header is read.
    source : OpenSource
        Its file.
    draft : Draft
        Where the rendition goes.
    attempt : Attempt
        What was asked for.

    Returns
    -------
    bool
        ``False`` when there is nothing to lose, or the file has to be encoded.

    Raises
    ------
    MediaError, pyvips.Error
        When the first frame is damaged.
    OSError
        When the source cannot be read or the draft not be written.
    """
    parameters, found = attempt.parameters, source.sniffed.format.removesuffix(" sequence")
    if attempt.order.operation != "compress" or picture.frames == 1 or found != draft.format:
        return False
    if isinstance(parameters, Box) and (parameters.width or parameters.height):
        return False
    if not metadata.copy_without_private(source.descriptor, draft.path, draft.format, parameters.metadata):
        return False
    picture.decode(Size(picture.width, picture.height)).avg()  # damage in the first frame is found as ever
    return True


def keep_fitting(source: OpenSource, rendered: Rendered, draft: Draft, attempt: Attempt) -> bool:
    """Put the source's bytes where nothing was asked but that they are no more than so many, and they are not.

    Parameters, returns and raises as `keep_original`; ``pyvips.Error`` when the picture is damaged.
    """
    parameters = attempt.parameters
    if parameters.max_bytes is None or parameters.min_ssim is not None or parameters.quality is not None:
        return False
    if not keep_original(source, rendered, draft, attempt, is_needed=True):
        return False
    rendered.image.avg()  # damage is found as ever
    return True


def keep_original(source: OpenSource, rendered: Rendered, draft: Draft, attempt: Attempt, *, is_needed: bool) -> bool:
    """Put the source's bytes where encoding anew did not make them fewer, or could not give what was asked for.

    Parameters
    ----------
    source : OpenSource
        Its file.
    rendered : Rendered
        What was encoded.
    draft : Draft
        Where the rendition goes.
    attempt : Attempt
        What was asked for.
    is_needed : bool
        Whether what is in the draft will not do: no quality gave what was asked for.

    Returns
    -------
    bool
        ``False`` when the draft stays as it is.

    Raises
    ------
    OSError
        When the source cannot be read or the draft not be written.
    """
    parameters = attempt.parameters
    if attempt.order.operation != "compress" or source.sniffed.format != draft.format:
        return False
    if rendered.changed or parameters.progressive:
        return False
    if parameters.max_bytes is not None and source.size_bytes > parameters.max_bytes:
        return False
    if not is_needed and draft.size_bytes < source.size_bytes:
        return False
    return metadata.copy_without_private(source.descriptor, draft.path, draft.format, parameters.metadata)
