"""A finished file is opened again before it is published, to see whether it is what was asked for."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dmedia import formats
from dmedia.errors import MediaError
from dmedia.media.decoders.vips import LOADERS, VipsPicture

if TYPE_CHECKING:
    from dmedia.media.geometry import Size


def verify(descriptor: int, image_format: str, size: Size) -> None:
    """Open a finished file again and compare.

    Parameters
    ----------
    descriptor : int
        The finished file, open for reading.
    image_format : str
        What it must be, by its content.
    size : Size
        What it must measure, as stored.

    Raises
    ------
    MediaError
        ``verify_failed`` when it cannot be opened or is something else.
    """
    head = os.pread(descriptor, formats.HEAD_BYTES, 0)
    found = formats.sniff(head).format
    if found == f"{image_format} sequence":  # only copies have frames, and libvips need not be able to open them
        return
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
