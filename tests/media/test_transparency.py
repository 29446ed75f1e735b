from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dmedia.media.libvips import pyvips
from dmedia.model import FileResult
from tests.media.colour_difference import Array
from tests.media.conftest import Processing
from tests.media.containers import TARGETS, plain_tiff
from tests.media_making import encoded

GOLD = (220, 180, 40)

SHAPES: tuple[dict[str, Any], ...] = (
    {"width": 50}, {"width": 60, "height": 40, "fit": "cover"}, {"width": 400, "enlarge": True},
    {"width": 90, "height": 60, "fit": "contain", "background": "transparent"},
    {"width": 31, "height": 77, "fit": "fill"},
)  # fmt: skip


def disc() -> Image.Image:
    """Draw a gold disc with a soft edge, and hide green where nothing is seen."""
    down, across = np.mgrid[:200, :200]
    alpha = np.clip((80 - np.hypot(across - 100, down - 100)) * 20, 0, 255).astype("uint8")
    colour = np.where(alpha[..., None] > 0, GOLD, (0, 255, 0)).astype("uint8")
    return Image.fromarray(np.dstack([colour, alpha]))


def pixels(result: FileResult) -> Array:
    assert result.failure is None, result.failure
    with Image.open(os.fsdecode(result.outputs[0].path)) as image:
        return np.asarray(image.convert("RGBA")).astype("int16")


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize(("target", "tolerance"), [("png", 1), ("tiff", 1), ("webp", 12), ("avif", 6), ("gif", 6)])
def test_a_soft_edge_gets_no_fringe(processed: Processing, target: str, tolerance: int, shape: dict[str, Any]) -> None:
    quality = 95 if target in {"webp", "avif"} else None
    result = processed(
        encoded(disc(), "PNG"), "resize", name="i.png", out=TARGETS[target], format=target, quality=quality, **shape
    )
    out = pixels(result)
    seen = out[out[..., 3] > 40]
    assert len(seen) > 100
    assert np.abs(seen[:, :3] - GOLD).max() <= tolerance
    assert (out[..., 3].min(), out[..., 3].max()) == (0, 255)


@pytest.mark.parametrize("colour", [(200, 100, 50, 128), (13, 77, 240, 200), (201, 99, 51, 9), (255, 255, 255, 254)])
@pytest.mark.parametrize("width", [40, 160])
def test_scaling_leaves_one_transparent_colour_exactly_as_it_is(
    processed: Processing, colour: tuple[int, ...], width: int
) -> None:
    source = encoded(Image.new("RGBA", (80, 80), colour), "PNG")
    out = pixels(processed(source, "resize", name="i.png", out="o.png", width=width, enlarge=True))
    assert (out == colour).all()


def test_scaling_leaves_16_bits_exactly_as_they_are(processed: Processing) -> None:
    deep = pyvips.Image.black(80, 80, bands=4).linear(1, [30_001, 20_003, 10_007, 40_000]).cast("ushort")
    source = bytes(deep.copy(interpretation="rgb16").pngsave_buffer())
    result = processed(source, "resize", name="i.png", out="o.png", width=40)
    image = pyvips.Image.new_from_file(os.fsdecode(result.outputs[0].path))
    assert image.getpoint(20, 20) == [30_001, 20_003, 10_007, 40_000]


@pytest.mark.parametrize(
    ("background", "expected"), [("#ffffff", (227, 177, 152)), ("black", (100, 50, 25)), ("#0000ff", (100, 50, 152))]
)
def test_half_transparent_colours_are_mixed_with_the_background(
    processed: Processing, background: str, expected: tuple[int, ...]
) -> None:
    source = encoded(Image.new("RGBA", (80, 80), (200, 100, 50, 128)), "PNG")
    result = processed(source, "convert", name="i.png", format="jpg", quality=100, background=background)
    assert np.abs(pixels(result)[40, 40, :3] - expected).max() <= 2


@pytest.mark.parametrize("kind", [1, 2])
def test_colours_that_are_stored_weighted_by_their_alpha_are_unweighted(processed: Processing, kind: int) -> None:
    colour, alpha = np.array((200, 100, 50)), 128
    given = np.rint(colour * alpha / 255) if kind == 1 else colour  # TIFF 6.0, section 18: associated or not
    samples = np.tile(np.append(given, alpha), (16, 16, 1)).astype("uint8")
    out = pixels(processed(plain_tiff(samples, 2, extra=(kind,)), "convert", name="i.tif", out="o.png", format="png"))
    assert np.abs(out[8, 8] - (200, 100, 50, 128)).max() <= 1


@pytest.mark.parametrize("target", ["png", "tiff", "webp", "avif"])
@pytest.mark.parametrize(
    ("mode", "transparency", "expected"),
    [
        ("P", bytes([0, 128, 255]), [0, 128, 255]), ("P", 1, [255, 0, 255]),
        ("RGB", (0, 0, 0), [0, 255, 255]), ("L", 200, [255, 255, 0]),
    ],
)  # fmt: skip
def test_transparency_that_png_keeps_apart_is_seen(
    processed: Processing, mode: str, transparency: Any, expected: list[int], target: str
) -> None:
    image = Image.frombytes("P" if mode == "P" else "L", (48, 16), bytes([0] * 16 + [1] * 16 + [2] * 16) * 16)
    if mode == "P":
        image.putpalette([0, 0, 0, 90, 90, 90, 200, 200, 200])
    else:
        image = image.point([0, 90, 200] + [0] * 253).convert(mode)
    source = encoded(image, "PNG", transparency=transparency)
    result = processed(source, "convert", name="i.png", out=TARGETS[target], format=target, lossless=target != "avif")
    assert [int(pixels(result)[8, x, 3]) for x in (8, 24, 40)] == expected
