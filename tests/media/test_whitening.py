from __future__ import annotations

import itertools
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFilter

from tests.media.conftest import Processing
from tests.media.products import INK, LABEL, NEARLY_WHITE, product
from tests.media.test_rendering import opened
from tests.media_making import encoded

PNG: dict[str, Any] = {"name": "in.png", "out": "o.png", "format": "png"}


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_nearly_white_border_becomes_white_and_the_product_stays(processed: Processing, mode: str) -> None:
    image = product(noise=5)
    ImageDraw.Draw(image).ellipse((240, 120, 320, 200), fill=INK)  # so that border is left inside the part
    out = opened(processed(encoded(image.convert(mode), "PNG"), "convert", trim=6, whiten=True, **PNG)).convert("RGB")
    assert out.size[0] > 190
    corner = (out.width - 1, 0)
    assert out.getpixel(corner) == (255, 255, 255)
    for place, colour in (((70, 70), LABEL), ((10, 10), INK)):
        assert out.getpixel(place) == Image.new("RGB", (1, 1), colour).convert(mode).convert("RGB").getpixel((0, 0))


def test_sixteen_bits_and_alpha_are_whitened_too(processed: Processing) -> None:
    deep = Image.new("I;16", (100, 80), 62_000)
    deep.paste(0x2828, (20, 10, 60, 30))
    deep.paste(0x2828, (20, 30, 30, 70))
    out = opened(processed(encoded(deep, "PNG"), "convert", trim=5, whiten=True, **PNG))
    assert (out.getpixel((39, 59)), out.getpixel((0, 0))) == (65_535, 0x2828)
    clear = product()
    clear.putalpha(200)
    ImageDraw.Draw(clear).rectangle((260, 60, 300, 80), fill=(*INK, 255))
    out = opened(processed(encoded(clear, "PNG"), "convert", trim=5, whiten=True, **PNG))
    assert out.getpixel((out.width - 1, out.height - 1)) == (255, 255, 255, 200)


def test_a_shadow_fades_into_white_without_an_edge(processed: Processing) -> None:
    shade = Image.new("L", (400, 300), 246)
    ImageDraw.Draw(shade).ellipse((150, 230, 330, 280), fill=120)
    image = Image.merge("RGB", [shade.filter(ImageFilter.GaussianBlur(14))] * 3)
    ImageDraw.Draw(image).rectangle((120, 60, 259, 259), fill=INK)
    out = opened(processed(encoded(image, "PNG"), "convert", trim=2, whiten=True, **PNG))
    row = [out.getpixel((x, out.height - 30))[1] for x in range(150, out.width)]  # type: ignore[index]  # three bands
    assert row[-1] == 255
    assert min(row) < 200
    assert max(abs(one - other) for one, other in itertools.pairwise(row)) <= 12


def test_a_white_border_leaves_every_tone(processed: Processing) -> None:
    content = encoded(product(border=(255, 255, 255)), "PNG")
    plain, whitened = (opened(processed(content, "convert", trim=5, whiten=on, **PNG)) for on in (False, True))
    assert plain.tobytes() == whitened.tobytes()


def test_a_border_that_is_not_nearly_white_stays_and_is_told(processed: Processing) -> None:
    result = processed(encoded(product(border=(128, 130, 128)), "PNG"), "convert", trim=5, whiten=True, **PNG)
    assert result.warnings == ("the border is #808280, which is too dark to become white",)
    assert opened(result).size == (140, 200)


def test_nothing_but_border_becomes_white(processed: Processing) -> None:
    out = opened(
        processed(encoded(Image.new("RGB", (60, 40), NEARLY_WHITE), "PNG"), "convert", trim=5, whiten=True, **PNG)
    )
    assert out.getcolors() == [(2400, (255, 255, 255))]
