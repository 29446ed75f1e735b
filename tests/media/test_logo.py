from __future__ import annotations

from typing import Any

import pytest
from PIL import Image, ImageChops, ImageDraw

from dmedia.media import logo
from dmedia.operations.parameters import Position
from tests.media.conftest import Processing
from tests.media.test_rendering import near, opened
from tests.media_making import corners, encoded, exif, matrix_profile, photo

GREY = (120, 120, 120)
RED = (220, 30, 30)
PNG: dict[str, Any] = {"name": "in.png", "out": "o.png"}


def mark(size: tuple[int, int] = (100, 50), colour: tuple[int, ...] = (*RED, 255)) -> Image.Image:
    """A logo: a ring of one colour around nothing."""
    image = Image.new("RGBA", size, colour)
    width, height = size
    image.paste((0, 255, 0, 0), (width // 4, height // 4, width * 3 // 4, height * 3 // 4))
    return image


def plain(size: tuple[int, int] = (400, 300), mode: str = "RGB") -> Image.Image:
    return Image.new("RGB", size, GREY).convert(mode)


def changed(before: Image.Image, after: Image.Image) -> tuple[int, int, int, int] | None:
    return ImageChops.difference(before.convert("RGB"), after.convert("RGB")).getbbox()


@pytest.mark.parametrize(
    ("position", "box"),
    [
        ("northwest", (20, 20, 100, 60)), ("north", (160, 20, 240, 60)), ("northeast", (300, 20, 380, 60)),
        ("west", (20, 130, 100, 170)), ("center", (160, 130, 240, 170)), ("east", (300, 130, 380, 170)),
        ("southwest", (20, 240, 100, 280)), ("south", (160, 240, 240, 280)), ("southeast", (300, 240, 380, 280)),
    ],
)  # fmt: skip
def test_a_logo_lies_at_its_position_within_the_margin_as_wide_as_asked(
    processed: Processing, position: Position, box: tuple[int, int, int, int]
) -> None:
    result = processed(
        encoded(plain(), "PNG"),
        "watermark",
        logo_content=encoded(mark(), "PNG"),
        position=position,
        margin=5,
        opacity=1,
        **PNG,
    )
    image = opened(result)
    assert changed(plain(), image) == box
    assert near(image, (box[0] + 3, box[1] + 3), RED, 0)
    assert image.getpixel(((box[0] + box[2]) // 2, (box[1] + box[3]) // 2)) == GREY
    assert result.warnings == ()


def test_opacity_weakens_and_the_picture_shows_through(processed: Processing) -> None:
    content = encoded(plain(), "PNG")
    half = opened(
        processed(content, "watermark", logo_content=encoded(mark(), "PNG"), opacity=0.5, position="north", **PNG)
    )
    assert near(half, (165, 10), (170, 75, 75), 2)
    none = opened(processed(content, "watermark", logo_content=encoded(mark(), "PNG"), opacity=0, **PNG))
    assert changed(plain(), none) is None


@pytest.mark.parametrize(
    ("kind", "options"),
    [("PNG", {}), ("WEBP", {"lossless": True}), ("WEBP", {"quality": 95}), ("GIF", {}), ("JPEG", {"quality": 98})],
)
def test_every_format_of_a_logo_is_decoded_with_its_alpha(
    processed: Processing, kind: str, options: dict[str, Any]
) -> None:
    made = mark() if kind != "JPEG" else mark().convert("RGB")
    image = opened(
        processed(
            encoded(plain(), "PNG"),
            "watermark",
            logo_content=encoded(made, kind, **options),
            opacity=1,
            position="center",
            **PNG,
        )
    )
    assert near(image, (165, 135), RED, 14)
    assert near(image, (200, 150), GREY if kind != "JPEG" else (0, 255, 0), 14)


def test_the_first_frame_of_a_moving_logo_is_taken(processed: Processing) -> None:
    frames = [mark(), mark(colour=(0, 0, 255, 255))]
    moving = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    image = opened(
        processed(encoded(plain(), "PNG"), "watermark", logo_content=moving, opacity=1, position="center", **PNG)
    )
    assert near(image, (165, 135), RED, 14)


def test_a_logo_is_turned_upright_and_its_colours_become_srgb(processed: Processing) -> None:
    turned = encoded(corners((60, 90)), "JPEG", quality=98, subsampling=0, exif=exif(6))
    image = opened(
        processed(
            encoded(plain(), "PNG"), "watermark", logo_content=turned, opacity=1, position="center", size=25, **PNG
        )
    )
    left, top, right, low = changed(plain(), image) or (0, 0, 0, 0)
    assert abs((right - left) / (low - top) - 1.5) < 0.05
    wide = encoded(Image.new("RGB", (80, 40), (200, 60, 60)), "PNG", icc_profile=matrix_profile())
    image = opened(
        processed(encoded(plain(), "PNG"), "watermark", logo_content=wide, opacity=1, position="center", **PNG)
    )
    red, green, _ = image.getpixel((200, 150))  # type: ignore[misc]  # three bands
    assert red > 210
    assert green < 55


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "I;16", "RGB"])
def test_a_logo_lies_over_every_kind_of_picture(processed: Processing, mode: str) -> None:
    image = Image.new("I;16", (400, 300), 0x7878) if mode == "I;16" else plain(mode=mode)
    if mode in {"LA", "RGBA"}:
        image.putalpha(0)
    content = encoded(image, "PNG")
    result = processed(content, "watermark", logo_content=encoded(mark(), "PNG"), opacity=1, position="center", **PNG)
    out = opened(result).convert("RGBA")
    assert near(out, (165, 135), (*RED, 255), 1)
    hole = out.getpixel((200, 150))
    assert hole == ((0, 0, 0, 0) if mode in {"LA", "RGBA"} else (*GREY, 255))
    assert result.warnings == ()


def test_a_deep_picture_stays_deep(processed: Processing) -> None:
    from dmedia.media.libvips import pyvips

    deep = (
        pyvips.Image.black(400, 300, bands=3)
        .linear(1, [30_001, 30_002, 30_003])
        .cast("ushort")
        .copy(interpretation="rgb16")
    )
    result = processed(
        deep.pngsave_buffer(), "watermark", logo_content=encoded(mark(), "PNG"), position="center", **PNG
    )
    assert result.failure is None
    made = pyvips.Image.new_from_file(result.outputs[0].path.decode())
    assert (made.format, made.getpoint(5, 5)) == ("ushort", [30_001, 30_002, 30_003])
    assert made.getpoint(200, 150) == [30_001, 30_002, 30_003]
    assert made.getpoint(165, 135)[0] > 45_000


def test_tiles_reach_every_quarter_and_the_middle(processed: Processing) -> None:
    image = opened(
        processed(
            encoded(plain(), "PNG"), "watermark", logo_content=encoded(mark(), "PNG"), position="tile", size=10, **PNG
        )
    )
    for left in (0, 200):
        for top in (0, 150):
            part = (left, top, left + 200, top + 150)
            assert changed(plain((200, 150)), image.crop(part))
    assert changed(plain((40, 20)), image.crop((180, 140, 220, 160)))


def test_a_logo_that_does_not_fit_is_made_smaller_and_a_small_one_enlarged_and_both_are_told(
    processed: Processing,
) -> None:
    content = encoded(plain(), "PNG")
    tall = processed(
        content, "watermark", logo_content=encoded(mark((100, 400)), "PNG"), size=50, margin=0, opacity=1, **PNG
    )
    assert tall.warnings == ("The logo did not fit at size 50 %: it was made smaller",)
    assert changed(plain(), opened(tall)) == (325, 0, 400, 300)
    tiny = processed(content, "watermark", logo_content=encoded(mark((20, 10)), "PNG"), size=50, **PNG)
    assert tiny.warnings == ("The logo was enlarged from 20x10 to 200x100: a larger file would be sharper",)
    speck = processed(encoded(plain((3, 2)), "PNG"), "watermark", logo_content=encoded(mark(), "PNG"), **PNG)
    assert opened(speck).size == (3, 2)


def test_a_logo_is_decoded_once_and_scaled_once_for_each_size(processed: Processing) -> None:
    logo._decoded.cache_clear()
    logo._patch.cache_clear()
    content = encoded(mark(), "PNG")
    for size in ((400, 300), (400, 200), (200, 150), (400, 300)):
        opened(processed(encoded(photo(size), "JPEG"), "watermark", logo_content=content))
    assert logo._decoded.cache_info().misses == 1
    assert logo._patch.cache_info().misses == 2


def test_a_large_picture_that_is_read_in_sequence_gets_its_logo(processed: Processing) -> None:
    large = Image.new("RGB", (3000, 4000), GREY)
    ImageDraw.Draw(large).line((0, 0, 2999, 3999), fill=(0, 0, 0), width=9)
    for position in ("northwest", "center", "southeast", "tile"):
        for kind in ("PNG", "TIFF"):
            result = processed(
                encoded(large, kind), "watermark", name=f"in.{kind.lower()}", logo_content=encoded(mark(), "PNG"),
                position=position, out="o.png", format="png", long_edge=2000, sharpen=0.5,
            )  # fmt: skip
            assert opened(result).size == (1500, 2000)


def test_a_slot_that_cannot_decode_the_logo_says_so(processed: Processing) -> None:
    content = encoded(mark((400, 300)), "PNG")
    result = processed(encoded(plain(), "PNG"), "watermark", logo_content=content[: len(content) // 2], **PNG)
    assert result.failure is not None
    assert result.failure.code == "internal"
    assert result.failure.message.startswith("Operation failed: the logo cannot be decoded: ")
