"""How renditions are written: one table of formats, one scale of effort, default qualities, the options of each codec.

Figures are from libvips 8.18 on a 2 MP photo, CPU seconds a megapixel and bytes against the line before; what effort
and quality give together, ``benchmarks/effort.py`` measures.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dmedia.media import faults, resolution
from dmedia.media.effort import DEFAULT_EFFORT, native_effort
from dmedia.media.libvips import EXIF_FIELD, PALETTE_FIELD, pyvips

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
    animated : bool
        Whether libvips writes frames into it that follow each other in time.
    profile, grey : bool
        Whether it is written with an ICC profile, and with grey samples, to which a grey profile belongs.
    quality : int or None
        Where nobody asked for one, on the codec's own scale of 1-100; ``None`` where the format is lossless. JPEG's and
        WebP's are what people expect of a web tool, and as similar to the original as each other; AVIF's is the one
        that is so too: 0.974, 0.974 and 0.975 by ``benchmarks/effort.py``.
    """

    saver: str
    longest_side: int
    alpha: bool
    deep: bool
    profile: bool
    grey: bool
    quality: int | None
    animated: bool = False

    @property
    def bits(self) -> int:
        """Most bits a sample that it is written with: AVIF takes 12, but hardly anybody shows more than 10."""
        if not self.deep:
            return 8
        return 10 if self.saver == "heifsave_target" else 16


ENCODERS: dict[str, Encoder] = {
    "jpg": Encoder("jpegsave_target", 65_500, alpha=False, deep=False, profile=True, grey=True, quality=80),
    "png": Encoder("pngsave_target", 2**31 - 1, alpha=True, deep=True, profile=True, grey=True, quality=None),
    "webp": Encoder(
        "webpsave_target", 16_383, alpha=True, deep=False, profile=True, grey=False, quality=80, animated=True
    ),
    "avif": Encoder("heifsave_target", 16_384, alpha=True, deep=True, profile=True, grey=False, quality=60),
    "tiff": Encoder("tiffsave_target", 2**31 - 1, alpha=True, deep=True, profile=True, grey=True, quality=None),
    "gif": Encoder(
        "gifsave_target", 65_535, alpha=True, deep=False, profile=False, grey=False, quality=None, animated=True
    ),
}

KEEP_EXIF, KEEP_XMP, KEEP_ALL = 1, 2, 31
"""Flags of libvips' ``VipsForeignKeep``."""

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

GIF_FRAME_ERROR = 4.0
"""By how much colours may differ from the frame before, of 255, to be left as they are there.

Four animations of 5 to 36 frames at half their size: 243 KB become 34 (largest difference 5, PSNR 50 dB), 25 become 22,
91 become 79, 96 stay. At 8 the first becomes 22 KB, with 48 dB. Where pixels stay as they are, the source's palette
does too: they are exact then (of 255 colours and more 2 % move by up to 8), for half the CPU time. New palettes after
scaling take 1.0 to 3.3 times the bytes of the source's palette, and are 1 to 17 dB better.

Animated WebP has the options of still ones: ``mixed`` saves 0 to 5 % of the bytes for up to three times the CPU time,
``min_size`` less than 1 % for 1.6 times.
"""


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
            return {"effort": level, "interlace": parameters.progressive, **_gif_frames(image)}


def quality_of(image_format: str, parameters: Encoding) -> int | None:
    """Tell a rendition's quality, 1-100; ``None`` without loss."""
    default = ENCODERS[image_format].quality
    return None if parameters.lossless or default is None else parameters.quality or default


def _gif_frames(image: Any) -> dict[str, Any]:
    """Choose how the frames of a GIF share colours: they keep the source's palette only where they are its pixels."""
    if not image.get_typeof("page-height"):
        return {}
    return {"reuse": True} if image.get_typeof(PALETTE_FIELD) else {"interframe_maxerror": GIF_FRAME_ERROR}


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
