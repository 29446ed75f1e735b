"""Similarity is the published one: formula 13 of Wang et al. (2004), computed here a second time, window by window."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from dmedia.media.libvips import pyvips
from dmedia.media.pixels import from_memory
from dmedia.media.similarity import COLUMNS, ssim
from dmedia.media.strips import ROWS


def noise(width: int, height: int, bands: int = 3, seed: int = 1, spread: int = 256) -> pyvips.Image:
    values = random.Random(seed)
    pixels = bytes(values.randrange(spread) for _ in range(width * height * bands))
    return from_memory(pixels, (width, height), bands)


def luma_of(image: pyvips.Image) -> np.ndarray:
    red, green, blue = np.moveaxis(image.numpy().astype(float), 2, 0)
    luma: np.ndarray = 0.299 * red + 0.587 * green + 0.114 * blue
    return luma


def by_the_formula(first: pyvips.Image, second: pyvips.Image) -> float:
    """One window after the other, as section III B writes it."""
    x, y = luma_of(first), luma_of(second)
    weights = np.array([[math.exp(-(i * i + j * j) / (2 * 1.5**2)) for i in range(-5, 6)] for j in range(-5, 6)])
    weights /= weights.sum()
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    scores = []
    for top in range(x.shape[0] - 10):
        for left in range(x.shape[1] - 10):
            one, other = x[top : top + 11, left : left + 11], y[top : top + 11, left : left + 11]
            mean_x, mean_y = (weights * one).sum(), (weights * other).sum()
            variance_x, variance_y = (weights * (one - mean_x) ** 2).sum(), (weights * (other - mean_y) ** 2).sum()
            covariance = (weights * (one - mean_x) * (other - mean_y)).sum()
            luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
            scores.append(luminance * (2 * covariance + c2) / (variance_x + variance_y + c2))
    return float(np.mean(scores))


@pytest.mark.parametrize(("width", "height"), [(11, 11), (40, 30), (COLUMNS + 25, 12), (13, 2 * ROWS + 9)])
def test_it_is_what_the_formula_says_whatever_strips_and_tiles_there_are(width: int, height: int) -> None:
    first, second = noise(width, height), noise(width, height, seed=2, spread=100)
    mixed = (first * 0.7 + second * 0.3).cast("uchar").copy(interpretation="srgb")
    assert ssim(first, mixed, "#ffffff") == pytest.approx(by_the_formula(first, mixed), abs=1e-5)
    assert ssim(first, second, "#ffffff") == pytest.approx(by_the_formula(first, second), abs=1e-5)


@pytest.mark.parametrize("size", [(1, 1), (5, 80), (80, 10), (11, 11), (300, 150)])
def test_a_picture_is_like_itself_and_less_like_what_was_made_of_it(size: tuple[int, int]) -> None:
    image = noise(*size)
    assert ssim(image, image, "#ffffff") == pytest.approx(1, abs=1e-6)
    assert ssim(image, image.invert(), "#ffffff") < 0.9


def test_grey_depth_and_transparency_count_as_they_are_seen() -> None:
    grey = noise(60, 40, bands=1)
    colour = grey.bandjoin([grey, grey]).copy(interpretation="srgb")
    deep = (colour * 257).cast("ushort").copy(interpretation="rgb16")
    assert ssim(grey, colour, "#ffffff") == pytest.approx(1, abs=1e-6)
    assert ssim(deep, colour, "#ffffff") == pytest.approx(1, abs=1e-6)
    clear = colour.bandjoin(0).copy(interpretation="srgb")
    white = (colour * 0 + 255).cast("uchar").copy(interpretation="srgb")
    assert ssim(clear, white, "#ffffff") == pytest.approx(1, abs=1e-6)
    assert ssim(clear, white, "#000000") < 0.1
