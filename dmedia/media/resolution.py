"""The resolution of a picture: kept where its source states one, and not invented where it does not.

libvips gives every image one, 25.4 or 72 dpi where the file has none, and writes it. ``resolution-unit`` is its field
for the unit of a resolution that JPEG or TIFF states; here it stands in every image whose source states one.
"""

from __future__ import annotations

import os
import struct
from typing import Any

from dmedia.media import exif
from dmedia.media.chunks import png_head
from dmedia.media.libvips import EXIF_FIELD, pyvips

UNIT_FIELD = "resolution-unit"
MILLIMETRES_AN_INCH = 25.4

UNKNOWN_DPI = 72.0
"""What EXIF and TIFF say where they must say something and nothing is known (Exif 2.32, 4.6.4: XResolution)."""

INCH, CENTIMETRE = 2, 3
"""EXIF's and TIFF's ``ResolutionUnit``."""

METRE = 1
"""PNG's unit of ``pHYs``; 0 says only how pixels relate (PNG 3rd edition, 11.3.4.3)."""

ONLY_SQUARE = struct.pack(">IIB", 1, 1, 0)
"""The ``pHYs`` of a picture of square pixels without a resolution."""


def is_stated(image: Any) -> bool:
    """Tell whether an image's resolution is its source's."""
    return bool(image.get_typeof(UNIT_FIELD))


def state(image: Any, across_dpi: float, down_dpi: float) -> Any:
    """Give an image the resolution that its source states.

    Parameters
    ----------
    image : pyvips.Image
        Any.
    across_dpi, down_dpi : float
        Pixels an inch.

    Returns
    -------
    pyvips.Image
        A copy.
    """
    image = image.copy(xres=across_dpi / MILLIMETRES_AN_INCH, yres=down_dpi / MILLIMETRES_AN_INCH)
    image.set_type(pyvips.GValue.gstr_type, UNIT_FIELD, "in")
    return image


def forget(image: Any) -> Any:
    """Give an image no resolution; what is written where a format must have one is 72 dpi."""
    default = UNKNOWN_DPI / MILLIMETRES_AN_INCH
    image = image.copy(xres=default, yres=default)
    image.remove(UNIT_FIELD)
    return image


def with_stated(image: Any, image_format: str, descriptor: int) -> Any:
    """Mark whether the file that libvips has loaded states a resolution, and take it from EXIF where libvips does not.

    Parameters
    ----------
    image : pyvips.Image
        As loaded.
    image_format : str
        Of the file.
    descriptor : int
        The file; its position does not change.

    Returns
    -------
    pyvips.Image
        With ``resolution-unit`` only where the file states a resolution.
    """
    if image_format == "png" and not is_stated(image) and _has_metres(descriptor):
        return state(image, image.xres * MILLIMETRES_AN_INCH, image.yres * MILLIMETRES_AN_INCH)
    if image_format in {"webp", "avif"} and image.get_typeof(EXIF_FIELD):
        found = resolution_of(image.get(EXIF_FIELD))
        return state(image, *found) if found else forget(image)
    return image


def resolution_of(block: bytes) -> tuple[float, float] | None:
    """Read the resolution that an EXIF block states.

    Parameters
    ----------
    block : bytes
        With or without its prefix.

    Returns
    -------
    tuple of float or None
        Pixels an inch, across and down; ``None`` where nothing, or nothing possible, is stated.
    """
    main, _ = exif.read_exif(block)
    across, down, unit = (main.get(tag) for tag in exif.RESOLUTION)
    number = unit.number if unit else INCH
    if across is None or down is None or number not in {INCH, CENTIMETRE}:
        return None
    values = _rational(across), _rational(down)
    if not (values[0] > 0 and values[1] > 0):
        return None
    factor = MILLIMETRES_AN_INCH / 10 if number == CENTIMETRE else 1.0
    return values[0] * factor, values[1] * factor


def _rational(entry: exif.Entry) -> float:
    if entry.kind != exif.RATIONAL:
        return 0.0
    above, below = struct.unpack(">II", entry.data[:8])
    return above / below if below else 0.0


def _has_metres(descriptor: int) -> bool:
    return any(
        name == b"pHYs" and os.pread(descriptor, 1, at + 16) == bytes([METRE]) for name, at, _ in png_head(descriptor)
    )
