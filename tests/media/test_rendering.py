from __future__ import annotations

import os
import random
from typing import Any

import pytest
from PIL import Image

from dmedia.media.libvips import pyvips
from dmedia.model import FileResult
from tests.media.conftest import Processing
from tests.media_making import BLUE, CORNERS, RED, corners, encoded, jpeg, matrix_profile, photo, srgb_profile

Colour = tuple[int, ...]


def opened(result: FileResult) -> Image.Image:
    assert result.failure is None, result.failure
    image = Image.open(os.fsdecode(result.outputs[0].path))
    image.load()
    return image


def near(image: Image.Image, at: tuple[int, int], colour: Colour, tolerance: int = 12) -> bool:
    found = image.getpixel(at)
    assert isinstance(found, tuple)
    return all(abs(one - other) <= tolerance for one, other in zip(found, colour, strict=False))


def is_upright(image: Image.Image) -> bool:
    width, height = image.size
    places = [
        (width // 6, height // 6),
        (width * 5 // 6, height // 6),
        (width // 6, height * 5 // 6),
        (width * 5 // 6, height * 5 // 6),
    ]
    return all(near(image.convert("RGB"), place, colour) for place, colour in zip(places, CORNERS, strict=True))


@pytest.mark.parametrize(
    ("fit", "box", "size"),
    [
        ("inside", (100, 100), (100, 67)), ("inside", (900, 900), (300, 200)), ("outside", (100, 100), (150, 100)),
        ("cover", (100, 100), (100, 100)), ("cover", (333, 77), (333, 77)), ("cover", (600, 601), (600, 601)),
        ("contain", (100, 100), (100, 100)), ("contain", (500, 77), (500, 77)), ("contain", (600, 601), (600, 601)),
        ("fill", (33, 100), (33, 100)), ("fill", (600, 601), (600, 601)),
    ],
)  # fmt: skip
@pytest.mark.parametrize("orientation", [1, 8])
def test_boxes_are_exact_to_the_pixel(
    processed: Processing, fit: str, box: tuple[int, int], size: tuple[int, int], orientation: int
) -> None:
    result = processed(jpeg(orientation, (300, 200)), "resize", width=box[0], height=box[1], fit=fit)
    assert opened(result).size == size
    assert any(warning.startswith("enlarged from 300x200") for warning in result.warnings) == (
        (fit == "cover" and box != (100, 100)) or (fit in {"contain", "fill"} and max(box) > 500)
    )


def test_inside_enlarges_only_when_told(processed: Processing) -> None:
    assert opened(processed(jpeg(), "resize", width=640)).size == (64, 48)
    assert opened(processed(jpeg(), "resize", width=640, enlarge=True)).size == (640, 480)


@pytest.mark.parametrize(("gravity", "colour"), [("northwest", RED), ("southwest", BLUE), ("southeast", CORNERS[3])])
@pytest.mark.parametrize("side", [24, 100])
def test_gravity_decides_what_a_cover_keeps(processed: Processing, gravity: str, colour: Colour, side: int) -> None:
    wide = opened(
        processed(jpeg(size=(64, 8)), "resize", width=side // 4, height=side, fit="cover", gravity=gravity, quality=95)
    )
    assert wide.size == (side // 4, side)
    middle = wide.height // 5 if "north" in gravity else wide.height * 4 // 5
    assert near(wide, (wide.width // 2, middle), colour, 30)


@pytest.mark.parametrize("gravity", ["attention", "entropy"])
def test_content_aware_crops_find_the_detail(processed: Processing, gravity: str) -> None:
    canvas = Image.new("RGB", (600, 200), (128, 128, 128))
    canvas.paste(photo((160, 160)), (430, 20))
    image = opened(processed(encoded(canvas, "JPEG"), "resize", width=200, height=200, fit="cover", gravity=gravity))
    assert image.size == (200, 200)
    assert len(set(image.crop((80, 80, 120, 120)).get_flattened_data())) > 50


def test_contain_pads_with_the_background_and_its_alpha(processed: Processing) -> None:
    arguments: dict[str, Any] = {"width": 64, "height": 64, "fit": "contain"}
    image = opened(processed(jpeg(), "resize", out="o.png", format="png", background="#00ff0080", **arguments))
    assert image.mode == "RGBA"
    assert image.getpixel((5, 2)) == (0, 255, 0, 0x80)
    assert image.getpixel((5, 61)) == (0, 255, 0, 0x80)
    white = opened(processed(jpeg(), "resize", quality=95, **arguments))
    assert near(white, (5, 2), (255, 255, 255))
    red = opened(processed(encoded(corners(mode="L"), "JPEG"), "resize", background="red", quality=95, **arguments))
    assert near(red, (5, 2), (255, 0, 0))
    top = opened(processed(jpeg(), "resize", gravity="north", background="black", quality=95, **arguments))
    assert near(top, (5, 61), (0, 0, 0))


def test_alpha_to_jpeg_is_white_and_is_told(processed: Processing) -> None:
    image = Image.new("RGBA", (40, 40), (255, 0, 0, 255))
    image.paste((0, 0, 0, 0), (0, 0, 40, 20))
    result = processed(encoded(image, "PNG"), "convert", name="i.png", format="jpg", quality=95)
    assert near(opened(result), (20, 5), (255, 255, 255))
    assert near(opened(result), (20, 35), (255, 0, 0))
    assert result.warnings == ("transparency was laid onto #ffffff: the format has none",)
    blue = processed(
        encoded(image.convert("LA"), "PNG"), "convert", name="i.png", format="jpg", background="blue", quality=95
    )
    assert near(opened(blue), (20, 5), (0, 0, 255))


def test_opaque_alpha_to_jpeg_is_not_told(processed: Processing) -> None:
    image = encoded(Image.new("RGBA", (40, 40), (255, 0, 0, 255)), "PNG")
    assert processed(image, "convert", name="i.png", format="jpg").warnings == ()


@pytest.mark.parametrize("image_format", ["png", "webp", "avif", "tiff", "gif"])
def test_alpha_stays_where_the_format_holds_it(processed: Processing, image_format: str) -> None:
    image = Image.new("RGBA", (40, 40), (255, 0, 0, 255))
    image.paste((0, 0, 0, 0), (0, 0, 40, 20))
    extension = {"tiff": "tif"}.get(image_format, image_format)
    result = processed(
        encoded(image, "PNG"), "convert", name="i.png", out=f"o.{extension}", format=image_format, width=20
    )
    out = opened(result).convert("RGBA")
    assert out.getpixel((10, 2))[3] == 0  # type: ignore[index]  # four bands
    assert out.getpixel((10, 17))[3] == 255  # type: ignore[index]  # four bands
    assert near(out, (10, 17), (255, 0, 0), 20)


def test_srgb_under_any_name_is_not_touched(processed: Processing) -> None:
    image = encoded(Image.new("RGB", (32, 32), (100, 180, 60)), "PNG", icc_profile=srgb_profile())
    assert near(opened(processed(image, "convert", name="i.png", out="o.png", format="png")), (5, 5), (100, 180, 60), 0)


def test_a_damaged_profile_is_told_and_left_out(processed: Processing) -> None:
    image = encoded(
        Image.new("RGB", (32, 32), (100, 180, 60)), "JPEG", quality=95, icc_profile=b"no profile at all" * 20
    )
    result = processed(image, "resize", width=16)
    assert near(opened(result), (5, 5), (100, 180, 60), 4)
    assert "the colour profile is damaged" in result.warnings[0]
    assert "icc_profile" not in opened(result).info
    grey = encoded(Image.new("L", (32, 32), 100), "JPEG", icc_profile=matrix_profile())
    assert "of other colours" in processed(grey, "resize", width=16).warnings[0]


@pytest.mark.parametrize(("image_format", "extension"), [("png", "png"), ("tiff", "tif")])
def test_16_bits_stay_where_the_format_holds_them(processed: Processing, image_format: str, extension: str) -> None:
    deep = pyvips.Image.black(300, 100, bands=3).linear(1, [30_001, 20_003, 10_007]).cast("ushort")
    source = bytes(deep.copy(interpretation="rgb16", xres=300 / 25.4, yres=300 / 25.4).pngsave_buffer())
    arguments: dict[str, Any] = {"quality": 95, "metadata": "keep", "icc": "keep"}
    result = processed(source, "convert", name="i.png", out=f"o.{extension}", format=image_format, **arguments)
    assert result.failure is None
    image = pyvips.Image.new_from_file(os.fsdecode(result.outputs[0].path))
    assert image.format == "ushort"
    assert image.getpoint(5, 5) == [30_001, 20_003, 10_007]
    assert round(image.xres * 25.4) == 300
    flat = processed(source, "convert", name="i.png", format="jpg", quality=100)
    assert near(opened(flat), (5, 5), (30_001 // 257, 20_003 // 257, 10_007 // 257), 3)


def test_16_bits_survive_scaling_padding_and_transparency(processed: Processing) -> None:
    deep = pyvips.Image.black(100, 100, bands=4).linear(1, [30_001, 20_003, 10_007, 65_535]).cast("ushort")
    source = bytes(deep.copy(interpretation="rgb16").pngsave_buffer())
    box: dict[str, Any] = {"width": 50, "height": 80, "fit": "contain", "background": "#ff0000"}
    result = processed(source, "resize", name="i.png", out="o.png", **box)
    image = pyvips.Image.new_from_file(os.fsdecode(result.outputs[0].path))
    assert image.getpoint(25, 2) == [65_535, 0, 0, 65_535]
    assert all(
        abs(one - other) < 3
        for one, other in zip(image.getpoint(25, 40), [30_001, 20_003, 10_007, 65_535], strict=True)
    )
    assert near(opened(processed(source, "resize", name="i.png", **box, quality=100)), (25, 40), (117, 78, 39), 4)


def test_more_than_8_bits_become_10_in_avif(processed: Processing) -> None:
    deep = pyvips.Image.black(64, 64, bands=3).linear(1, [30_001, 20_003, 10_007]).cast("ushort")
    source = bytes(deep.copy(interpretation="rgb16").pngsave_buffer())
    result = processed(source, "convert", name="i.png", out="o.avif", format="avif", effort=0)
    assert result.failure is None
    assert pyvips.Image.new_from_file(os.fsdecode(result.outputs[0].path)).get("heif-bitdepth") == 10


def tiff(sample: str, bands: int, value: float) -> bytes:
    image = pyvips.Image.black(16, 16, bands=bands).linear(1, value).cast(sample)
    return bytes(image.copy(interpretation="multiband").tiffsave_buffer())


@pytest.mark.parametrize(
    ("sample", "bands", "value", "expected"),
    [
        ("float", 1, 0.5, 128), ("float", 1, 32_896, 128), ("uint", 1, 2**31, 128), ("ushort", 2, 32_896, 128),
        ("uchar", 5, 128, 128), ("short", 1, 32_000, 125),
    ],
)  # fmt: skip
def test_samples_of_every_type_become_a_picture(
    processed: Processing, sample: str, bands: int, value: float, expected: int
) -> None:
    out = opened(processed(tiff(sample, bands, value), "convert", name="i.tif", out="o.png", format="png"))
    eight = pyvips.Image.new_from_file(out.filename)  # type: ignore[attr-defined]  # opened from a file
    level = eight.getpoint(5, 5)[0] / (257 if eight.format == "ushort" else 1)
    assert level == pytest.approx(expected, abs=3)


def test_linear_light_becomes_srgb(processed: Processing) -> None:
    linear = pyvips.Image.black(16, 16, bands=3).linear(1, 0.2158).cast("float").copy(interpretation="scrgb")
    source = bytes(linear.tiffsave_buffer())
    assert near(
        opened(processed(source, "convert", name="i.tif", format="jpg", quality=95)), (5, 5), (128, 128, 128), 4
    )
    deep = processed(source, "convert", name="i.tif", out="o.png", format="png")
    assert pyvips.Image.new_from_file(os.fsdecode(deep.outputs[0].path)).format == "ushort"


@pytest.mark.parametrize(
    "image",
    [
        corners((1, 1)), corners((1, 300)), corners((300, 1)), corners(mode="L"), corners(mode="P"), corners(mode="1"),
        corners(mode="LA"), corners(mode="RGBA"), corners((3, 5)),
    ],
    ids=lambda image: f"{image.mode}-{image.size}",
)  # fmt: skip
@pytest.mark.parametrize(
    "arguments",
    [{}, {"width": 10}, {"width": 9, "height": 7, "fit": "cover"}, {"width": 9, "height": 7, "fit": "contain"}],
)
def test_small_and_grey_and_palette_pictures_work(
    processed: Processing, image: Image.Image, arguments: dict[str, int]
) -> None:
    for out in ("o.jpg", "o.png", "o.webp", "o.gif"):
        result = processed(encoded(image, "PNG"), "compress", name="i.png", out=out, format=out[2:], **arguments)
        assert result.failure is None, result.failure


def test_interlaced_and_progressive_pictures_are_read_and_written(processed: Processing) -> None:
    source = pyvips.Image.new_from_buffer(jpeg(), "").pngsave_buffer(interlace=True)
    result = processed(bytes(source), "convert", name="i.png", format="jpg", progressive=True)
    assert is_upright(opened(result))
    assert opened(result).info.get("progressive")


def test_only_the_first_frame_is_taken_and_that_is_told(processed: Processing) -> None:
    frames = [corners(), Image.new("RGB", (64, 48), "black")]
    source = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    result = processed(source, "convert", name="i.gif", format="jpg", quality=95)
    assert is_upright(opened(result))
    assert result.warnings == ("the first of 2 frames or pages was taken",)


def test_crop_cuts_at_a_corner_or_by_gravity(processed: Processing) -> None:
    for orientation in (1, 6):
        result = processed(jpeg(orientation), "crop", x=32, y=0, width=32, height=24, quality=95)
        assert opened(result).size == (32, 24)
        assert near(opened(result), (16, 12), CORNERS[1])
    by_gravity = opened(processed(jpeg(), "crop", gravity="southwest", width=20, height=20, quality=95))
    assert near(by_gravity, (10, 10), BLUE)
    assert opened(processed(jpeg(), "crop", width=64, height=48)).size == (64, 48)
    assert opened(processed(jpeg(), "crop", width=20, height=10, gravity="attention")).size == (20, 10)


def test_a_crop_that_sticks_out_is_clipped_with_a_warning(processed: Processing) -> None:
    for arguments in ({"x": 50, "y": 40, "width": 100, "height": 8}, {"width": 14, "height": 800}):
        result = processed(jpeg(), "crop", **arguments)
        assert opened(result).size == ((14, 8) if "x" in arguments else (14, 48))
        assert "the part sticks out" in result.warnings[0]


def test_a_crop_outside_fails_and_says_so(processed: Processing) -> None:
    failure = processed(jpeg(), "crop", x=64, y=0, width=5, height=5).failure
    assert failure is not None
    assert (failure.code, failure.stage) == ("encode_failed", "process")
    assert "64,0 lies outside of the picture, which is 64x48" in failure.message


def test_a_watermark_is_written_with_its_ampersand(processed: Processing) -> None:
    plain = encoded(Image.new("L", (300, 200), 90), "JPEG")
    image = opened(
        processed(plain, "watermark", text="Fish & Chips <b>", size=10, color="#ff0000", opacity=1, quality=95)
    )
    assert image.mode == "RGB"
    reds = [pixel for pixel in image.get_flattened_data() if pixel[0] > 180 and pixel[1] < 90]  # type: ignore[index]
    assert len(reds) > 50


def test_a_lossless_rendition_has_the_very_pixels(processed: Processing) -> None:
    rng = random.Random(3)
    image = Image.frombytes("RGB", (40, 40), bytes(rng.randrange(256) for _ in range(4800)))
    for image_format in ("webp", "png", "tiff", "avif"):
        extension = {"tiff": "tif"}.get(image_format, image_format)
        result = processed(
            encoded(image, "PNG"), "convert", name="i.png", out=f"o.{extension}", format=image_format, lossless=True
        )
        assert opened(result).convert("RGB").tobytes() == image.tobytes(), image_format


def test_dpi_stays(processed: Processing) -> None:
    source = encoded(corners(), "JPEG", dpi=(300, 300))
    for out in ("o.jpg", "o.png", "o.tif"):
        dpi = opened(processed(source, "resize", out=out, width=20)).info["dpi"]
        assert [round(float(value)) for value in dpi] == [300, 300]
    bmp = processed(encoded(corners(), "BMP", dpi=(200, 200)), "convert", name="i.bmp", format="jpg")
    assert round(opened(bmp).info["dpi"][0]) == 200
