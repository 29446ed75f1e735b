"""Outside input becomes parameters or a sentence that says what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dmedia.errors import ParameterError, UnknownOperationError
from dmedia.operations import OPERATIONS, find_operation
from dmedia.operations.listing import parameter_fields
from dmedia.operations.parameters import Box, Encoding
from dmedia.operations.validation import adapter, validate

if TYPE_CHECKING:
    from collections.abc import Mapping

NEEDED: dict[str, dict[str, Any]] = {
    "resize": {"width": 10},
    "convert": {"format": "png"},
    "compress": {},
    "watermark": {"text": "a"},
    "thumbnail": {},
    "crop": {"width": 10, "height": 10},
}

GOOD: list[tuple[str, Mapping[str, Any], Mapping[str, Any]]] = [
    ("resize", {"width": "800"}, {"width": 800}),
    ("resize", {"height": 1}, {"height": 1}),
    ("resize", {"width": 65_535, "quality": "100", "effort": 0}, {"width": 65_535, "quality": 100, "effort": 0}),
    ("resize", {"width": 10, "format": "JPEG"}, {"width": 10, "format": "jpg"}),
    ("resize", {"width": 10, "format": "tif"}, {"width": 10, "format": "tiff"}),
    ("resize", {"width": 10, "format": None, "quality": None}, {"width": 10}),
    ("resize", {"width": 10, "progressive": "true"}, {"width": 10, "progressive": True}),
    ("resize", {"width": 10, "enlarge": True}, {"width": 10, "enlarge": True}),
    ("resize", {"width": 10, "background": "Red"}, {"width": 10, "background": "Red"}),
    (
        "resize",
        {"width": 10, "gravity": "entropy", "fit": "cover"},
        {"width": 10, "gravity": "entropy", "fit": "cover"},
    ),
    ("resize", {"long_edge": "900"}, {"long_edge": 900}),
    (
        "resize",
        {"long_edge": 900, "fit": "inside", "enlarge": True},
        {"long_edge": 900, "fit": "inside", "enlarge": True},
    ),
    ("resize", {"width": 10, "sharpen": "0.5", "trim": "4"}, {"width": 10, "sharpen": 0.5, "trim": 4.0}),
    (
        "resize",
        {"width": 10, "height": 10, "trim": 4, "whiten": "yes", "fill_percent": 85},
        {"width": 10, "height": 10, "trim": 4.0, "whiten": True, "fill_percent": 85.0},
    ),
    ("compress", {"trim": 0, "long_edge": 1}, {"trim": 0.0, "long_edge": 1}),
    ("thumbnail", {"long_edge": 100}, {"long_edge": 100}),
    ("convert", {"format": "avif", "lossless": "yes"}, {"format": "avif", "lossless": True}),
    ("compress", {}, {}),
    ("compress", {"lossless": True, "format": "jpg"}, {"lossless": True, "format": "jpg"}),
    ("compress", {"min_ssim": "0.98", "max_bytes": "200k"}, {"min_ssim": 0.98, "max_bytes": 200_000}),
    ("resize", {"width": 10, "max_bytes": "1.5MiB"}, {"width": 10, "max_bytes": 1_572_864}),
    ("convert", {"format": "webp", "max_bytes": 7, "quality": 80}, {"format": "webp", "max_bytes": 7, "quality": 80}),
    ("watermark", {"text": "Fish & Chips <b>", "opacity": "0.5"}, {"text": "Fish & Chips <b>", "opacity": 0.5}),
    (
        "watermark",
        {"text": "a", "opacity": 0, "size": 100, "margin": 0},
        {"text": "a", "opacity": 0, "size": 100, "margin": 0},
    ),
    (
        "watermark",
        {"text": "a", "position": "tile", "color": "#0f08"[:4]},
        {"text": "a", "position": "tile", "color": "#0f0"},
    ),
    ("watermark", {"logo": "a.png", "size": 30, "position": "tile"}, {"logo": "a.png", "size": 30, "position": "tile"}),
    ("thumbnail", {}, {"width": 320, "height": 240}),
    ("thumbnail", {"width": 100}, {"width": 100}),
    ("crop", {"width": 5, "height": 6, "x": 0, "y": 0}, {"width": 5, "height": 6, "x": 0, "y": 0}),
    ("crop", {"width": 5, "height": 6, "gravity": "north"}, {"width": 5, "height": 6, "gravity": "north"}),
]

BAD: list[tuple[str, Mapping[str, Any], str]] = [
    ("resize", {}, "resize needs width, height or both, or long_edge"),
    ("resize", {"width": None}, "resize needs width, height or both, or long_edge"),
    ("resize", {"widht": 5}, "resize: unknown parameter 'widht': did you mean 'width'"),
    ("resize", {"text": "x"}, "resize: unknown parameter 'text': known are"),
    ("resize", {"zzz": 1}, "resize: unknown parameter 'zzz': known are: background, effort"),
    ("resize", {"width": 0}, "resize: width is 0: input should be greater than or equal to 1"),
    ("resize", {"width": -5}, "width is -5"),
    ("resize", {"width": 65_536}, "width is 65536"),
    ("resize", {"width": "12.5"}, "width is '12.5'"),
    ("resize", {"width": "wide"}, "width is 'wide'"),
    ("resize", {"width": True}, "width is True: it is no switch"),
    ("resize", {"width": 10, "format": False}, "format is False: it is no switch"),
    ("resize", {"width": [5]}, "width is"),
    ("resize", {"width": 10, "quality": 0}, "quality is 0"),
    ("resize", {"width": 10, "quality": 101}, "quality is 101"),
    ("resize", {"width": 10, "effort": 10}, "effort is 10"),
    ("resize", {"width": 10, "format": "jpx"}, "format is 'jpx': did you mean 'jpg'"),
    ("resize", {"width": 10, "max_bytes": "many"}, "max_bytes is 'many'"),
    ("resize", {"width": 10, "max_bytes": "0"}, "max_bytes is 0"),
    ("resize", {"width": 10, "min_ssim": 1.5}, "min_ssim is 1.5"),
    ("convert", {"format": "png", "min_ssim": 0.9}, "min_ssim: png has no quality to choose"),
    ("convert", {"format": "gif", "max_bytes": 9}, "max_bytes: gif has no quality to choose"),
    ("convert", {"format": "webp", "lossless": True, "max_bytes": 9}, "max_bytes: without loss there is no quality"),
    ("compress", {"lossless": True, "min_ssim": 0.9}, "min_ssim: without loss there is no quality"),
    ("compress", {"lossless": True, "quality": 80}, "quality: without loss there is none"),
    ("compress", {"lossless": True, "height": 80}, "lossless: compress then changes no pixel"),
    ("compress", {"lossless": True, "long_edge": 80}, "lossless: compress then changes no pixel"),
    ("compress", {"lossless": True, "trim": 5}, "lossless: compress then changes no pixel"),
    ("resize", {"width": 10, "format": "heic"}, "format is 'heic': known are: avif, gif, jpg, png, tiff, webp"),
    ("resize", {"width": 10, "fit": "covr"}, "fit is 'covr': did you mean 'cover'"),
    ("resize", {"width": 10, "gravity": "up"}, "gravity is 'up': known are"),
    ("resize", {"width": 10, "background": "#12345"}, "background: '#12345' is no colour"),
    ("resize", {"width": 10, "background": 5}, "background is 5"),
    ("resize", {"width": 10, "progressive": 2}, "progressive is 2"),
    ("resize", {"width": 10, "metadata": "all"}, "metadata is 'all': known are"),
    ("resize", {"width": 0, "quality": 0}, "quality is 0.*; resize: width is 0"),
    ("resize", {"long_edge": 10, "width": 10}, "long_edge takes the place of width and height"),
    ("resize", {"long_edge": 10, "height": 10}, "long_edge takes the place of width and height"),
    ("resize", {"long_edge": 10, "fit": "cover"}, "long_edge keeps the whole picture and its ratio: fit cover needs"),
    ("resize", {"long_edge": 0}, "long_edge is 0"),
    ("resize", {"width": 10, "sharpen": 1.5}, "sharpen is 1.5"),
    ("resize", {"width": 10, "sharpen": True}, "sharpen is True: it is no switch"),
    ("resize", {"width": 10, "trim": True}, "trim is True: it is no switch"),
    ("resize", {"width": 10, "trim": 51}, "trim is 51"),
    ("resize", {"width": 10, "trim": -1}, "trim is -1"),
    ("resize", {"width": 10, "whiten": True}, "whiten needs trim"),
    ("resize", {"width": 10, "fill_percent": 85}, "fill_percent is of a box: give width and height"),
    ("resize", {"long_edge": 10, "fill_percent": 85}, "fill_percent is of a box"),
    ("resize", {"width": 9, "height": 9, "fill_percent": 85, "fit": "cover"}, "fill_percent leaves room .* fit cover"),
    ("resize", {"width": 9, "height": 9, "fill_percent": 0}, "fill_percent is 0"),
    ("crop", {"width": 4, "height": 4, "sharpen": 1}, "crop: unknown parameter 'sharpen'"),
    ("convert", {}, "convert needs a format"),
    ("convert", {"format": None}, "convert needs a format"),
    ("watermark", {}, "watermark needs text or logo"),
    ("watermark", {"text": "a", "logo": "b.png"}, "text and logo: a watermark is one of them"),
    ("watermark", {"logo": ""}, "logo is ''"),
    ("watermark", {"logo": "b.png", "color": "red"}, "color is of a text"),
    ("watermark", {"logo": "b.png", "size": 0}, "size is 0"),
    ("watermark", {"text": ""}, "text is ''"),
    ("watermark", {"text": " \n"}, "only spaces"),
    ("watermark", {"text": "a\0b"}, "NUL"),
    ("watermark", {"text": "a" * 501}, r"text is 'aaaaaa*\.\.\.a*': string should have at most 500"),
    ("watermark", {"text": "\udcff"}, "text is"),
    ("watermark", {"text": 5}, "text is 5"),
    ("watermark", {"text": "a", "opacity": 1.1}, "opacity is 1.1"),
    ("watermark", {"text": "a", "opacity": float("nan")}, "opacity is nan"),
    ("watermark", {"text": "a", "size": 0}, "size is 0"),
    ("watermark", {"text": "a", "size": float("inf")}, "size is inf"),
    ("watermark", {"text": "a", "color": "blau"}, "color: 'blau' is no colour"),
    ("watermark", {"text": "a", "position": "attention"}, "position is 'attention'"),
    ("crop", {"width": 4}, "crop needs height"),
    ("crop", {"width": 4, "height": None}, "height is None"),
    ("crop", {"width": 4, "height": 4, "x": 1}, "x and y go together"),
    ("crop", {"width": 4, "height": 4, "x": 1, "y": 1, "gravity": "north"}, "give one of them"),
    ("crop", {"width": 4, "height": 4, "fit": "cover"}, "unknown parameter 'fit'"),
]


@pytest.mark.parametrize(("operation", "arguments", "expected"), GOOD)
def test_good_values_become_parameters(
    operation: str, arguments: Mapping[str, Any], expected: Mapping[str, Any]
) -> None:
    parameters = validate(operation, arguments)
    assert {name: getattr(parameters, name) for name in expected} == expected
    assert set(parameters.given()) <= set(expected)


@pytest.mark.parametrize(("operation", "arguments", "message"), BAD)
def test_bad_values_are_refused_with_a_sentence(operation: str, arguments: Mapping[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message) as caught:
        validate(operation, arguments)
    assert len(caught.value.message) < 260


@pytest.mark.parametrize(
    ("name", "message"),
    [("resiz", "did you mean 'resize'"), ("Resize", "did you mean 'resize'"), ("zzz", "known are: compress, convert")],
)
def test_an_unknown_operation_is_an_error_that_names_the_nearest(name: str, message: str) -> None:
    with pytest.raises(UnknownOperationError, match=message):
        validate(name, {})


def test_the_operations_are_these_with_a_summary_and_an_example_each() -> None:
    assert list(OPERATIONS) == list(NEEDED)
    for name, operation in OPERATIONS.items():
        assert operation.name == name
        assert operation.summary.endswith(".")
        assert operation.example.startswith(f"dmedia {name} ")
        assert operation.accepts == ({"image", "film"} if name == "thumbnail" else {"image"})


@pytest.mark.parametrize("operation", NEEDED)
def test_every_parameter_has_a_help_text_in_the_schema(operation: str) -> None:
    parameters = find_operation(operation).parameters
    schema = adapter(parameters).json_schema()
    fields = parameter_fields(parameters)
    assert set(schema["properties"]) == set(fields)
    assert schema["additionalProperties"] is False
    for name, (_, _, help_text) in fields.items():
        assert schema["properties"][name]["description"].startswith(help_text.text)


@pytest.mark.parametrize("operation", NEEDED)
def test_all_operations_on_pictures_write_them_alike(operation: str) -> None:
    parameters = validate(operation, NEEDED[operation])
    assert isinstance(parameters, Encoding)
    assert (parameters.background, parameters.metadata, parameters.icc) == ("#ffffff", "copyright", "srgb")


@pytest.mark.parametrize(
    ("operation", "arguments", "fit"),
    [
        ("thumbnail", {}, "cover"),
        ("thumbnail", {"width": 5, "height": 5}, "cover"),
        ("thumbnail", {"width": 5}, "inside"),
        ("thumbnail", {"width": 5, "height": 5, "fit": "contain"}, "contain"),
        ("thumbnail", {"long_edge": 5}, "inside"),
        ("thumbnail", {"width": 5, "height": 5, "fill_percent": 50}, "contain"),
        ("resize", {"width": 5, "height": 5, "fill_percent": 50}, "contain"),
        ("resize", {"long_edge": 5}, "inside"),
        ("resize", {"width": 5, "height": 5}, "inside"),
        ("convert", {"format": "png", "width": 5, "fit": "fill"}, "fill"),
    ],
)
def test_a_thumbnail_fills_its_box_and_everything_else_fits_inside(
    operation: str, arguments: dict[str, Any], fit: str
) -> None:
    parameters = validate(operation, arguments)
    assert isinstance(parameters, Box)
    assert parameters.fitting() == fit


def test_equal_parameters_have_one_digest_however_they_were_typed() -> None:
    typed = validate("resize", {"width": "800", "format": "JPEG"})
    assert typed.digest() == validate("resize", {"format": "jpg", "width": 800}).digest()
    assert typed.digest() != validate("resize", {"width": 801, "format": "jpg"}).digest()
    before = "26e9e22acf1dde517967a17bb639e3ee401776c48ca8b5142b18a9107b13e98d"  # there were min_ssim, frames and more
    assert validate("compress", {"quality": 80}).digest() == before
    for more in ({"max_bytes": 9}, {"frames": "first"}, {"keep_dates": True}, {"sharpen": 0.5}):
        assert validate("compress", {"quality": 80, **more}).digest() != before
    whole, decimal = ({"text": "é", "opacity": opacity} for opacity in (1, "1.0"))
    assert validate("watermark", whole).digest() == validate("watermark", decimal).digest()
