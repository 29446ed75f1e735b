"""What the functions of other packages' operations get, may give back, and what becomes of their mistakes."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from dmedia.model import FileResult, Limits
from tests.media_making import corners, encoded, exif, work
from tests.operations.packages import bring

KEEP = "def work(image, parameters): return image"


def made(
    site: Path, code: str, *, source: bytes | None = None, limits: Limits | None = None, **given: Any
) -> FileResult:
    """Let the function of an installed operation work on one small picture."""
    bring(site, "test", code)
    (site / "in.png").write_bytes(source or encoded(corners(), "PNG"))
    extension = given.get("format", "png")
    return work(
        os.fsencode(site / "in.png"), os.fsencode(site / "out" / f"in.{extension}"), "test", limits=limits, **given
    )


@pytest.mark.parametrize(
    ("code", "failure"),
    [
        ("def work(image, parameters): raise ValueError('no blue')", "raised ValueError: no blue"),
        ("def work(image, parameters): raise SystemExit", "raised SystemExit"),
        ("def work(image): return image", "raised TypeError"),
        ("def work(image, parameters): return image.crop(0, 0, 999, 999)", "raised Error: .*bad extract area"),
        ("def work(image, parameters): return None", "returned a NoneType, and no pyvips.Image"),
        ("def work(image, parameters): return image.bandjoin([1, 2])", "returned 5 bands"),
    ],
)
def test_what_a_function_does_wrong_is_the_files_failure_with_the_operations_name(
    site: Path, code: str, failure: str
) -> None:
    result = made(site, code)
    assert result.failure
    assert (result.failure.code, result.failure.stage) == ("internal", "process")
    assert result.failure.message.startswith("Operation failed: test ")
    assert re.search(failure, result.failure.message)
    assert result.failure.hint == "The fault is not dmedia's: tell the authors of dmedia-test 1.0"
    assert not (site / "out" / "in.png").exists()


def test_a_picture_with_too_many_pixels_fails(site: Path) -> None:
    code = "def work(image, parameters): return image.replicate(3, 3)"
    result = made(site, code, limits=Limits(max_page_pixels=10_000))
    assert result.failure
    assert result.failure.code == "too_large"
    assert "the operation test made 192x144" in result.failure.message


def test_a_side_that_the_format_cannot_hold_fails(site: Path) -> None:
    code = "def work(image, parameters): return image.replicate(300, 1)"
    result = made(site, code, format="webp")
    assert result.failure
    assert result.failure.code == "encode_failed"
    assert "the operation test made 19200x48" in result.failure.message


def test_a_lack_of_memory_is_told_as_such(site: Path) -> None:
    result = made(site, "def work(image, parameters): raise MemoryError")
    assert result.failure
    assert result.failure.code == "out_of_memory"


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_a_function_gets_three_bands_or_four_in_memory(site: Path, mode: str) -> None:
    code = (
        "def work(image, parameters):\n    assert image.bands == 3 + image.hasalpha(), image.bands\n"
        "    assert (image.format, image.interpretation) == ('uchar', 'srgb'), image\n"
        "    image.crop(0, image.height - 1, 1, 1).avg(), image.avg()\n    return image.flipver()\n"
    )
    result = made(site, code, source=encoded(corners(mode=mode), "PNG"))
    assert result.failure is None
    with Image.open(site / "out" / "in.png") as image:
        assert image.convert("L").getpixel((1, 1)) == pytest.approx(corners(mode="L").getpixel((1, 47)), abs=2)


@pytest.mark.parametrize(
    "change",
    ["image * 1.0", "image.cast('double')", "image.colourspace('lab')", "image.colourspace('scrgb')",
     "image.colourspace('rgb16')", "image[0].bandjoin([image[1], image[2]])",
     "type(image).new_from_array(image.numpy())"],
)  # fmt: skip
def test_other_samples_and_colour_spaces_come_back_as_the_picture_was(site: Path, change: str) -> None:
    result = made(site, f"def work(image, parameters): return {change}")
    assert result.failure is None
    with Image.open(site / "out" / "in.png") as image:
        assert image.mode == "RGB"
        assert image.getpixel((1, 1)) == pytest.approx((220, 30, 30), abs=2)


def test_a_function_may_return_grey(site: Path) -> None:
    assert made(site, "def work(image, parameters): return image[1]").failure is None
    with Image.open(site / "out" / "in.png") as image:
        assert image.mode == "L"


def test_deep_samples_stay_deep(site: Path) -> None:
    deep = encoded(corners(mode="L").convert("I;16"), "PNG")
    assert made(site, "def work(image, parameters): return image * 1.0", source=deep).failure is None
    assert (site / "out" / "in.png").read_bytes()[24] == 16  # IHDR's bit depth


def test_alpha_that_a_function_adds_is_laid_onto_the_background(site: Path) -> None:
    code = "def work(image, parameters): return image.bandjoin(0)"
    result = made(site, code, format="jpg", background="#0000ff")
    assert result.failure is None
    assert any("transparency was laid onto" in warning for warning in result.warnings)
    with Image.open(site / "out" / "in.jpg") as image:
        assert image.getpixel((1, 1)) == pytest.approx((0, 0, 255), abs=3)


def test_an_artist_stays_in_a_picture_that_a_function_makes_anew(site: Path) -> None:
    source = encoded(corners(), "PNG", exif=exif(private=True))
    code = "def work(image, parameters): return type(image).new_from_array(image.numpy())"
    assert made(site, code, source=source).failure is None
    with Image.open(site / "out" / "in.png") as image:
        found = image.getexif()
        assert (found[0x013B], found[0x8298]) == ("Ana Souza", "(c) Ana Souza")
        assert not found.get_ifd(0x8825)


def test_a_damaged_source_is_not_the_functions_fault(site: Path) -> None:
    whole = encoded(corners((640, 480)), "PNG")
    result = made(site, KEEP, source=whole[: len(whole) // 2])
    assert result.failure
    assert result.failure.code in {"corrupt_input", "incomplete_input"}


def moving(*pictures: Image.Image) -> bytes:
    """Make an animated WebP without loss."""
    first, *rest = pictures
    return encoded(first, "WEBP", save_all=True, append_images=rest, duration=70, loop=2, lossless=True)


def test_a_function_gets_the_frames_of_an_animation_one_by_one(site: Path) -> None:
    pictures = [corners(), corners().rotate(90), corners().rotate(180)]
    code = (
        "def work(image, parameters):\n    assert (image.width, image.height) == (64, 48), image\n"
        "    return type(image).new_from_array(image.fliphor().numpy())\n"
    )
    result = made(site, code, source=moving(*pictures), format="webp", lossless=True)
    assert result.failure is None
    with Image.open(site / "out" / "in.webp") as image:
        assert image.info["loop"] == 2
        for number, picture in enumerate(pictures):
            image.seek(number)
            image.load()
            assert image.info["duration"] == 70
            flipped = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
            assert image.convert("RGB").tobytes() == flipped.tobytes()


@pytest.mark.parametrize("change", ["image[1]", "image.bandjoin(200)"])
def test_frames_of_which_some_come_back_grey_or_transparent_go_together(site: Path, change: str) -> None:
    code = f"def work(image, parameters): return image if image(1, 1)[0] > 200 else {change}"
    source = moving(corners(), Image.new("RGB", (64, 48), "#64c864"), corners().rotate(180))
    result = made(site, code, source=source, format="webp", lossless=True)
    assert result.failure is None
    assert result.outputs[0].frames == 3
    with Image.open(site / "out" / "in.webp") as image:
        assert image.convert("RGB").getpixel((1, 1)) == (220, 30, 30)


def test_frames_that_come_back_in_several_sizes_fail(site: Path) -> None:
    code = "def work(image, parameters): return image if image(1, 1)[0] > 200 else image.crop(0, 0, 9, 9)"
    source = moving(corners(), Image.new("RGB", (64, 48), "#64c864"))
    result = made(site, code, source=source, format="webp")
    assert result.failure
    assert (result.failure.code, result.failure.stage) == ("internal", "process")
    assert "test made frames of 64x48 and of 9x9" in result.failure.message
    assert not (site / "out" / "in.webp").exists()


def test_frames_that_become_too_large_together_fail(site: Path) -> None:
    code = "def work(image, parameters): return image.replicate(3, 3)"
    source = moving(corners(), corners().rotate(180))
    result = made(site, code, source=source, format="webp", limits=Limits(max_file_pixels=20_000))
    assert result.failure
    assert (result.failure.code, "2 frames of 192x144" in result.failure.message) == ("too_large", True)
