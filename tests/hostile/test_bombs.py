"""Small files that ask for a lot are refused, or give their first frame, within a slot's memory."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from tests.command import Dmedia, below
from tests.hostile import bombs
from tests.media_making import corners, encoded, jpeg

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HUGE, LARGE = bombs.HUGE, 10_000

TOO_LARGE: dict[str, Callable[[], bytes]] = {
    "huge.png": lambda: bombs.png(HUGE, HUGE),
    "huge.gif": lambda: bombs.gif(HUGE, HUGE, 3),
    "huge.jpg": lambda: bombs.jpeg_of(HUGE, HUGE),
    "huge.tif": lambda: bombs.tiff_of(HUGE, HUGE),
    "huge-lzw.tif": lambda: bombs.tiff_of(HUGE, HUGE, "tiff_lzw"),
    "huge.bmp": lambda: bombs.bmp_of(HUGE, HUGE),
    "huge.ico": lambda: bombs.ico_of(20_000),
    "huge.psd": lambda: bombs.psd_of(30_000, 30_000),
    "huge.tga": lambda: bombs.tga_of(HUGE, HUGE),
    "huge.jp2": lambda: bombs.jp2_of(HUGE, HUGE),
    "huge.avif": lambda: bombs.iso_of(encoded(corners(), "AVIF"), HUGE, HUGE),
    "huge.heic": lambda: bombs.iso_of(bombs.heic(), HUGE, HUGE),
}
"""Pictures above the limit of pixels, by their header: nothing of them is decoded."""

LYING: dict[str, Callable[[], bytes]] = {
    "lying.jpg": lambda: bombs.jpeg_of(LARGE, LARGE),
    "lying.tif": lambda: bombs.tiff_of(LARGE, LARGE, "tiff_lzw"),
    "lying-raw.tif": lambda: bombs.tiff_of(LARGE, LARGE),
    "lying.bmp": lambda: bombs.bmp_of(LARGE, LARGE),
    "lying.psd": lambda: bombs.psd_of(LARGE, LARGE),
    "lying.tga": lambda: bombs.tga_of(LARGE, LARGE),
    "lying.jp2": lambda: bombs.jp2_of(LARGE, LARGE),
    "lying.avif": lambda: bombs.iso_of(encoded(corners(), "AVIF"), LARGE, LARGE),
    "lying.heic": lambda: bombs.iso_of(bombs.heic(), LARGE, LARGE),
    "scans.jpg": lambda: bombs.progressive_jpeg(2_000),
}
"""Pictures within the limit by their header, whose content is not what it says."""

FIRST_FRAME: dict[str, tuple[int, Callable[[], bytes]]] = {
    "frames.gif": (10_000, lambda: bombs.gif(4_000, 4_000, 10_000)),
    "frames.png": (200, lambda: bombs.png(4_000, 4_000, 200)),
    "frames.webp": (3_000, lambda: bombs.animated_webp(64, 3_000)),
    "pages.tif": (20_000, lambda: bombs.tiff_of_pages(20_000)),
}
"""Frames in a file, and the file."""

HARMLESS: dict[str, Callable[[], bytes]] = {
    "large.png": lambda: bombs.png(LARGE, LARGE),
    "large.ico": lambda: bombs.ico_of(LARGE),
    "large.webp": lambda: bombs.webp(16_383, 2_000),
    "text.png": bombs.png_with_bomb_in_text,
    "loop.tif": bombs.looping_tiff,
    "good.jpg": jpeg,
}
"""Within the limits: large as they are, they are done in the memory there is."""

LONG_BYTES = 10 * 2**30
LIMITS = ("--slot-memory", "600M", "--timeout", "60", "--slots", "2")


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Make thumbnails of all of them in one job; tell what became of each."""
    place = tmp_path_factory.mktemp("bombs")
    bomb = place / "in"
    bomb.mkdir()
    for makers in (TOO_LARGE, LYING, HARMLESS):
        for name, make in makers.items():
            (bomb / name).write_bytes(make())
    for name, (_, make) in FIRST_FRAME.items():
        (bomb / name).write_bytes(make())
    (bomb / "sparse.png").write_bytes(encoded(corners(), "PNG"))
    os.truncate(bomb / "sparse.png", LONG_BYTES)
    bombs.film_of_pngs(bomb / "huge.mov", 20_000, 20_000, 5)
    bombs.film_of_pngs(bomb / "large.mov", 4_000, 4_000, 50)
    dmedia = Dmedia(place)
    ran = dmedia("thumbnail", "in", "-o", "out", "--width", "64", "--name", "{name}.{ext}", *LIMITS, "--json")
    assert ran.status == 3
    files = dmedia.files()
    done = {f"{name}.{extension_of(file)}" for name, file in files.items() if file["status"] == "completed"}
    assert set(below(place / "out")) == done
    assert len(files) == len(list(bomb.iterdir()))
    return files


def extension_of(file: dict[str, Any]) -> str:
    return str(file["outputs"][0]["path"].rpartition(".")[2])


@pytest.mark.parametrize("name", [*TOO_LARGE, "sparse.png"])
def test_what_says_that_it_is_huge_is_too_large(outcomes: dict[str, dict[str, Any]], name: str) -> None:
    assert (outcomes[name]["status"], outcomes[name]["code"]) == ("failed", "too_large"), outcomes[name]
    assert "--max-" in outcomes[name]["hint"]


@pytest.mark.parametrize("name", [*LYING, "huge.mov"])
def test_what_says_more_than_it_holds_is_corrupt(outcomes: dict[str, dict[str, Any]], name: str) -> None:
    assert (outcomes[name]["status"], outcomes[name]["code"]) == ("failed", "corrupt_input"), outcomes[name]


@pytest.mark.parametrize("name", FIRST_FRAME)
def test_of_any_number_of_frames_the_first_is_taken(outcomes: dict[str, dict[str, Any]], name: str) -> None:
    assert outcomes[name]["status"] == "completed", outcomes[name]
    assert outcomes[name]["warnings"] == [f"the first of {FIRST_FRAME[name][0]} frames or pages was taken"]


@pytest.mark.parametrize("name", [*HARMLESS, "large.mov"])
def test_what_is_large_within_the_limits_is_done(outcomes: dict[str, dict[str, Any]], name: str) -> None:
    assert outcomes[name]["status"] == "completed", outcomes[name]


def test_compressing_an_animation_of_any_number_of_frames_loses_none(dmedia: Dmedia, tmp_path: Path) -> None:
    (tmp_path / "frames.gif").write_bytes(bombs.gif(100, 100, 12_000))
    ran = dmedia("compress", "frames.gif", "-o", "out", *LIMITS, "--json")
    assert (ran.status, ran.document["completed"]) == (0, 1)
    assert (tmp_path / "out/frames.gif").read_bytes() == (tmp_path / "frames.gif").read_bytes()


def test_a_picture_that_does_not_fit_its_slot_fails_alone(dmedia: Dmedia, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/large.gif").write_bytes(bombs.gif(16_000, 16_000, 1))  # its canvas takes a gigabyte
    (tmp_path / "in/good.jpg").write_bytes(jpeg())
    ran = dmedia("resize", "in", "-o", "out", "--width", "64", *LIMITS, "--json")
    assert (ran.status, ran.document["completed"], ran.document["errors"]) == (3, 1, {"out_of_memory": 1})
    assert below(tmp_path / "out") == ["good.jpg"]
