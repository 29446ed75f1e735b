"""How similar two pictures look: the structural similarity index (SSIM), as it was published and as most tools have it.

Z. Wang, A. C. Bovik, H. R. Sheikh, E. P. Simoncelli: Image Quality Assessment: From Error Visibility to Structural
Similarity. IEEE Transactions on Image Processing 13 (4), 2004. It is the mean over the luma of formula 13 there, with a
Gaussian window of 11 x 11 pixels and its constants, at full size; only where the whole window lies inside the picture.
scikit-image's ``structural_similarity`` gives the same for the same luma with ``gaussian_weights=True, sigma=1.5,
use_sample_covariance=False, data_range=255``. Colour differences without a difference in luma do not count.

Pictures are read in strips and worked on in tiles that fit into a processor's cache: memory does not grow with the
height of a picture, and time is about 50 ms of CPU a megapixel, as measured on a busy machine.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from dmedia.media.guard import ENVIRONMENT
from dmedia.media.strips import ROWS, strips
from dmedia.operations.colour import parse_colour

os.environ.setdefault("OPENBLAS_NUM_THREADS", ENVIRONMENT["OPENBLAS_NUM_THREADS"])

import numpy as np  # numpy reads the environment when it is loaded

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    Samples = npt.NDArray[np.float32]

SIGMA, RADIUS = 1.5, 5
"""Of the Gaussian window in pixels: section III B of the paper, 11 x 11."""

C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
"""Constants of formula 13, for samples of 0-255: K1 and K2 are the paper's."""

LUMA = [[0.299, 0.587, 0.114]]
"""Weights of red, green and blue: ITU-R BT.601, as in JPEG (ITU-T T.871, 7)."""

COLUMNS = 256
"""Of a tile: of 64 to 512 the fastest, as measured."""

_distances = np.arange(-RADIUS, RADIUS + 1)
_weights = np.exp(-(_distances**2) / (2 * SIGMA**2))
WINDOW: Samples = (_weights / _weights.sum()).astype(np.float32)


def ssim(first: Any, second: Any, background: str) -> float:
    """Compare two pictures.

    Parameters
    ----------
    first, second : pyvips.Image
        Grey or RGB, with or without alpha, of one size; each is read once from top to bottom.
    background : str
        Colour that transparent parts are laid onto.

    Returns
    -------
    float
        At most 1, which is the same luma everywhere; below 0 only for pictures that have nothing to do with each other.

    Raises
    ------
    pyvips.Error
        When one of them cannot be decoded.
    """
    total, count = 0.0, 0
    for one, other in zip(_overlapping(first, background), _overlapping(second, background), strict=True):
        for left in range(0, one.shape[1] - 2 * RADIUS, COLUMNS):
            tile = slice(left, left + COLUMNS + 2 * RADIUS)
            scores = _scores(one[:, tile], other[:, tile])
            total, count = total + float(scores.sum(dtype=np.float64)), count + scores.size
    return total / count


def _overlapping(image: Any, background: str) -> Iterator[Samples]:
    """Give the luma in strips that overlap by what a window reaches beyond its centre; mirrored where it is small."""
    least = 2 * RADIUS + 1
    luma = _luma(image, background)
    if min(luma.width, luma.height) < least:
        small = np.frombuffer(luma.write_to_memory(), np.float32).reshape(luma.height, luma.width)
        yield np.pad(small, [(0, max(0, least - side)) for side in small.shape], mode="symmetric")
        return
    above = np.empty((0, luma.width), np.float32)
    for strip in strips(luma, ROWS):
        rows = np.concatenate([above, np.frombuffer(strip, np.float32).reshape(-1, luma.width)])
        above = rows[-2 * RADIUS :]
        if len(rows) >= least:
            yield rows


def _luma(image: Any, background: str) -> Any:
    """Weight the samples, as floating point numbers of 0-255."""
    step = 257 if image.format == "ushort" else 1
    if image.hasalpha():
        colour = parse_colour(background)[:3]
        image = image.flatten(background=[part * step for part in colour[: image.bands - 1]])
    if image.bands >= 3:
        image = image.recomb(LUMA)
    return (image / step).cast("float")


def _scores(one: Samples, other: Samples) -> Samples:
    """Compute formula 13 for each place of the window within a tile."""
    planes = np.stack([one, other, one * one + other * other, one * other])
    mean_one, mean_other, squares, products = _blurred(_blurred(planes, 1), 2)
    means, mean_squares = mean_one * mean_other, mean_one * mean_one + mean_other * mean_other
    likeness: Samples = (2 * means + C1) * (2 * (products - means) + C2)
    scores: Samples = likeness / ((mean_squares + C1) * (squares - mean_squares + C2))
    return scores


def _blurred(planes: Samples, axis: int) -> Samples:
    """Weight with the window along one axis, which gets shorter by it. The window is symmetric."""
    moved = np.moveaxis(planes, axis, -1)
    length = moved.shape[-1] - 2 * RADIUS
    blurred = moved[..., RADIUS : RADIUS + length] * WINDOW[RADIUS]
    for at in range(RADIUS):
        mirrored = 2 * RADIUS - at
        blurred += (moved[..., at : at + length] + moved[..., mirrored : mirrored + length]) * WINDOW[at]
    return np.moveaxis(blurred, -1, axis)
