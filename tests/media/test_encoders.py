from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image, JpegImagePlugin

from dmedia.media.effort import EFFORTS, encode_weight, native_effort
from dmedia.media.encoders import ENCODERS, options
from dmedia.media.libvips import pyvips
from dmedia.operations.parameters import Encoding
from tests.media_making import encoded, photo

if TYPE_CHECKING:
    from dmedia.model import FileResult
    from tests.media.conftest import Processing

SMALL, LARGE = pyvips.Image.black(100, 100), pyvips.Image.black(2000, 1000)


def path_of(result: FileResult) -> str:
    assert result.failure is None, result.failure
    return os.fsdecode(result.outputs[0].path)


def test_effort_is_one_scale_for_all_codecs() -> None:
    for efforts in EFFORTS.values():
        assert len(efforts) == 10
        assert list(efforts) == sorted(efforts)
    assert (native_effort("webp", None), native_effort("avif", None), native_effort("png", None)) == (2, 3, 6)
    assert native_effort("jpg", None) == 4


def test_a_slow_codec_stretches_the_deadline() -> None:
    assert encode_weight("avif", None) == 1
    assert encode_weight("avif", 9) > 1
    assert encode_weight("webp", 9) == 1
    assert encode_weight("gif", None) == 1
    assert encode_weight("gif", 9) > 1
    assert encode_weight("avif", None, lossless=True) > 1
    assert encode_weight("avif", 9, lossless=True) > encode_weight("avif", 9)


@pytest.mark.parametrize(
    ("image", "effort", "optimised", "trellis"),
    [
        (SMALL, None, True, False),
        (SMALL, 0, False, False),
        (LARGE, None, False, False),
        (LARGE, 5, True, False),
        (LARGE, 9, True, True),
    ],
)
def test_jpeg_tables_are_optimised_where_it_pays(
    image: Any, effort: int | None, optimised: bool, trellis: bool
) -> None:
    chosen = options(image, "jpg", Encoding(effort=effort))
    assert (chosen["optimize_coding"], chosen.get("trellis_quant", False)) == (optimised, trellis)


@pytest.mark.parametrize(("quality", "sampling"), [(None, 2), (80, 2), (90, 2), (94, 2), (95, 0), (100, 0)])
def test_chroma_keeps_its_resolution_from_quality_95(processed: Processing, quality: int | None, sampling: int) -> None:
    with Image.open(
        path_of(processed(encoded(photo(), "PNG"), "convert", name="i.png", format="jpg", quality=quality))
    ) as image:
        assert JpegImagePlugin.get_sampling(image) == sampling


@pytest.mark.parametrize("image_format", sorted(ENCODERS))
@pytest.mark.parametrize("effort", [0, 9])
def test_every_effort_writes_a_picture(processed: Processing, image_format: str, effort: int) -> None:
    extension = {"tiff": "tif"}.get(image_format, image_format)
    source = encoded(photo((160, 120)), "PNG")
    result = processed(
        source, "convert", name="i.png", out=f"o.{extension}", format=image_format, effort=effort, progressive=True
    )
    assert path_of(result)


def test_lower_quality_makes_fewer_bytes(processed: Processing) -> None:
    for image_format in ("jpg", "webp", "avif"):
        arguments = {"name": "i.png", "out": f"o.{image_format}", "format": image_format}
        results = [processed(encoded(photo(), "PNG"), "convert", **arguments, quality=quality) for quality in (20, 90)]
        sizes = [result.outputs[0].size_bytes for result in results]
        assert sizes[0] < sizes[1]


def test_png_is_never_reduced_to_a_palette(processed: Processing) -> None:
    source = encoded(photo((64, 64)), "PNG")
    with Image.open(path_of(processed(source, "compress", name="i.png", out="o.png", quality=10, width=32))) as image:
        assert image.mode == "RGB"


def test_a_large_tiff_is_a_big_one() -> None:
    huge = pyvips.Image.black(70_000, 70_000)
    assert options(huge, "tiff", Encoding())["bigtiff"]
    assert not options(LARGE, "tiff", Encoding())["bigtiff"]
