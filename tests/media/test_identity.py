"""Pictures are the same when every pixel is, however their files say it."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from dmedia.media.identity import is_identical
from dmedia.media.libvips import pyvips
from tests.media_making import corners, encoded, photo


def opened(image: Image.Image, image_format: str = "PNG") -> pyvips.Image:
    return pyvips.Image.new_from_buffer(encoded(image, image_format), "", access="sequential")


def same(first: Image.Image, second: Image.Image) -> bool:
    return is_identical(lambda: opened(first), lambda: opened(second))


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "I;16"])
def test_a_picture_is_the_same_as_itself_and_not_as_one_with_another_pixel(mode: str) -> None:
    image = photo((200, 150)).convert("L").convert(mode) if mode == "I;16" else photo((200, 150)).convert(mode)
    other = image.copy()
    value = other.getpixel((199, 149))
    other.putpixel((199, 149), (*value[:-1], value[-1] ^ 1) if isinstance(value, tuple) else int(value or 0) ^ 1)
    assert same(image, image)
    assert not same(image, other)


def test_what_says_the_same_in_another_way_is_the_same() -> None:
    flat = corners((40, 30))
    grey = flat.convert("L")
    assert same(flat, flat.convert("P", palette=Image.Palette.ADAPTIVE, colors=8))
    assert same(flat, flat.convert("RGBA"))
    assert same(grey, grey.convert("RGB"))
    assert same(grey, grey.convert("LA"))
    deep = Image.frombytes("I;16", (2, 1), bytes([7, 7, 200, 200]))
    assert same(deep, Image.frombytes("L", (2, 1), bytes([7, 200])))
    assert not same(Image.frombytes("I;16", (2, 1), bytes([8, 7, 200, 200])), Image.frombytes("L", (2, 1), b"\7\xc8"))


def test_what_is_transparent_has_a_colour_too() -> None:
    assert not same(Image.new("RGBA", (9, 9), (255, 0, 0, 0)), Image.new("RGBA", (9, 9), (0, 0, 255, 0)))


def test_other_sizes_and_colour_spaces_are_never_the_same() -> None:
    assert not same(corners((40, 30)), corners((30, 40)))
    cmyk = encoded(corners().convert("CMYK"), "JPEG")
    rgb = encoded(corners(), "JPEG")
    buffers = [lambda data=data: pyvips.Image.new_from_buffer(data, "") for data in (cmyk, rgb)]
    assert is_identical(buffers[0], buffers[0])
    assert not is_identical(*buffers)


def test_damage_is_an_error_and_not_a_difference() -> None:
    data = encoded(photo(), "PNG")
    half = io.BytesIO(data[: len(data) // 2]).getvalue()
    with pytest.raises(pyvips.Error):
        is_identical(*[lambda: pyvips.Image.pngload_buffer(half, fail_on="error", access="sequential")] * 2)
