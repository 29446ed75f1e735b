from __future__ import annotations

from typing import Any

import pytest
from PIL import Image

from dmedia.model import Limits
from tests.media.conftest import Processing
from tests.media.products import INK, product, seen
from tests.media.test_rendering import near, opened
from tests.media_making import TURNS, encoded, exif, matrix_profile, photo

EXACT: dict[str, Any] = {"quality": 95, "trim": 5}


def size_of_part(processed: Processing, content: bytes, name: str = "in.png", **arguments: Any) -> tuple[int, int]:
    return opened(processed(content, "convert", name=name, out="out.png", format="png", **arguments)).size


@pytest.mark.parametrize("border", [(255, 255, 255), (246, 246, 243), (0, 0, 0), (128, 128, 128), (200, 40, 40)])
def test_a_border_of_one_colour_is_cut_off_to_the_pixel(processed: Processing, border: tuple[int, int, int]) -> None:
    result = processed(
        encoded(product(border=border), "PNG"), "convert", name="in.png", out="o.png", format="png", trim=5
    )
    image = opened(result)
    assert image.size == (140, 200)
    assert near(image, (0, 0), INK, 0)
    assert near(image, (139, 199), INK, 0)
    assert result.warnings == ()


def test_noise_and_dust_are_border_within_the_tolerance_and_content_beyond(processed: Processing) -> None:
    content = encoded(product(noise=8), "PNG")
    assert size_of_part(processed, content, trim=5) == (140, 200)
    assert size_of_part(processed, content, trim=0) == (400, 300)


def test_a_product_that_reaches_into_a_corner_is_no_border(processed: Processing) -> None:
    assert size_of_part(processed, encoded(product(part=(0, 0, 140, 200)), "PNG"), trim=5) == (140, 200)


def test_a_picture_without_a_border_stays_whole(processed: Processing) -> None:
    assert size_of_part(processed, encoded(photo((320, 200)), "PNG"), trim=3) == (320, 200)


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "CMYK"])
def test_a_picture_that_is_nothing_but_border_stays_whole_and_is_told(processed: Processing, mode: str) -> None:
    plain = Image.new("RGB", (80, 60), (240, 240, 240)).convert(mode)
    kind = "TIFF" if mode == "CMYK" else "PNG"
    result = processed(encoded(plain, kind), "convert", name=f"in.{kind.lower()}", format="jpg", trim=5)
    assert opened(result).size == (80, 60)
    assert "nothing is trimmed: the whole picture is of the border's colour" in result.warnings


def test_a_white_product_on_nothing_is_found_by_its_alpha(processed: Processing) -> None:
    image = Image.new("RGBA", (200, 160), (90, 0, 90, 0))
    image.paste((255, 255, 255, 255), (50, 40, 110, 120))
    content = encoded(image, "PNG")
    result = processed(content, "convert", name="in.png", out="o.png", format="png", trim=5)
    assert opened(result).size == (60, 80)
    assert opened(result).getpixel((0, 0)) == (255, 255, 255, 255)
    assert size_of_part(processed, encoded(image.convert("LA"), "PNG"), trim=5) == (60, 80)


@pytest.mark.parametrize(
    ("mode", "kind", "options"),
    [("L", "PNG", {}), ("CMYK", "TIFF", {}), ("P", "GIF", {}), ("RGB", "WEBP", {"lossless": True}),
     ("RGB", "BMP", {}), ("RGB", "TIFF", {"icc_profile": matrix_profile()})],
)  # fmt: skip
def test_every_kind_of_pixels_is_trimmed(processed: Processing, mode: str, kind: str, options: dict[str, Any]) -> None:
    content = encoded(product().convert(mode, palette=Image.Palette.ADAPTIVE), kind, **options)
    assert size_of_part(processed, content, f"in.{kind.lower()}", trim=5) == (140, 200)


