"""One module per decoder: each opens a source by its sniffed format and gives a ``Picture``.

The table below decides who decodes what; where several stand, the next is tried when one says ``unsupported_format``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dmedia import formats
from dmedia.errors import MediaError
from dmedia.media.decoders import heif, pillow, raw, vips

if TYPE_CHECKING:
    from collections.abc import Callable

    from dmedia.media.decoders.picture import Picture
    from dmedia.media.opened import OpenSource
    from dmedia.model import Limits

    Opener = Callable[[OpenSource, Limits], Picture]

DECODERS: dict[str, tuple[Opener, ...]] = {
    "jpg": (vips.open_picture,),
    "png": (vips.open_picture,),
    "webp": (vips.open_picture,),
    "gif": (vips.open_picture,),
    "avif": (vips.open_picture,),
    "tiff": (vips.open_picture, pillow.open_picture),
    "heif": (heif.open_picture,),
    "raw": (raw.open_picture,),
    "bmp": (pillow.open_picture,),
    "ico": (pillow.open_picture,),
    "psd": (pillow.open_picture,),
    "tga": (pillow.open_picture,),
    "jp2": (pillow.open_picture,),
    "fli": (pillow.open_picture,),
    "avif sequence": (pillow.open_picture,),
}

FULL_NAMES = {"jxl": "JPEG XL", "exr": "OpenEXR", "hdr": "Radiance HDR", "svg": "SVG"}


def decoders_for(source: OpenSource) -> tuple[Opener, ...]:
    """Choose who decodes a picture.

    Parameters
    ----------
    source : OpenSource
        An open source that is no film.

    Returns
    -------
    tuple of callable
        In the order they are tried.

    Raises
    ------
    MediaError
        ``unsupported_format`` when nothing here decodes it; ``corrupt_input`` when it is named like a camera's RAW file
        and its content is nothing.
    """
    sniffed = source.sniffed
    if sniffed.format in DECODERS:
        return DECODERS[sniffed.format]
    if sniffed.format == "svg":
        message = "Unsupported format: SVG is off, because an SVG file can ask for any amount of work"
        raise MediaError("unsupported_format", message, "open", "--allow-svg lets a job render drawings")
    extension = formats.extension(source.path)
    if sniffed.kind == "unknown" and not sniffed.format and formats.EXTENSION_FORMAT.get(extension) == "raw":
        message = f"Corrupt input: named .{extension}, but the content is no camera's RAW format"
        raise MediaError("corrupt_input", message, "open")
    found = FULL_NAMES.get(sniffed.format, sniffed.format) or "the content is no known media format"
    raise MediaError("unsupported_format", f"Unsupported format: {found}", "open")
