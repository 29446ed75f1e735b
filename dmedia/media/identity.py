"""Whether two pictures are the same, pixel for pixel."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from dmedia.media.strips import strips

if TYPE_CHECKING:
    from collections.abc import Callable

GREY_OR_RGB = {"b-w", "grey16", "srgb", "rgb16", "multiband", "rgb"}


def is_identical(first: Callable[[], Any], second: Callable[[], Any]) -> bool:
    """Decode two pictures and compare all of their pixels.

    One after the other: a decoder may hold a whole picture. What is compared are SHA-256 checksums over every sample.

    Parameters
    ----------
    first, second : callable
        Gives the picture, a ``pyvips.Image`` that can be read once.

    Returns
    -------
    bool
        ``True`` when size, colours and transparency of every pixel are the same. Grey is the same as three equal
        colours, opaque the same as no transparency, and an 8-bit sample the same as the 16-bit one that is 257 times
        it: a PNG may say one thing in all of these ways. Profiles and other metadata do not count.

    Raises
    ------
    pyvips.Error
        When one of them cannot be decoded.
    """
    one, other = first(), second()
    if (one.width, one.height) != (other.width, other.height):
        return False
    if _form(one) == _form(other):
        return _checksum(first()) == _checksum(second())
    if not all(image.interpretation in GREY_OR_RGB and image.format in {"uchar", "ushort"} for image in (one, other)):
        return False
    del one, other
    return _checksum(_spelled_out(first())) == _checksum(_spelled_out(second()))


def _form(image: Any) -> tuple[object, ...]:
    return image.bands, image.format, "cmyk" if image.interpretation == "cmyk" else ""


def _checksum(image: Any) -> bytes:
    checksum = hashlib.sha256()
    for strip in strips(image):
        checksum.update(strip)
    return checksum.digest()


def _spelled_out(image: Any) -> Any:
    """Write a picture as red, green, blue and alpha of 16 bits."""
    if image.format == "uchar":
        image = (image * 257).cast("ushort")
    if image.bands < 3:
        grey = image.extract_band(0)
        image = grey.bandjoin([grey, grey, *([image.extract_band(1)] if image.bands == 2 else [])])
    return image if image.bands == 4 else image.bandjoin(65535)
