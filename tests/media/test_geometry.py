from __future__ import annotations

import pytest

from dmedia.media.geometry import Layout, Region, Size, clip, hold, lay_out, place, source_part
from dmedia.operations.parameters import Fit

WIDE = Size(400, 200)


@pytest.mark.parametrize(
    ("fit", "box", "enlarge", "scaled", "canvas"),
    [
        ("inside", (100, 100), False, (100, 50), (100, 50)),
        ("inside", (800, 800), False, (400, 200), (400, 200)),
        ("inside", (800, 800), True, (800, 400), (800, 400)),
        ("inside", (100, None), False, (100, 50), (100, 50)),
        ("inside", (None, 100), False, (200, 100), (200, 100)),
        ("inside", (None, None), False, (400, 200), (400, 200)),
        ("outside", (100, 100), False, (200, 100), (200, 100)),
        ("outside", (800, 800), False, (400, 200), (400, 200)),
        ("outside", (800, 800), True, (1600, 800), (1600, 800)),
        ("cover", (100, 100), False, (200, 100), (100, 100)),
        ("cover", (800, 800), False, (1600, 800), (800, 800)),
        ("cover", (800, None), False, (800, 400), (800, 400)),
        ("contain", (100, 100), False, (100, 50), (100, 100)),
        ("contain", (800, 800), False, (800, 400), (800, 800)),
        ("contain", (None, 400), False, (800, 400), (800, 400)),
        ("fill", (100, 100), False, (100, 100), (100, 100)),
        ("fill", (800, 50), False, (800, 50), (800, 50)),
        ("fill", (800, None), False, (800, 400), (800, 400)),
    ],
)
def test_a_picture_of_400_by_200_in_a_box(
    fit: Fit, box: tuple[int | None, int | None], enlarge: bool, scaled: tuple[int, int], canvas: tuple[int, int]
) -> None:
    layout = lay_out(WIDE, *box, fit, enlarge=enlarge)
    assert (layout.scaled, layout.canvas) == (scaled, canvas)
    assert layout.enlarged == (scaled > WIDE)


@pytest.mark.parametrize("source", [Size(1, 1), Size(1, 100_000), Size(100_000, 1), Size(3841, 2560), Size(7, 5)])
@pytest.mark.parametrize("fit", ["inside", "outside", "cover", "contain", "fill"])
@pytest.mark.parametrize("box", [(320, 240), (1, 1), (333, None), (None, 1)])
def test_no_side_is_ever_zero_and_exact_boxes_are_exact(
    source: Size, fit: Fit, box: tuple[int | None, int | None]
) -> None:
    layout = lay_out(source, *box, fit)
    assert min(*layout.scaled, *layout.canvas) >= 1
    if fit in {"cover", "contain", "fill"} and None not in box:
        assert layout.canvas == box
        assert layout.exact
    if fit == "inside":
        assert all(side <= limit for side, limit in zip(layout.canvas, box, strict=True) if limit is not None)
    if fit == "cover":
        assert not layout.pads
    if layout.crops:
        part = source_part(layout)
        assert 1 <= part.width <= source.width
        assert 1 <= part.height <= source.height


@pytest.mark.parametrize(
    ("source", "box", "fill", "scaled"),
    [
        (WIDE, (100, 100), 0.85, (85, 42)),
        (Size(200, 400), (100, 100), 0.85, (42, 85)),
        (WIDE, (2000, 2000), 0.85, (1700, 850)),
        (WIDE, (300, 100), 0.5, (100, 50)),
        (WIDE, (100, 300), 0.5, (50, 25)),
        (WIDE, (101, 101), 0.5, (51, 26)),
        (WIDE, (100, 100), 1.0, (100, 50)),
        (Size(1, 100_000), (10, 10), 0.01, (1, 1)),
    ],
)
def test_a_part_of_a_box_is_filled_and_never_less(
    source: Size, box: tuple[int, int], fill: float, scaled: tuple[int, int]
) -> None:
    layout = lay_out(source, *box, "contain", fill=fill)
    assert (layout.scaled, layout.canvas, layout.exact) == (scaled, box, True)


def test_what_shrinks_is_told_from_what_does_not() -> None:
    assert lay_out(WIDE, 100, None, "inside").shrinks
    assert lay_out(WIDE, 100, 300, "fill").shrinks
    assert not lay_out(WIDE, 400, None, "inside").shrinks
    assert not lay_out(WIDE, 100, 200, "cover").shrinks
    assert not lay_out(WIDE, 900, 900, "contain").shrinks


def test_what_a_format_cannot_hold_is_scaled_down_or_refused() -> None:
    free = lay_out(Size(1, 100_000), None, None, "inside")
    assert hold(free, 65_500).canvas == (1, 65_500)
    assert hold(free, 65_500).held
    assert hold(free, 100_000) is free
    with pytest.raises(ValueError, match="20000x10"):
        hold(Layout(WIDE, WIDE, Size(20_000, 10), exact=True), 16_383)


def test_gravity_places_a_box_at_nine_places() -> None:
    inner, outer = Size(10, 20), Size(30, 60)
    names = ("northwest", "center", "southeast", "north", "west", "attention")
    places = [(0, 0), (10, 20), (20, 40), (10, 0), (0, 20), (10, 20)]
    assert [place(inner, outer, name) for name in names] == places


def test_a_part_that_sticks_out_is_clipped_and_one_outside_is_none() -> None:
    assert clip(Region(300, 100, 200, 50), WIDE) == (300, 100, 100, 50)
    assert clip(Region(0, 0, 10, 10), WIDE) == (0, 0, 10, 10)
    assert clip(Region(400, 0, 10, 10), WIDE) is None
    assert clip(Region(0, 200, 10, 10), WIDE) is None
