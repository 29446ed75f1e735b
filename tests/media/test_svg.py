"""Drawings: rendered only where a job allows it, at the size that is wanted, and alone."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from dmedia.model import FileResult, Limits

if TYPE_CHECKING:
    from tests.media.conftest import Processing

ALLOWED = Limits(allow_svg=True)
SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" {0}>{1}</svg>'
HALF = '<rect width="50%" height="100%" fill="#dc1e1e"/>'


def drawing(body: str = HALF, size: str = 'width="40" height="20"') -> bytes:
    return SVG.format(size, body).encode()


def picture(result: FileResult) -> Image.Image:
    assert result.failure is None, result.failure
    image = Image.open(os.fsdecode(result.outputs[0].path))
    image.load()
    return image


def code_of(processed: Processing, content: bytes, **arguments: Any) -> str:
    failure = processed(content, "convert", name="a.svg", limits=ALLOWED, format="jpg", **arguments).failure
    assert failure is not None
    return failure.code


def test_a_drawing_is_rendered_with_its_transparency(processed: Processing) -> None:
    result = processed(drawing(), "convert", name="a.svg", out="a.png", limits=ALLOWED, format="png")
    image = picture(result)
    assert (image.size, image.mode, result.decoder, result.warnings) == ((40, 20), "RGBA", "librsvg", ())
    assert (image.getpixel((5, 5)), image.getpixel((35, 5))) == ((220, 30, 30, 255), (0, 0, 0, 0))


@pytest.mark.parametrize(
    ("asked", "size"),
    [
        ({"width": 400}, (400, 200)), ({"height": 10}, (20, 10)), ({"width": 300, "height": 300}, (300, 150)),
        ({"width": 300, "height": 300, "fit": "cover"}, (300, 300)),
        ({"width": 300, "height": 300, "fit": "fill"}, (300, 300)),
    ],
)  # fmt: skip
def test_it_is_rendered_at_the_size_that_is_wanted_and_not_enlarged(
    processed: Processing, asked: dict[str, Any], size: tuple[int, int]
) -> None:
    result = processed(drawing(), "resize", name="a.svg", out="a.png", limits=ALLOWED, **asked)
    image = picture(result)
    assert (image.size, result.warnings) == (size, ())
    if size[0] > 100:  # the edge is a line, and no ramp of pixels
        row = [image.getpixel((x, size[1] // 2)) for x in range(size[0])]
        assert sum(colour not in {(220, 30, 30, 255), (0, 0, 0, 0)} for colour in row) <= 8


def test_a_size_that_only_its_view_box_tells_counts(processed: Processing) -> None:
    content = drawing(size='viewBox="0 0 80 60"')
    assert picture(processed(content, "convert", name="a.svg", out="a.png", limits=ALLOWED, format="png")).size == (
        80,
        60,
    )


def test_pixels_are_counted_before_anything_is_rendered(processed: Processing) -> None:
    began_s = time.process_time()
    assert code_of(processed, drawing(size='width="50000" height="50000"')) == "too_large"
    assert code_of(processed, drawing(size='width="1" height="10000"'), width=60_000) == "too_large"
    assert time.process_time() - began_s < 10  # rendering the first takes a minute


def test_entities_are_neither_read_from_files_nor_multiplied_without_end(processed: Processing) -> None:
    entity = b'<!DOCTYPE svg [<!ENTITY e SYSTEM "file:///etc/hostname">]>' + drawing("<text>&e;</text>")
    assert code_of(processed, entity) == "unsupported_format"
    laughs = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<!DOCTYPE svg [<!ENTITY e0 "ha">{laughs}]>'.encode() + drawing("<text>&e11;</text>")
    assert code_of(processed, bomb) == "corrupt_input"


def test_what_a_drawing_links_to_is_left_out_and_told(processed: Processing) -> None:
    for body in ('<image width="40" height="20" xlink:href="other.png"/>', '<style>@import "a.css";</style>'):
        result = processed(drawing(body + HALF), "convert", name="a.svg", out="a.png", limits=ALLOWED, format="png")
        assert picture(result).getpixel((5, 5)) == (220, 30, 30, 255)
        assert result.warnings == ("the drawing links to other files: these are left out",)


def test_damaged_drawings_are_corrupt(processed: Processing) -> None:
    assert code_of(processed, drawing()[:-9]) == "corrupt_input"
    assert code_of(processed, drawing("<rect>")) == "corrupt_input"


def test_without_leave_it_is_refused_with_the_option_that_gives_it(processed: Processing) -> None:
    failure = processed(drawing(), "convert", name="a.svg", format="jpg").failure
    assert failure is not None
    assert (failure.code, failure.hint) == ("unsupported_format", "--allow-svg lets a job render drawings")
