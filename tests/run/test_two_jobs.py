"""Two jobs that write into one directory at once: every file is there and whole, and both end well."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from tests.command import Dmedia, below
from tests.media_making import encoded, photo

FILES = 60
OTHERS = {
    "same job": ("resize", "in", "-o", "out", "--width", "120"),
    "other parameters": ("resize", "in", "-o", "out", "--width", "80"),
    "other operation": ("crop", "in", "-o", "out", "--width", "80", "--height", "60"),
}


@pytest.mark.parametrize("delay_files", [0, 3], ids=["at once", "in the middle"])
@pytest.mark.parametrize("other", OTHERS)
def test_two_jobs_on_one_directory_lose_no_file_and_both_end_well(
    dmedia: Dmedia, tmp_path: Path, other: str, delay_files: int
) -> None:
    (tmp_path / "in").mkdir()
    for number in range(FILES):
        (tmp_path / "in" / f"{number:02}.png").write_bytes(encoded(photo((240, 180), number), "PNG"))
    first = dmedia.start(*OTHERS["same job"], "-j", "2", "--json")
    while len(list((tmp_path / "out").glob("*.png"))) < delay_files:
        assert first.poll() is None
    second = dmedia.start(*OTHERS[other], "-j", "2", "--json")
    for launcher in (first, second):
        ended = ended_well(launcher)
        assert ended["completed"] + ended["skipped"] == FILES
    widths = {width_of(tmp_path / "out" / name) for name in below(tmp_path / "out")}
    assert widths <= {120, 80}
    assert below(tmp_path / "out") == below(tmp_path / "in")
    again = dmedia(*OTHERS[other], "--json")
    assert (again.status, again.document["errors"]) == (0, {})


def ended_well(launcher: subprocess.Popen[bytes]) -> dict[str, int]:
    out, err = launcher.communicate(timeout=120)
    assert launcher.returncode == 0, err
    document: dict[str, int] = json.loads(out)
    return document


def width_of(path: Path) -> int:
    with Image.open(path) as image:
        image.load()
        return image.width
