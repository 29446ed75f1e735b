"""One file without a job: only the file itself tells whose it is, and what was left behind is swept later."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from dmedia.errors import MediaError
from dmedia.model import FileResult, Limits, Task, WorkOrder
from dmedia.operations.convert import Convert
from dmedia.run.single import FORGOTTEN_S, SINGLE, process_file
from tests.marks import needs_marks
from tests.media_making import jpeg


def convert(directory: Path, *, replaces: bool = False) -> FileResult:
    source, output = directory / "in.jpg", directory / "out"
    source.write_bytes(jpeg())
    output.mkdir(exist_ok=True)
    order = WorkOrder(SINGLE, "convert", Convert(format="png"), bytes(output), Limits())
    return process_file(order, Task(0, bytes(source), bytes(output / "in.png"), -1, replaces=replaces))


@needs_marks
def test_what_was_made_before_is_made_again_and_what_is_somebody_elses_stays(tmp_path: Path) -> None:
    for _ in range(2):
        assert convert(tmp_path).outputs
    (tmp_path / "out" / "in.png").write_bytes(b"mine")
    with pytest.raises(MediaError, match="Output exists"):
        convert(tmp_path)
    assert (tmp_path / "out" / "in.png").read_bytes() == b"mine"
    assert convert(tmp_path, replaces=True).outputs


def test_a_file_stays_where_nobody_can_tell_whose_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "getxattr", raising=False)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "in.png").write_bytes(b"mine")
    with pytest.raises(MediaError, match="Output exists"):
        convert(tmp_path)
    assert (tmp_path / "out" / "in.png").read_bytes() == b"mine"
    assert convert(tmp_path, replaces=True).outputs


def test_temporary_files_go_when_they_are_forgotten_and_no_others(tmp_path: Path) -> None:
    output = tmp_path / "out"
    output.mkdir()
    long_ago = time.time() - FORGOTTEN_S - 60
    for name in (".dmedia-single-0.tmp", ".dmedia-single-1.tmp", ".dmedia-batch-1-aaaaaa-0.tmp", "a.tmp"):
        (output / name).touch()
        if name != ".dmedia-single-1.tmp":
            os.utime(output / name, (long_ago, long_ago))
    convert(tmp_path)
    assert sorted(os.listdir(output)) == [".dmedia-batch-1-aaaaaa-0.tmp", ".dmedia-single-1.tmp", "a.tmp", "in.png"]
