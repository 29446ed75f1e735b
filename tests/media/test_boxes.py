"""Where each pixel of a rendition comes from, measured on pictures whose colours say where they lie."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dmedia.model import FileResult
from tests.media.colour_difference import Array
from tests.media.conftest import Processing
from tests.media_making import TURNS, encoded

Pair = tuple[int, int]


def slope(size: Pair) -> Image.Image:
    """Make a picture whose red says how far right a pixel lies, and whose green how far down; without any blue."""
    right, down = (np.linspace(0, 255, side) if side > 1 else np.array([128.0]) for side in size)
    planes = np.broadcast_arrays(right[None, :], down[:, None], 0.0)
    return Image.fromarray(np.rint(np.stack(planes, -1)).astype("uint8"))


def turned(image: Image.Image, orientation: int, container: str = "PNG") -> bytes:
    block = Image.Exif()
    block[0x0112] = orientation
    stored = image.transpose(TURNS[orientation]) if orientation in TURNS else image
    options = {"quality": 97, "subsampling": 0} if container == "JPEG" else {}
    return encoded(stored, container, exif=block.tobytes(), **options)


def pixels(result: FileResult) -> Array:
    assert result.failure is None, result.failure
    with Image.open(os.fsdecode(result.outputs[0].path)) as image:
        return np.asarray(image.convert("RGB")).astype("float64")


def expected(side: int, box: int, scale: float) -> Array:
    """Tell what colour each pixel of a side has: the middle of the picture lies in the middle of the box."""
    places = (np.arange(box) + 0.5 - box / 2) / scale + side / 2 - 0.5
    return np.clip(places, 0, side - 1) * 255 / (side - 1) if side > 1 else np.full(box, 128.0)


def tolerance(side: int, scale: float) -> float:
    """Allow a pixel of the rendition, for sides and offsets are whole numbers, and what resampling does to an end."""
    return 3 + 255 * max(1.5 / scale, 0.3) / (side - 1) if side > 1 else 0


SHAPES = [(3, 4000), (4000, 3), (1, 1), (17, 19), (19, 17), (300, 200)]
BOXES = [(100, 100), (33, 77), (1, 1), (640, 3)]


@pytest.mark.parametrize("size", SHAPES, ids=str)
@pytest.mark.parametrize("box", BOXES, ids=str)
@pytest.mark.parametrize("fit", ["cover", "contain", "fill"])
def test_each_pixel_of_an_exact_box_comes_from_its_place(
    processed: Processing, fit: str, box: Pair, size: Pair
) -> None:
    ratios = box[0] / size[0], box[1] / size[1]
    scales = {"cover": (max(ratios),) * 2, "contain": (min(ratios),) * 2, "fill": ratios}[fit]
    picture = [box[side] if fit == "fill" else max(1, round(size[side] * scales[side])) for side in (0, 1)]
    for orientation in range(1, 9):
        source = turned(slope(size), orientation)
        arguments: dict[str, Any] = {"width": box[0], "height": box[1], "fit": fit}
        out = pixels(processed(source, "resize", name="i.png", out="o.png", **arguments))
        assert out.shape[:2] == (box[1], box[0])
        inside = out[..., 2] < 128  # the background is white
        if fit == "contain":
            left, top = (box[0] - picture[0]) // 2, (box[1] - picture[1]) // 2
            wanted = np.zeros(inside.shape, bool)
            wanted[top : top + picture[1], left : left + picture[0]] = True
            assert (inside == wanted).all(), orientation
            assert (out[~inside] == 255).all()
        else:
            assert inside.all()
        for axis, band in ((0, 0), (1, 1)):
            levels = expected(size[axis], box[axis], scales[axis])
            error = np.abs(out[..., band] - (levels[None, :] if axis == 0 else levels[:, None]))[inside]
            assert error.max() <= tolerance(size[axis], picture[axis] / size[axis]), (orientation, axis)


@pytest.mark.parametrize("size", SHAPES, ids=str)
@pytest.mark.parametrize("container", ["PNG", "JPEG"])
@pytest.mark.parametrize(
    ("fit", "width", "height"), [("inside", 50, None), ("inside", 30, 20), ("outside", 30, 20), ("inside", None, 1)]
)
def test_the_whole_picture_is_there_at_the_ratio_it_has(
    processed: Processing, fit: str, width: int | None, height: int | None, container: str, size: Pair
) -> None:
    ratios = [box / side for box, side in zip((width, height), size, strict=True) if box is not None]
    scale = min(1.0, min(ratios) if fit == "inside" else max(ratios))
    wanted = [max(1, round(side * scale)) for side in size]
    for orientation in range(1, 9):
        source = turned(slope(size), orientation, container)
        arguments: dict[str, Any] = {"fit": fit, "width": width, "height": height, "format": "png"}
        out = pixels(processed(source, "resize", name="i.bin", out="o.png", **arguments))
        assert [out.shape[1], out.shape[0]] == wanted, orientation
        for axis, band in ((0, 0), (1, 1)):
            levels = expected(size[axis], wanted[axis], wanted[axis] / size[axis])
            error = np.abs(out[..., band] - (levels[None, :] if axis == 0 else levels[:, None]))
            assert error.max() <= tolerance(size[axis], wanted[axis] / size[axis]) + (container == "JPEG") * 6


@pytest.mark.parametrize(
    ("side", "wanted"), [(64, 128), (64, 192), (100, 150), (63, 126), (64, 32), (200, 50), (64, 20)]
)
@pytest.mark.parametrize("mode", ["L", "RGBA"])
def test_an_edge_lies_where_it_lay_enlarged_or_shrunk(processed: Processing, side: int, wanted: int, mode: str) -> None:
    across = Image.new("L", (side, side), 0)
    across.paste(255, (side // 4, side // 2, side, side))  # from a quarter of the width, and half of the height on
    source = encoded(across.convert(mode), "PNG")
    out = pixels(processed(source, "resize", name="i.png", out="o.png", width=wanted, enlarge=True))[..., 0]
    share = wanted / side
    assert wanted - out[-1].sum() / 255 == pytest.approx(side // 4 * share, abs=0.05)
    assert wanted - out[:, -1].sum() / 255 == pytest.approx(side // 2 * share, abs=0.05)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("x", "y", "width", "height"), [(0, 0, 1, 1), (299, 199, 1, 1), (17, 31, 200, 3), (5, 0, 3, 200)]
)
def test_a_crop_has_the_very_pixels(
    processed: Processing, orientation: int, x: int, y: int, width: int, height: int
) -> None:
    image = slope((300, 200))
    out = pixels(
        processed(turned(image, orientation), "crop", name="i.png", out="o.png", x=x, y=y, width=width, height=height)
    )
    assert (out == np.asarray(image)[y : y + height, x : x + width]).all()
