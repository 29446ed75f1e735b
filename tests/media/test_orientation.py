from __future__ import annotations

import io
import os
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from dmedia.model import FileResult
from tests.media.colour_difference import Array
from tests.media.conftest import Processing
from tests.media.containers import NAMES, TARGETS, contained
from tests.media_making import CORNERS, TURNS, corners, jpeg

SIZE = (64, 48)

WORK: dict[str, tuple[str, dict[str, Any], tuple[int, int]]] = {
    "convert": ("convert", {}, SIZE),
    "thumbnail, both sides": ("thumbnail", {"width": 20, "height": 20}, (20, 20)),
    "thumbnail, one side": ("thumbnail", {"height": 24}, (32, 24)),
    "resize into a box": ("resize", {"width": 32, "height": 60}, (32, 24)),
    "resize, cover": ("resize", {"width": 30, "height": 40, "fit": "cover"}, (30, 40)),
    "resize, stretched": ("resize", {"width": 32, "height": 40, "fit": "fill"}, (32, 40)),
    "resize, enlarged": ("resize", {"width": 128, "enlarge": True}, (128, 96)),
    "crop by gravity": ("crop", {"width": 44, "height": 40}, (44, 40)),
    "watermark": ("watermark", {"text": "Fi", "size": 20, "position": "north", "color": "black", "opacity": 1}, SIZE),
}
"""Operation, its parameters, and the size that must come out."""


def turned(container: str, orientation: int) -> bytes:
    """Make ``corners`` in a container, stored so that the orientation makes it upright."""
    image = corners(SIZE)
    if orientation in TURNS:
        image = image.transpose(TURNS[orientation])
    block = Image.Exif()
    block[0x0112] = orientation
    tagged: dict[str, Any] = {"tiffinfo": {0x0112: orientation}} if container == "TIFF" else {"exif": block.tobytes()}
    return contained(image, container, **tagged)


def opened(result: FileResult) -> Image.Image:
    assert result.failure is None, result.failure
    with Image.open(os.fsdecode(result.outputs[0].path)) as image:
        image.load()
        assert image.size == (result.outputs[0].width, result.outputs[0].height)
        assert image.getexif().get(0x0112, 1) == 1
        return image


def pixels(image: Image.Image) -> Array:
    return np.asarray(image.convert("RGB")).astype("int16")


def has_corners(image: Image.Image) -> bool:
    found, (height, width) = pixels(image), (image.height, image.width)
    places = [(y, x) for y in (height // 6, height * 5 // 6) for x in (width // 6, width * 5 // 6)]
    return all(np.abs(found[place] - colour).max() <= 24 for place, colour in zip(places, CORNERS, strict=True))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("container", NAMES)
def test_every_orientation_comes_out_upright_once_whatever_is_done(
    processed: Processing, container: str, orientation: int
) -> None:
    sources = turned(container, 1), turned(container, orientation)
    for name, (operation, arguments, size) in WORK.items():
        plain, image = (
            opened(
                processed(
                    source, operation, name=NAMES[container], out="o.png", format="png", metadata="keep", **arguments
                )
            )
            for source in sources
        )
        assert image.size == size, name
        assert operation == "watermark" or has_corners(image), name
        assert np.abs(pixels(image) - pixels(plain)).mean() < 2, name  # a text lies as on a picture that is not turned


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("container", NAMES)
def test_a_crop_is_counted_on_the_upright_picture(processed: Processing, container: str, orientation: int) -> None:
    for x, y, colour in ((0, 0, CORNERS[0]), (32, 0, CORNERS[1]), (0, 24, CORNERS[2]), (32, 24, CORNERS[3])):
        arguments: dict[str, Any] = {"x": x + 2, "y": y + 2, "width": 28, "height": 20, "format": "png"}
        source = turned(container, orientation)
        image = opened(processed(source, "crop", name=NAMES[container], out="o.png", **arguments))
        assert image.size == (28, 20)
        assert np.abs(pixels(image) - colour).mean() < 6


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("container", NAMES)
def test_a_compressed_picture_is_seen_upright_encoded_anew_or_not(
    processed: Processing, container: str, orientation: int
) -> None:
    out = NAMES[container].replace("heic", "jpg")
    result = processed(turned(container, orientation), "compress", name=NAMES[container], out=out, quality=60)
    assert result.failure is None, result.failure
    image = ImageOps.exif_transpose(Image.open(os.fsdecode(result.outputs[0].path)))
    assert image.size == SIZE == (result.outputs[0].width, result.outputs[0].height)
    assert has_corners(image)
    if not result.warnings:
        opened(result)


@pytest.mark.parametrize("metadata", ["copyright", "keep", "strip"])
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("orientation", [3, 5, 6])
def test_a_rendition_says_that_it_is_upright_or_nothing(
    processed: Processing, orientation: int, target: str, metadata: str
) -> None:
    source = jpeg(orientation, SIZE, private=True)
    image = opened(processed(source, "convert", out=TARGETS[target], format=target, metadata=metadata, quality=95))
    assert image.size == SIZE
    assert has_corners(image)


def test_the_picture_is_another_one_after_every_turn() -> None:
    stored = {
        Image.open(io.BytesIO(turned("PNG", orientation))).convert("RGB").tobytes() for orientation in range(1, 9)
    }
    assert len(stored) == 8
