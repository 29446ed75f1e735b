"""One scale of effort for all codecs, and what the slow ones are allowed for it.

Figures are from libvips 8.18 on a 2 MP photo, CPU seconds a megapixel and bytes against the line before; what effort
and quality give together, ``benchmarks/effort.py`` measures.
"""

from __future__ import annotations

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

SLOW = {"avif": (4, 15), "gif": (7, 4)}
"""libvips effort from which a codec takes seconds a megapixel, and by how much a deadline is stretched then.

Small GIF frames of many colours, each with its palette, took 0.4 to 2.3 s a megapixel at 7, 0.6 to 4.0 at 10.
"""

LOSSLESS_WEIGHT = {"avif": 5, "webp": 3}
"""By how much more without loss: AVIF takes 1.7 s a megapixel at effort 4 of the scale, WebP 1.3 s at 9."""


def native_effort(image_format: str, effort: int | None) -> int:
    """Tell a codec's own effort for one of the scale; JPEG has none, and is given the scale's."""
    effort = DEFAULT_EFFORT if effort is None else effort
    return EFFORTS[image_format][effort] if image_format in EFFORTS else effort


def encode_weight(image_format: str, effort: int | None, *, lossless: bool = False) -> int:
    """Tell by how much a rendition's pixels count in its deadline: more for codecs that take seconds a megapixel."""
    slow_from, slow_weight = SLOW.get(image_format, (0, 1))
    weight = slow_weight if native_effort(image_format, effort) >= slow_from else 1
    return weight * (LOSSLESS_WEIGHT.get(image_format, 1) if lossless else 1)
