"""Colours as people write them."""

from __future__ import annotations

import pytest
from PIL import ImageColor

from dmedia.operations.colour import CSS_NAMES, check_colour, parse_colour


def test_every_css_name_is_the_colour_that_pillow_knows_and_none_is_missing() -> None:
    assert set(CSS_NAMES) - {"transparent"} == set(ImageColor.colormap)
    for name in ImageColor.colormap:
        assert parse_colour(name) == (*ImageColor.getrgb(name)[:3], 255)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#fff", (255, 255, 255, 255)),
        ("#1aF", (17, 170, 255, 255)),
        ("#102030", (16, 32, 48, 255)),
        ("#10203040", (16, 32, 48, 64)),
        ("#1020300a", (16, 32, 48, 10)),
        (" White ", (255, 255, 255, 255)),
        ("transparent", (0, 0, 0, 0)),
    ],
)
def test_these_are_colours(text: str, expected: tuple[int, int, int, int]) -> None:
    assert parse_colour(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "#", "fff", "#12", "#1234", "#12345", "#gggggg", "#1234567", "rgb(1,2,3)", "#\N{FULLWIDTH DIGIT ONE}23"],
)
def test_these_are_no_colours(text: str) -> None:
    with pytest.raises(ValueError, match=r"^background: .* is no colour"):
        check_colour("background", text)
