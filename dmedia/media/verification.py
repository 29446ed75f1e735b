"""A finished file is opened again before it is published, to see whether it is what was asked for."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dmedia import formats
from dmedia.errors import MediaError
from dmedia.media.animation import STILL
from dmedia.media.decoders.vips import LOADERS, VipsPicture

if TYPE_CHECKING:
    from dmedia.media.animation import Motion
    from dmedia.media.geometry import Size


ROUNDED_MS = 5
"""By how much a GIF's delay, which counts in hundredths of a second, may differ from the one that was asked for."""


def verify(descriptor: int, image_format: str, size: Size, motion: Motion = STILL) -> int:
    """Open a finished file again and compare.

    Parameters
    ----------
    descriptor : int
        The finished file, open for reading.
    image_format : str
        What it must be, by its content.
    size : Size
        What it must measure, as stored.
    motion : Motion
        How it must move.

    Returns
    -------
    int
        Its frames: fewer than asked for where encoders have made one of frames that are alike, with the time of all.

    Raises
    ------
    MediaError
        ``verify_failed`` when it cannot be opened or is something else.
    """
    head = os.pread(descriptor, formats.HEAD_BYTES, 0)
    found = formats.sniff(head).format
    if found == f"{image_format} sequence":  # only copies have frames, and libvips need not be able to open them
        return motion.frames
    if found != image_format or found not in LOADERS:
        message = f"Verification failed: {found or 'nothing known'} was written instead of {image_format}"
        raise MediaError("verify_failed", message, "verify")
    try:
        picture = VipsPicture(descriptor, found)
    except MediaError as error:
        message = f"Verification failed: the rendition cannot be opened ({error.message})"
        raise MediaError("verify_failed", message, "verify") from None
    if (picture.width, picture.height) != size:
        message = f"Verification failed: {picture.width}x{picture.height} was written instead of {size}"
        raise MediaError("verify_failed", message, "verify")
    if not _moves(picture, motion):
        message = f"Verification failed: {picture.frames} frames of {motion.frames} were written"
        raise MediaError("verify_failed", message, "verify")
    return picture.frames


def _moves(picture: VipsPicture, motion: Motion) -> bool:
    """Compare the number of frames, or where some are alike, the time that all of them are shown.

    Of frames that are all alike libwebp makes a still picture (WebPAnimEncoderAssemble), which has no time.
    """
    if picture.frames == motion.frames:
        return True
    if picture.frames == 1 and picture.format == "webp":
        return bool(motion.delays_ms)
    apart_ms = abs(sum(picture.delays_ms()) - sum(motion.delays_ms))
    return picture.frames < motion.frames and apart_ms <= ROUNDED_MS * motion.frames
