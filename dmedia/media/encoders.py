"""How renditions are written: one table of formats, one scale of effort, default qualities, the options of each codec.

Figures are from libvips 8.18 on a 2 MP photo, CPU seconds a megapixel and bytes against the line before; what effort
and quality give together, ``benchmarks/effort.py`` measures.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dmedia.media import faults, resolution
from dmedia.media.libvips import EXIF_FIELD, pyvips

if TYPE_CHECKING:
    from dmedia.operations.parameters import Encoding


@dataclass(frozen=True, slots=True)
class Encoder:
    """What a format can hold.

    Attributes
    ----------
    saver : str
        libvips' operation.
    longest_side : int
        Pixels a side: 65,500 is libjpeg's JPEG_MAX_DIMENSION, 16,383 libwebp's WEBP_MAX_DIMENSION, 16,384 libvips'
        limit for AVIF, the others what their headers can say.
    alpha, deep : bool
        Whether it holds transparency, and more than 8 bits a sample.
    quality : int or None
        Where nobody asked for one, on the codec's own scale of 1-100; ``None`` where the format is lossless. JPEG's and
        WebP's are what people expect of a web tool, and as similar to the original as each other; AVIF's is the one
        that is so too: 0.974, 0.974 and 0.975 by ``benchmarks/effort.py``.
    """

    saver: str
    longest_side: int
    alpha: bool
    deep: bool
    quality: int | None


ENCODERS: dict[str, Encoder] = {
    "jpg": Encoder("jpegsave_target", 65_500, alpha=False, deep=False, quality=80),
    "png": Encoder("pngsave_target", 2**31 - 1, alpha=True, deep=True, quality=None),
    "webp": Encoder("webpsave_target", 16_383, alpha=True, deep=False, quality=80),
    "avif": Encoder("heifsave_target", 16_384, alpha=True, deep=True, quality=60),
    "tiff": Encoder("tiffsave_target", 2**31 - 1, alpha=True, deep=True, quality=None),
    "gif": Encoder("gifsave_target", 65_535, alpha=True, deep=False, quality=None),
}

KEEP_EXIF, KEEP_XMP, KEEP_ALL = 1, 2, 31
"""Flags of libvips' ``VipsForeignKeep``."""

DEFAULT_EFFORT = 4
"""The next step takes of WebP 2.1 times the CPU for -9 % of the bytes, of AVIF 4 times for -5 %, both at equal
similarity, and of PNG 1.8 times for -3 %: ``benchmarks/effort.py``."""

EFFORTS: dict[str, tuple[int, ...]] = {
    # effort 0 to 9:    default is the fifth
    "webp": (0, 0, 1, 1, 2, 2, 4, 5, 5, 6),  # 0: 0.022 s; 2: 0.033 s, -29 %; 3 and 4: 0.079 s, -3 %; 6: 0.166 s, -5 %
    "avif": (0, 1, 1, 2, 3, 3, 4, 5, 6, 7),  # 0: 0.05 s; 3: 0.42 s, -8 %; 4: 1.57 s, -3 %; 7: 5.68 s, -2 %
    "png": (1, 2, 3, 4, 6, 6, 7, 7, 9, 9),  # zlib; 1: 0.04 s; 4: 0.07 s, -35 %; 6: 0.11 s, -2 %; 9: 0.69 s, -2 %
    "tiff": (1, 2, 3, 4, 6, 6, 7, 7, 9, 9),  # zlib, after the predictor
    "gif": (1, 1, 2, 3, 4, 5, 7, 8, 9, 10),  # 1: 0.34 s; 4: 0.46 s, -2 %; 7: 0.87 s, -9 %
}
"""A codec's own effort, level or compression, by the scale of 0-9."""

JPEG_OPTIMISES_FROM, JPEG_TRELLIS_FROM = 5, 7
"""Effort from which Huffman tables are optimised (1.2 to 1.65 of the encode for -3 %), coefficients too (5 for -16 %).

That is at the same number of quality; the second costs similarity, and at an equal one saves hardly anything:
``benchmarks/effort.py``.
"""

THUMBNAIL_PIXELS = 512 * 512
"""Up to here the fixed Huffman tables are a notable part of the file, and optimising them costs next to nothing."""

FULL_CHROMA_FROM = 95
"""JPEG and AVIF quality from which chroma keeps its full resolution.

libvips itself starts at 90, where that costs 19 to 58 % more bytes for what few pictures show (red text on a dark
ground). sharp and Pillow never do; who asks for 95 and more asks for just that, so the step lies there.
"""

AVIF_SLOW_FROM, AVIF_SLOW_WEIGHT = 4, 15
"""libvips effort from which AVIF takes seconds a megapixel, and by how much a deadline is stretched then."""

LOSSLESS_WEIGHT = {"avif": 5, "webp": 3}
"""By how much more without loss: AVIF takes 1.7 s a megapixel at effort 4 of the scale, WebP 1.3 s at 9."""


