"""Animations on the command line: how many frames, told by status and record, and the limits that can be raised."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from tests.command import ROOT, below
from tests.media_making import encoded, photo

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command import Dmedia


def make_gif(path: Path, frames: int = 6) -> None:
    first, *rest = (photo((64, 48), seed) for seed in range(frames))
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(encoded(first, "GIF", save_all=True, append_images=rest, duration=80, loop=0))


def outputs(dmedia: Dmedia, name: str = "dance.gif") -> list[dict[str, Any]]:
    return list(dmedia.files()[name]["outputs"])


README = (ROOT / "README.md").read_text("utf-8").split("## Animations\n")[1].split("\n## ")[0]
SHOWN = re.findall(r"^dmedia (.+?) +#", README, re.MULTILINE)


def frames_of(path: Path) -> int:
    with Image.open(path) as image:
        return int(getattr(image, "n_frames", 1))


@pytest.mark.parametrize(
    ("command", "frames"),
    list(zip(SHOWN, ({"moving/dance.webp": 6}, {"half/dance.gif": 1}, {"grid/dance.jpg": 1}), strict=True)),
)
def test_the_readmes_commands_make_what_it_says(
    dmedia: Dmedia, tmp_path: Path, command: str, frames: dict[str, int]
) -> None:
    make_gif(tmp_path / "stickers/dance.gif")
    assert dmedia(*shlex.split(command)).status == 0
    for name, count in frames.items():
        assert below(tmp_path / name.split("/")[0]) == ["dance." + name.rpartition(".")[2]]
        assert frames_of(tmp_path / name) == count


def test_a_job_tells_the_frames_of_what_it_has_written_and_so_does_one_that_finds_it(
    dmedia: Dmedia, tmp_path: Path
) -> None:
    make_gif(tmp_path / "in/dance.gif")
    (tmp_path / "in/still.png").write_bytes(encoded(photo((64, 48)), "PNG"))
    command = ("convert", "in", "-o", "out", "--format", "webp", "--width", "32", "--json")
    for counter in ("completed", "skipped"):
        ran = dmedia(*command)
        assert (ran.status, ran.document[counter]) == (0, 2)
        assert [output["frames"] for output in outputs(dmedia)] == [6]
        assert "frames" not in outputs(dmedia, "still.png")[0]
    assert frames_of(tmp_path / "out/dance.webp") == 6


def test_more_frames_than_the_limit_fail_with_what_helps(dmedia: Dmedia, tmp_path: Path) -> None:
    make_gif(tmp_path / "in/dance.gif", 9)
    command = ("resize", "in", "-o", "out", "--width", "32", "--json")
    ran = dmedia(*command, "--max-frames", "8")
    assert (ran.status, ran.document["errors"]) == (3, {"too_large": 1})
    failed = dmedia.files()["dance.gif"]
    assert failed["error"] == "Too large: 9 frames, the limit is 8"
    assert failed["hint"] == "--max-frames raises the limit; --frames first takes the first alone"
    assert dmedia(*command, "--max-frames", "9").status == 0
    assert outputs(dmedia)[0]["frames"] == 9
    assert dmedia(*command, "--max-frames", "8", "--frames", "first").status == 0
    assert "frames" not in outputs(dmedia)[0]
    assert dmedia.files()["dance.gif"]["warnings"] == []


def test_a_frame_that_is_missing_fails_its_file_and_leaves_nothing(dmedia: Dmedia, tmp_path: Path) -> None:
    make_gif(tmp_path / "in/dance.gif")
    whole = (tmp_path / "in/dance.gif").read_bytes()
    (tmp_path / "in/dance.gif").write_bytes(whole[: len(whole) * 2 // 3])
    ran = dmedia("resize", "in", "-o", "out", "--width", "32", "--json")
    assert (ran.status, ran.document["errors"]) == (3, {"corrupt_input": 1})
    assert "cut off at frame" in dmedia.files()["dance.gif"]["error"]
    assert not list((tmp_path / "out").glob("*"))
