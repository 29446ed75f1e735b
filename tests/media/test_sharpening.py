from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from tests.media.conftest import Processing
from tests.media.films import make_film, scene
from tests.media.test_rendering import opened
from tests.media_making import encoded

PNG: dict[str, Any] = {"out": "o.png", "format": "png"}


def edges(mode: str = "RGB", size: tuple[int, int] = (400, 300)) -> Image.Image:
    image = Image.new("RGB", size, (90, 110, 130))
    ImageDraw.Draw(image).ellipse((50, 40, 330, 260), fill=(170, 150, 130))
    return image.convert(mode)


def steepest(image: Image.Image) -> int:
    """The largest step between neighbours in the middle row, of the first band."""
    grey = image.convert("RGB").getchannel(0)
    row = [int(grey.getpixel((x, grey.height // 2))) for x in range(grey.width)]  # type: ignore[arg-type]  # one band
    return max(abs(one - other) for one, other in itertools.pairwise(row))


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "LA"])
def test_edges_of_what_was_made_smaller_get_steeper(processed: Processing, mode: str) -> None:
    content = encoded(edges(mode), "PNG")
    plain, mild, strong = (
        opened(processed(content, "resize", name="in.png", width=90, sharpen=amount, **PNG)) for amount in (0, 0.4, 1)
    )
    assert plain.mode == mild.mode == strong.mode == mode
    assert steepest(plain) < steepest(mild) < steepest(strong)


def test_plain_areas_and_alpha_stay_as_they_are(processed: Processing) -> None:
    image = edges("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    content = encoded(image, "PNG")
    plain, strong = (
        opened(processed(content, "resize", name="in.png", width=100, sharpen=amount, **PNG)) for amount in (0, 1)
    )
    assert plain.getchannel("A").tobytes() == strong.getchannel("A").tobytes()
    assert plain.getpixel((50, 37))[:3] == strong.getpixel((50, 37))[:3]  # type: ignore[index]  # four bands


def test_sixteen_bits_stay_sixteen(processed: Processing) -> None:
    image = Image.new("I;16", (200, 100), 20_000)
    image.paste(40_000, (60, 0, 141, 100))
    content = encoded(image, "PNG")
    plain, strong = (
        opened(processed(content, "resize", name="in.png", width=50, sharpen=amount, **PNG)) for amount in (0, 1)
    )
    assert strong.mode == "I;16"
    assert plain.tobytes() != strong.tobytes()
    assert abs(strong.getpixel((2, 5)) - 20_000) <= 16  # type: ignore[operator]  # one band


@pytest.mark.parametrize("arguments", [{}, {"width": 400}, {"width": 900}, {"width": 900, "enlarge": True},
                                       {"width": 300, "height": 300, "fit": "cover", "gravity": "west"}])  # fmt: skip
def test_what_was_not_made_smaller_is_not_sharpened(processed: Processing, arguments: dict[str, Any]) -> None:
    content = encoded(edges(), "PNG")
    plain, asked = (
        opened(processed(content, "convert", name="in.png", sharpen=amount, **PNG, **arguments)) for amount in (0, 1)
    )
    assert plain.tobytes() == asked.tobytes()


def test_padding_gets_no_rim(processed: Processing) -> None:
    box: dict[str, Any] = {"width": 100, "height": 100, "fit": "contain", "background": "#5a6e82"}
    content = encoded(Image.new("RGB", (400, 200), (90, 110, 130)), "PNG")
    out = opened(processed(content, "resize", name="in.png", sharpen=1, **PNG, **box))
    assert out.getcolors() == [(10_000, (90, 110, 130))]


def test_a_films_frame_is_sharpened_and_loses_its_bars(processed: Processing, tmp_path: Path) -> None:
    framed = Image.new("RGB", (320, 320))
    framed.paste(scene(320, 180), (0, 70))
    content = Path(os.fsdecode(make_film(tmp_path / "film.mp4", [framed] * 12))).read_bytes()
    plain, sharp = (
        opened(processed(content, "thumbnail", name="in.mp4", width=80, trim=12, sharpen=amount, **PNG))
        for amount in (0, 1)
    )
    assert plain.size == sharp.size
    assert abs(plain.height - 45) <= 1
    assert plain.tobytes() != sharp.tobytes()