def encode(image: Any, descriptor: int, image_format: str, parameters: Encoding) -> None:
    """Write a picture into a file that is open.

    Parameters
    ----------
    image : pyvips.Image
        Grey or RGB with what metadata it shall have; alpha and 16 bits only where the format holds them.
    descriptor : int
        Open for reading and writing; what it holds is replaced.
    image_format : str
        One of ``ENCODERS``.
    parameters : Encoding
        Quality, effort, progressive, lossless.

    Raises
    ------
    MediaError
        ``disk_full``, ``io_error``, ``encode_failed``, ``out_of_memory``; also what decoding says, for that is when
        pixels are pulled: ``corrupt_input``, ``unsupported_format``.
    """
    os.ftruncate(descriptor, 0)
    os.lseek(descriptor, 0, os.SEEK_SET)
    target = pyvips.Target.new_to_descriptor(descriptor)
    try:
        save = getattr(image, ENCODERS[image_format].saver)
        save(target, keep=kept_metadata(image, image_format), **options(image, image_format, parameters))
    except pyvips.Error as error:
        raise faults.media_error(str(error), "encode") from None


def kept_metadata(image: Any, image_format: str) -> int:
    """Choose what libvips writes of an image's metadata.

    Parameters
    ----------
    image : pyvips.Image
        After ``keep_metadata``.
    image_format : str
        One of ``ENCODERS``.

    Returns
    -------
    int
        All, as libvips' flags; but no EXIF that would hold nothing but an invented resolution, and in PNG no XMP:
        see ``metadata.complete_png``.
    """
    kept = KEEP_ALL
    if not image.get_typeof(EXIF_FIELD) and not resolution.is_stated(image):
        kept &= ~KEEP_EXIF
    return kept & ~KEEP_XMP if image_format == "png" else kept


def options(image: Any, image_format: str, parameters: Encoding) -> dict[str, Any]:
    """Choose a saver's options.

    Parameters
    ----------
    image : pyvips.Image
        What is written: its size and depth count.
    image_format : str
        One of ``ENCODERS``.
    parameters : Encoding
        Quality, effort, progressive, lossless.

    Returns
    -------
    dict
        Keyword arguments of libvips' saver.
    """
    quality = quality_of(image_format, parameters)
    level = native_effort(image_format, parameters.effort)
    subsampling = "off" if quality is not None and quality >= FULL_CHROMA_FROM else "on"
    match image_format:
        case "jpg":
            return {"Q": quality, "subsample_mode": subsampling, **_jpeg_coding(image, parameters)}
        case "png":
            return {"compression": level, "filter": "all", "interlace": parameters.progressive}
        case "webp":
            exactly = {"lossless": True, "exact": True}  # colours of what is transparent too
            return {"effort": level, **(exactly if parameters.lossless else {"Q": quality})}
        case "avif":
            depth = {"bitdepth": 10 if image.format == "ushort" else 8, "compression": "av1", "effort": level}
            lossy = {"Q": quality, "subsample_mode": subsampling}
            return {**depth, **({"lossless": True} if parameters.lossless else lossy)}
        case "tiff":
            layout = {"bigtiff": _is_big(image), "resunit": "inch"}
            return {"compression": "deflate", "level": level, "predictor": "horizontal", **layout}
        case _:
            return {"effort": level, "interlace": parameters.progressive}


def quality_of(image_format: str, parameters: Encoding) -> int | None:
    """Tell a rendition's quality, 1-100; ``None`` without loss."""
    default = ENCODERS[image_format].quality
    return None if parameters.lossless or default is None else parameters.quality or default


def native_effort(image_format: str, effort: int | None) -> int:
    """Tell a codec's own effort for one of the scale; JPEG has none, and is given the scale's."""
    effort = DEFAULT_EFFORT if effort is None else effort
    return EFFORTS[image_format][effort] if image_format in EFFORTS else effort


def encode_weight(image_format: str, effort: int | None, *, lossless: bool = False) -> int:
    """Tell by how much a rendition's pixels count in its deadline: more for codecs that take seconds a megapixel."""
    slow = image_format == "avif" and native_effort("avif", effort) >= AVIF_SLOW_FROM
    return (AVIF_SLOW_WEIGHT if slow else 1) * (LOSSLESS_WEIGHT.get(image_format, 1) if lossless else 1)


def _jpeg_coding(image: Any, parameters: Encoding) -> dict[str, Any]:
    effort = native_effort("jpg", parameters.effort)
    small = image.width * image.height <= THUMBNAIL_PIXELS and effort >= DEFAULT_EFFORT
    coding: dict[str, Any] = {
        "optimize_coding": small or effort >= JPEG_OPTIMISES_FROM,
        "interlace": parameters.progressive,
    }
    if effort >= JPEG_TRELLIS_FROM:
        coding |= {"trellis_quant": True, "overshoot_deringing": True, "quant_table": 3}
    return coding


def _is_big(image: Any) -> bool:
    """Tell whether a classic TIFF could overflow: it ends at 4 GiB (TIFF 6.0, section 2: offsets of 32 bits)."""
    sample_bytes = 2 if image.format == "ushort" else 1
    return bool(image.width * image.height * image.bands * sample_bytes > 2**32 - 2**24)
