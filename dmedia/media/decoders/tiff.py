"""TIFFs whose samples libvips takes for something else: Lab with unsigned tints, and YCbCr that is not subsampled."""

from __future__ import annotations

import os
from typing import Any

from dmedia.errors import MediaError
from dmedia.media.exif import read_tiff

PHOTOMETRIC, COMPRESSION = 0x0106, 0x0103
YCBCR, ICC_LAB, ITU_LAB = 6, 9, 10
"""``PhotometricInterpretation``: TIFF 6.0, section 21; the other two are from libtiff's tiff.h, where Adobe's TIFF
Technote 4 and ITU-T T.42 (facsimile) have their numbers."""

JPEG_COMPRESSIONS = {6, 7}
"""``Compression`` whose own decoder gives RGB."""


def with_true_samples(image: Any, descriptor: int) -> Any:
    """Give a TIFF's pixels in the colours that the file says they are.

    Parameters
    ----------
    image : pyvips.Image
        As libvips loaded it.
    descriptor : int
        The file; its position does not change.

    Returns
    -------
    pyvips.Image
        The same one where libvips was right.

    Raises
    ------
    MediaError
        ``unsupported_format`` for what only another decoder, or none, reads in its true colours.
    """
    main, _ = read_tiff(lambda offset, length: os.pread(descriptor, length, offset))
    stored = {tag: main[tag].number for tag in (PHOTOMETRIC, COMPRESSION) if tag in main}
    kind = stored.get(PHOTOMETRIC)
    if kind == YCBCR and stored.get(COMPRESSION) not in JPEG_COMPRESSIONS:
        if image.bands != 4:  # it undoes subsampling, and gives an alpha then that the file does not have
            raise MediaError("unsupported_format", "Unsupported format: TIFF of plain YCbCr", "decode")
        return image.extract_band(0, n=3)
    if kind == ITU_LAB:
        raise MediaError("unsupported_format", "Unsupported format: TIFF in the Lab of facsimile", "decode")
    return _from_icc_lab(image) if kind == ICC_LAB and image.bands >= 3 else image


def _from_icc_lab(image: Any) -> Any:
    """Undo ICC's encoding of Lab: 255 or 65280 are L* 100, and 128 or 32768 are no tint (ICC.1:2001-04, 6.3.4)."""
    step = 256 if image.format == "ushort" else 1
    lightness = image.extract_band(0).linear(100 / (255 * step), 0)
    tints = image.extract_band(1, n=2).linear(1 / step, -128)
    return lightness.bandjoin(tints).cast("float").copy(interpretation="lab")
