"""Sharpening of what was made smaller: edges that the smaller grid of pixels has made soft."""

from __future__ import annotations

from typing import Any

SIGMA = 0.7
"""Radius in pixels. libvips' default of 0.5 hardly touches edges that Lanczos has left two pixels wide; 1 draws rims
that are seen. By eye, on photos of 800 pixels."""

STEEPEST = 4.0
"""Gain at edges for 1; half of it is for most pictures. Plain areas are left alone: their noise would only grow."""


def sharpen(image: Any, amount: float) -> Any:
    """Sharpen a picture's lightness; its colours and its alpha stay.

    An unsharp mask on L of CIELAB with a bound to what lighter and darker edges gain. On a photo that becomes a WebP of
    800 x 533 it takes 25 ms of CPU, where all the rest takes 45 to 120.

    Parameters
    ----------
    image : pyvips.Image
        Grey or RGB, with or without alpha, 8 or 16 bit.
    amount : float
        0 to 1.

    Returns
    -------
    pyvips.Image
        The same kind.
    """
    alpha = [image.extract_band(image.bands - 1)] if image.hasalpha() else []
    colours = image.extract_band(0, n=image.bands - len(alpha))
    sharper = colours.sharpen(sigma=SIGMA, m1=0, m2=STEEPEST * amount).cast(image.format)
    return sharper.bandjoin(alpha) if alpha else sharper
