"""Scratch of slots: it is there while they are, and nobody's is left for good."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from dmedia.model import Limits, Task, WorkOrder
from dmedia.operations.convert import Convert
from dmedia.run.scratch import PREFIX, Scratch
from dmedia.run.slots import Slots
from tests.media_making import jpeg
from tests.processes import slots_of


def order(output: Path) -> WorkOrder:
    return WorkOrder("batch-1-aaaaaa", "convert", Convert(format="png"), os.fsencode(output), Limits())


def test_scratch_goes_with_its_slots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    slots = Slots(order(tmp_path / "out"), 1)
    (scratch,) = tmp_path.glob(PREFIX + "*")
    (scratch / "left").write_text("by a library")
    slots.close()
    assert not scratch.exists()


def test_what_a_slot_has_put_aside_goes_with_its_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "a.jpg").write_bytes(jpeg())
    task = Task(0, os.fsencode(tmp_path / "a.jpg"), os.fsencode(tmp_path / "out" / "a.png"), 0)
    slots = Slots(order(tmp_path / "out"), 2)
    try:
        slots.start()
        own = set(tmp_path.glob(PREFIX + "*/*"))
        assert len(own) == 2
        for directory in own:
            (directory / "spilled").write_text("by a library")
        for child in slots_of():
            child.kill()
        assert slots._all[0].work(task).failure is None
        left = set(tmp_path.glob(PREFIX + "*/*"))
        assert len(left) == 2
        assert len(left & own) == 1
    finally:
        slots.close()


def test_scratch_of_the_dead_is_removed_and_that_of_the_living_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    living = Scratch()
    (tmp_path / f"{PREFIX}dead").mkdir()
    (tmp_path / f"{PREFIX}dead" / "left").write_text("")
    (tmp_path / f"{PREFIX}link").symlink_to("/")
    newer = Scratch()
    assert {path.name for path in tmp_path.iterdir()} == {
        os.path.basename(living.path or ""), os.path.basename(newer.path or ""), f"{PREFIX}link",
    }  # fmt: skip
    living.close()
    newer.close()


def test_scratch_on_a_file_system_without_locks_of_directories_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object) -> None:
        raise OSError(errno.EBADF, "Bad file descriptor")

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("fcntl.flock", refuse)
    scratch = Scratch()
    assert os.path.isdir(scratch.path or "")
    Scratch().close()
    assert os.path.isdir(scratch.path or "")
    scratch.close()
    assert list(tmp_path.iterdir()) == []


def test_without_room_for_scratch_slots_work_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    (tmp_path / "a.jpg").write_bytes(jpeg())
    slots = Slots(order(tmp_path / "out"), 1)
    try:
        task = Task(0, os.fsencode(tmp_path / "a.jpg"), os.fsencode(tmp_path / "out" / "a.png"), 0)
        assert slots._all[0].work(task).failure is None
    finally:
        slots.close()
