"""The launcher's lock, also where the file system has none."""

from __future__ import annotations

import errno
import fcntl
from typing import TYPE_CHECKING

import pytest

from dmedia.errors import JobHeldError, PreflightError, RecordError
from dmedia.record import home
from dmedia.record.lock import JobLock, is_held
from dmedia.record.writer import RecordWriter
from tests.record.making import make_record, make_spec

if TYPE_CHECKING:
    from pathlib import Path


def break_locks(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    def flock(descriptor: int, operation: int) -> None:
        raise OSError(code, "no locks today")

    monkeypatch.setattr(fcntl, "flock", flock)


def test_a_lock_is_taken_once_and_again_when_released(tmp_path: Path) -> None:
    lock = JobLock(tmp_path / "lock")
    assert is_held(tmp_path / "lock") is True
    with pytest.raises(JobHeldError, match="held by process"):
        JobLock(tmp_path / "lock")
    (tmp_path / "lock").write_text("not what a launcher writes")
    with pytest.raises(JobHeldError, match="held by another process"):
        JobLock(tmp_path / "lock")
    lock.release()
    lock.release()
    assert is_held(tmp_path / "lock") is False
    JobLock(tmp_path / "lock").release()


def test_a_file_system_without_locks_leaves_it_to_the_heartbeat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_locks(monkeypatch, errno.ENOLCK)
    JobLock(tmp_path / "lock").release()
    assert is_held(tmp_path / "lock") is None


def test_a_lock_that_cannot_be_taken_is_an_error_that_names_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    with make_record(0) as record:
        pass
    break_locks(monkeypatch, errno.EIO)
    with pytest.raises(RecordError, match=f"{record.job} cannot be taken"):
        RecordWriter.open(record.job)


@pytest.mark.parametrize("ephemeral", [False, True])
def test_a_record_that_cannot_be_made_leaves_nothing(
    ephemeral: bool, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("dmedia.record.folder._sync", full)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(PreflightError, match="No space left on device"):
        RecordWriter.create(make_spec(), ephemeral=ephemeral)
    assert not home.exists() or list((home / "jobs").iterdir()) == []
    assert [path.name for path in tmp_path.iterdir() if path != home] == []


def test_the_mark_of_a_record_that_was_not_made_finds_no_job() -> None:
    home.marks_folder(b"/nowhere/out").mkdir(parents=True)
    (home.marks_folder(b"/nowhere/out") / "batch-1-abcdef").touch()
    assert home.jobs_of(b"/nowhere/out") == []
