from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import pyvips

from dmedia.media.font import missing_characters, use_only_shipped_font
from dmedia.media.lettering import draw_text
from dmedia.media.lines import balanced
from dmedia.operations.watermark import Watermark

if TYPE_CHECKING:
    from pathlib import Path

    from dmedia.operations.parameters import Position

EMPTY_FONT_LIST = (
    "<?xml version='1.0'?><!DOCTYPE fontconfig SYSTEM 'urn:fontconfig:fonts.dtd'><fontconfig></fontconfig>"
)


def plain(width: int, height: int, *bands: float, interpretation: str = "srgb", pixel: str = "uchar") -> pyvips.Image:
    image = pyvips.Image.black(width, height, bands=len(bands)) + list(bands)
    return image.cast(pixel).copy(interpretation=interpretation)


def ink(before: pyvips.Image, after: pyvips.Image) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what a text changed."""
    changed = ((before.cast("float") - after.cast("float")).abs() > 2).bandor()
    left, top, width, height = changed.find_trim(background=[0], threshold=1)
    return left, top, left + width, top + height


@pytest.mark.parametrize(
    ("position", "side_x", "side_y"),
    [
        ("northwest", "low", "low"), ("north", "middle", "low"), ("northeast", "high", "low"),
        ("west", "low", "middle"), ("center", "middle", "middle"), ("east", "high", "middle"),
        ("southwest", "low", "high"), ("south", "middle", "high"), ("southeast", "high", "high"),
    ],
)  # fmt: skip
def test_text_stands_at_its_position_within_the_margin(position: Position, side_x: str, side_y: str) -> None:
    image = plain(400, 300, 90, 120, 150)
    marked, warnings = draw_text(image, Watermark(text="Ana", position=position, margin=5.0))
    left, top, right, bottom = ink(image, marked)
    assert warnings == ()
    assert min(left, top, 400 - right, 300 - bottom) >= 20
    for side, low, high, length in ((side_x, left, right, 400), (side_y, top, bottom, 300)):
        if side == "low":
            assert low <= 24
        elif side == "high":
            assert length - high <= 24
        else:
            assert abs((low + high) / 2 - length / 2) <= 3


def test_tile_reaches_every_quarter_and_the_middle() -> None:
    image = plain(600, 400, 90, 120, 150)
    marked, _ = draw_text(image, Watermark(text="Ana", position="tile"))
    assert (marked.width, marked.height, marked.bands) == (600, 400, 3)
    for x, y in ((0, 0), (300, 0), (0, 200), (300, 200), (150, 100)):
        part = (x, y, 300, 200)
        assert (marked.extract_area(*part) - image.extract_area(*part)).abs().max() > 30


@pytest.mark.parametrize(
    "image",
    [
        plain(300, 200, 250, 250, 250),
        plain(300, 200, 250, 250, 250, 255),
        plain(300, 200, 250, interpretation="b-w"),
        plain(300, 200, 250, 255, interpretation="b-w"),
        plain(300, 200, 64000, 64000, 64000, interpretation="rgb16", pixel="ushort"),
        plain(300, 200, 64000, 64000, 64000, 65535, interpretation="rgb16", pixel="ushort"),
        plain(300, 200, 64000, interpretation="grey16", pixel="ushort"),
        plain(300, 200, 5, 5, 5, 5, interpretation="cmyk"),
    ],
    ids=["rgb", "rgba", "grey", "grey alpha", "rgb 16", "rgba 16", "grey 16", "cmyk"],
)
def test_white_text_is_readable_on_white_in_every_kind_of_picture(image: pyvips.Image) -> None:
    marked, _ = draw_text(image, Watermark(text="Ana", opacity=1.0, size=10.0))
    assert (marked.bands, marked.format, marked.interpretation) == (
        image.bands,
        image.format,
        image.interpretation,
    )
    full = 65535 if image.format == "ushort" else 255
    colours = marked.extract_band(0, n=marked.bands - 1 if marked.hasalpha() else marked.bands)
    difference = (colours - image.extract_band(0, n=colours.bands)).abs().max()
    assert difference > 0.3 * full


def test_text_makes_a_transparent_picture_opaque_where_it_stands() -> None:
    marked, _ = draw_text(plain(300, 200, 10, 20, 30, 0), Watermark(text="Ana", opacity=1.0, size=20.0))
    assert marked.extract_band(3).max() == 255
    assert marked(0, 0) == [10, 20, 30, 0]


def test_line_height_is_in_percent_of_the_width() -> None:
    image = plain(1000, 500, 0, 0, 0)
    capitals, _ = draw_text(image, Watermark(text="H", size=20.0, opacity=1.0))
    _, top, _, bottom = ink(image, capitals)
    assert (
        200 * 0.6 < bottom - top < 200 * 0.78
    )  # a capital of DejaVu Sans is 0.73 em, a line 1.164 em; the outline is soft


def test_opacity_and_alpha_of_the_colour_multiply() -> None:
    image = plain(400, 200, 0, 0, 0)
    strong, _ = draw_text(image, Watermark(text="H", size=40.0, opacity=1.0))
    half, _ = draw_text(image, Watermark(text="H", size=40.0, opacity=0.5))
    quarter, _ = draw_text(image, Watermark(text="H", size=40.0, opacity=0.5, color="#ffffff80"))
    assert strong.max() == 255
    assert half.max() == pytest.approx(128, abs=2)
    assert quarter.max() == pytest.approx(64, abs=2)


def test_text_larger_than_the_picture_is_made_smaller_and_says_so() -> None:
    image = plain(300, 200, 90, 120, 150)
    marked, warnings = draw_text(image, Watermark(text="a very long text " * 10, size=30.0))
    left, _, right, _ = ink(image, marked)
    assert left >= 4
    assert right <= 296
    assert warnings == ("The text did not fit at size 30 %: it stands on 7 lines and it was made smaller",)


@pytest.mark.parametrize("position", ["south", "north", "east", "center"])
def test_a_wide_margin_leaves_the_text_readable(position: Position) -> None:
    image = plain(800, 533, 90, 120, 150)
    marked, warnings = draw_text(image, Watermark(text="© Ana", size=10.0, margin=40.0, position=position))
    left, top, right, bottom = ink(image, marked)
    assert bottom - top > 50
    assert min(left, top, 800 - right, 533 - bottom) >= 133
    assert warnings == ()


def test_a_long_text_is_wrapped_before_it_is_made_smaller() -> None:
    image = plain(800, 600, 90, 120, 150)
    sentence = "All rights reserved by Ana Souza and the estate of Maria Souza, no use without written consent"
    marked, warnings = draw_text(image, Watermark(text=sentence, size=6.0, position="center"))
    left, top, right, bottom = ink(image, marked)
    assert warnings == ("The text did not fit at size 6 %: it stands on 3 lines",)
    assert bottom - top > 2.5 * 48
    assert right - left > 400
    _, warnings = draw_text(image, Watermark(text=sentence.replace(" ", "_"), size=6.0))
    assert warnings == ("The text did not fit at size 6 %: it was made smaller",)


def test_a_text_that_nearly_fits_stays_on_its_line() -> None:
    _, warnings = draw_text(plain(400, 300, 9, 9, 9), Watermark(text="Photograph by Ana Souza", size=9.0))
    assert warnings == ("The text did not fit at size 9 %: it was made smaller",)


def test_lines_that_were_given_stay_when_a_longer_one_is_wrapped() -> None:
    wrapped = balanced("Ana\n\nall rights reserved, no use without consent", 2)
    assert wrapped == "Ana\n\nall rights reserved,\nno use without consent"


def test_a_text_too_small_to_be_read_says_so() -> None:
    _, warnings = draw_text(plain(100, 80, 9, 9, 9), Watermark(text="Ana", size=4.0))
    assert warnings == ("The text is hardly readable: its lines are 4 px high",)


@pytest.mark.parametrize("size", [(1, 1), (3, 500), (500, 2), (10, 10)])
@pytest.mark.parametrize("position", ["southeast", "tile"])
def test_pictures_of_any_size_take_a_text(size: tuple[int, int], position: Position) -> None:
    marked, _ = draw_text(plain(*size, 9, 9, 9), Watermark(text="© Ana", size=100.0, margin=100.0, position=position))
    assert (marked.width, marked.height) == size
    marked.avg()


def test_markup_is_text() -> None:
    image = plain(800, 200, 90, 120, 150)
    tag, _ = draw_text(image, Watermark(text="<b>x</b> &amp; &", size=6.0))
    bold, _ = draw_text(image, Watermark(text="x & &", size=6.0))
    left, _, right, _ = ink(image, tag)
    left_plain, _, right_plain, _ = ink(image, bold)
    assert right - left > right_plain - left_plain + 100


def test_lines_of_a_longer_text_stand_below_each_other() -> None:
    image = plain(400, 400, 90, 120, 150)
    one, _ = draw_text(image, Watermark(text="Ana", size=8.0))
    two, _ = draw_text(image, Watermark(text="Ana\nSouza", size=8.0))
    assert ink(image, two)[1] < ink(image, one)[1] - 25


def test_control_characters_and_undecodable_arguments_do_no_harm() -> None:
    image = plain(400, 200, 90, 120, 150)
    marked, warnings = draw_text(image, Watermark(text="A\x1b\x07\t" + os.fsdecode(b"\xe9")))
    assert ink(image, marked)[2] > 0
    assert warnings == ()


def test_invisible_characters_alone_leave_the_picture_as_it_is() -> None:
    image = plain(100, 100, 90, 120, 150)
    marked, _ = draw_text(image, Watermark(text="\u200b"))
    assert (marked - image).abs().max() == 0


def test_characters_the_font_lacks_are_named_once() -> None:
    _, warnings = draw_text(plain(400, 200, 0, 0, 0), Watermark(text="山田 Ana 山"))
    assert warnings == ("The font has no 山 田; boxes stand in the text instead",)


def test_the_font_covers_latin_greek_and_cyrillic() -> None:
    assert missing_characters("Fish & Chips © Åçéßøłő Ελληνικά Кириллица Українська “…” — €\n\u200d\ufe0f") == ""
    assert missing_characters("한\U0001f9ff") == "한\U0001f9ff"


@pytest.mark.parametrize("position", ["northwest", "center", "southeast", "tile"])
def test_a_tall_picture_that_is_read_in_sequence_takes_a_text_anywhere(tmp_path: Path, position: Position) -> None:
    path = tmp_path / "tall.jpg"
    plain(1000, 6000, 90, 120, 150).write_to_file(str(path))
    parameters = Watermark(text="Ana", position=position)
    marked, _ = draw_text(pyvips.Image.new_from_file(str(path), access="sequential"), parameters)
    marked.write_to_file(str(tmp_path / "marked.png"))
    again, _ = draw_text(pyvips.Image.new_from_file(str(path)), parameters)
    assert (pyvips.Image.new_from_file(str(tmp_path / "marked.png")) - again).abs().max() == 0


@pytest.mark.parametrize("test", ["one", "the next"])
def test_no_test_passes_the_font_of_dmedia_on_to_processes_of_the_next(test: str) -> None:
    assert "FONTCONFIG_FILE" not in os.environ
    use_only_shipped_font()


def test_text_needs_no_system_font_and_says_nothing_on_standard_error(tmp_path: Path) -> None:
    script = (
        "import pyvips; from dmedia.media.lettering import draw_text\n"
        "from dmedia.operations.watermark import Watermark\n"
        "image = pyvips.Image.black(400, 200, bands=3).copy(interpretation='srgb')\n"
        "marked, _ = draw_text(image, Watermark(text='Ana Ελλ Кир', size=8.0)); print(round(marked.avg(), 4))"
    )
    empty = tmp_path / "fonts.conf"
    empty.write_text(EMPTY_FONT_LIST)
    environment = {k: v for k, v in os.environ.items() if k != "FONTCONFIG_FILE"} | {"HOME": "/nonexistent"}
    runs = [
        subprocess.run(
            [sys.executable, "-c", script],
            env=environment | extra,
            capture_output=True,
            text=True,
            check=True,
        )
        for extra in ({}, {"FONTCONFIG_FILE": str(empty)})
    ]
    assert runs[0].stdout == runs[1].stdout
    assert float(runs[0].stdout) > 0.5
    assert runs[0].stderr == ""