def test_sixteen_bits_are_trimmed_and_stay(processed: Processing) -> None:
    image = Image.new("I;16", (100, 80), 61_000)
    image.paste(0x2828, (20, 10, 60, 70))
    out = opened(processed(encoded(image, "PNG"), "convert", name="in.png", out="o.png", format="png", trim=5))
    assert (out.size, out.mode, out.getpixel((0, 0))) == ((40, 60), "I;16", 0x2828)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_border_is_that_of_the_upright_picture(processed: Processing, orientation: int) -> None:
    stored = product().transpose(TURNS[orientation]) if orientation in TURNS else product()
    content = encoded(stored, "JPEG", quality=95, subsampling=0, exif=exif(orientation))
    arguments: dict[str, Any] = {"width": 200, "height": 200, "fit": "contain", "fill_percent": 80}
    result = processed(content, "resize", out="o.png", format="png", trim=8, whiten=True, **arguments)
    found = seen(result)
    assert found.size == (200, 200)
    assert abs(found.longest - 160) <= 2
    assert abs((found.right - found.left) - 112) <= 2
    assert found.is_centred()


@pytest.mark.parametrize("side", [40, 300, 1000, 1400])
def test_what_a_decoder_gives_smaller_is_trimmed_alike(processed: Processing, side: int) -> None:
    content = encoded(product((2400, 1800), (700, 350, 1500, 1600)), "JPEG", quality=95, subsampling=0)
    result = processed(content, "resize", width=side, height=side, fit="contain", fill_percent=85, whiten=True, **EXACT)
    found = seen(result)
    assert found.size == (side, side)
    assert abs(found.longest - 0.85 * side) <= 2
    assert found.is_centred()
    assert found.edge == {(255, 255, 255)}


def test_what_is_too_large_to_be_held_is_decoded_twice(processed: Processing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dmedia.media.trimming.MOST_HELD_PIXELS", 10_000)
    for kind in ("PNG", "JPEG", "TIFF", "WEBP", "BMP"):
        content = encoded(product(noise=2), kind, **({"lossless": True} if kind == "WEBP" else {}))
        out = opened(processed(content, "convert", name=f"in.{kind.lower()}", out="o.png", format="png", trim=10))
        assert abs(out.width - 140) <= 8  # the picture was looked at in a fourth of its size
        assert abs(out.height - 200) <= 8
        assert near(out, (out.width // 2, out.height - 20), INK, 12)


def test_a_damaged_picture_is_not_trimmed_but_fails(processed: Processing) -> None:
    for kind in ("PNG", "JPEG"):
        content = encoded(photo((800, 600)), kind)
        result = processed(content[: len(content) // 2], "convert", name=f"i.{kind.lower()}", format="jpg", trim=5)
        assert result.failure is not None
        assert result.failure.code in {"corrupt_input", "incomplete_input"}


def test_a_seam_between_border_and_padding_is_told(processed: Processing) -> None:
    box: dict[str, Any] = {"width": 100, "height": 100, "fit": "contain", "trim": 5}
    content = encoded(product(), "PNG")
    told = processed(content, "resize", name="in.png", format="jpg", **box).warnings
    assert told == (
        "the border is #f6f6f3, and #ffffff is put beside it: an edge may show; background or whiten can prevent it",
    )
    for arguments in ({"background": "#f6f6f3"}, {"whiten": True}, {"fit": "inside"}):
        assert processed(content, "resize", name="in.png", format="jpg", **(box | arguments)).warnings == ()


def test_compress_keeps_no_original_that_has_a_border(processed: Processing) -> None:
    content = encoded(product(), "JPEG", quality=5)
    result = processed(content, "compress", trim=10, quality=100)
    assert opened(result).size[0] < 200
    assert "original kept: it is smaller" not in result.warnings
    frames = [product(), product(part=(10, 10, 90, 90))]
    moving = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    trimmed = processed(moving, "compress", name="in.gif", out="o.gif", trim=5)
    assert opened(trimmed).size == (140, 200)
    assert "the first of 2 frames or pages was taken: --trim is for still pictures" in trimmed.warnings


def test_the_limit_of_pixels_counts_before_a_border_is_looked_for(processed: Processing) -> None:
    result = processed(encoded(product(), "PNG"), "convert", format="jpg", trim=5, limits=Limits(max_page_pixels=9_999))
    assert result.failure is not None
    assert result.failure.code == "too_large"
