"""Small files that ask for a lot are refused, or give their first frame, within a slot's memory."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tests.command import below
from tests.hostile import bombs
from tests.media_making import corners, encoded, jpeg

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.command import Dmedia

HUGE, LARGE = bombs.HUGE, 10_000

TOO_LARGE: dict[str, Callable[[], bytes]] = {
    "huge.png": lambda: bombs.png(30_000, 30_000),
    "huge.gif": lambda: bombs.gif(HUGE, HUGE, 3),
    "far.gif": lambda: bombs.gif_of_far_frame(100, 100),
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
    "frames.gif": lambda: bombs.gif(4_000, 4_000, 10_000),
    "large-frames.gif": lambda: bombs.gif(4_000, 4_000, 299),
    "frames.webp": lambda: bombs.animated_webp(64, 3_000),
}
"""Pictures above the limits of pixels and frames, by their header: nothing of them is decoded."""

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
    "frames.png": (200, lambda: bombs.png(4_000, 4_000, 200)),
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


def plant(bomb: Path) -> None:
    """Put all of them into a directory."""
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


def test_each_bomb_is_refused_or_gives_its_first_frame_in_the_memory_of_a_slot(dmedia: Dmedia, tmp_path: Path) -> None:
    plant(tmp_path / "in")
    expected = dict.fromkeys((*TOO_LARGE, "sparse.png"), "too_large")
    expected |= dict.fromkeys((*LYING, "huge.mov"), "corrupt_input")
    expected |= dict.fromkeys((*FIRST_FRAME, *HARMLESS, "large.mov"), "completed")

    ran = dmedia("thumbnail", "in", "-o", "out", "--width", "64", "--name", "{name}.{ext}", *LIMITS)

    files = dmedia.files()
    assert ran.status == 3
    assert {name: file.get("code") or file["status"] for name, file in files.items()} == expected
    assert all("--max-" in file["hint"] for file in files.values() if file.get("code") == "too_large")
    for name, (frames, _) in FIRST_FRAME.items():
        assert files[name]["warnings"] == [f"the first of {frames} frames or pages was taken"]
    done = [name for name, outcome in expected.items() if outcome == "completed"]
    assert sorted(name.rpartition(".")[0] for name in below(tmp_path / "out")) == sorted(done)


def test_the_first_frame_is_taken_of_an_animation_of_any_number_of_frames(dmedia: Dmedia, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("frames.gif", "frames.webp"):
        (tmp_path / "in" / name).write_bytes(TOO_LARGE[name]())
    ran = dmedia("resize", "in", "-o", "still", "--width", "64", "--frames", "first", *LIMITS)
    assert (ran.status, below(tmp_path / "still")) == (0, ["frames.gif", "frames.webp"])
    ran = dmedia("resize", "in", "-o", "out", "--width", "64", "--format", "jpg", "--on-collision", "keep-ext", *LIMITS)
    assert ran.status == 0
    warnings = sorted(warning for file in dmedia.files().values() for warning in file["warnings"])
    assert warnings == ["the first of 10000 frames or pages was taken", "the first of 3000 frames or pages was taken"]


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
