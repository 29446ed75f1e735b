"""What a job has published and nobody has noted yet is no foreign file to the next."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path

import pytest

from dmedia.model import FileResult, JobState, Output
from dmedia.record import home, unfinished
from dmedia.record.unfinished import UnfinishedJobs
from dmedia.record.writer import RecordWriter
from dmedia.storage import local
from dmedia.storage.stores import Identity
from tests.marks import needs_marks
from tests.record.making import fill, make_files, make_record, make_spec, output

OUT = b"/nowhere/out"
PATH = OUT + b"/0/0.webp"


def now_ns() -> int:
    return time.time_ns()


def look() -> UnfinishedJobs:
    return UnfinishedJobs(OUT, besides="")


def published(number: int = 0) -> tuple[FileResult, Output]:
    written = output(b"%b/0/%d.webp" % (OUT, number), mtime_ns=now_ns())
    return FileResult(number, (written,)), written


@pytest.fixture
def no_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system that keeps no marks."""
    monkeypatch.setattr(local, "marked_by", lambda path: None)


@needs_marks
@pytest.mark.parametrize("state", [JobState.RUNNING, JobState.CANCELLED, JobState.INTERRUPTED])
def test_a_file_at_a_path_without_an_outcome_is_the_jobs_only_with_its_mark(tmp_path: Path, state: JobState) -> None:
    out = bytes(tmp_path / "out")
    with fill(RecordWriter.create(make_spec(out)), make_files(4, out)) as record:
        record.life.start("inproc://", None)
        if state is JobState.CANCELLED:
            record.cancel_pending()
            record.life.finish(JobState.CANCELLED)
        if state is JobState.INTERRUPTED:
            record.close()
        (tmp_path / "out/0").mkdir(parents=True)
        by = ("", record.job, "batch-1-aaaaaa", "")
        for number, job in enumerate(by):
            path = tmp_path / "out/0" / f"{number}.webp"
            path.write_bytes(b"picture")
            if job:
                local.publish(bytes(path), bytes(path), job, replaces=True)
        changed = tmp_path / "out/0/3.webp"
        local.publish(bytes(changed), bytes(changed), record.job, replaces=True)
        changed.write_bytes(b"of my own")
        with closing(UnfinishedJobs(out, besides="")) as jobs:
            found = []
            for number in range(4):
                path = tmp_path / "out/0" / f"{number}.webp"
                there = path.stat()
                found.append(jobs.may_have_written(bytes(path), Identity(there.st_size, there.st_mtime_ns, "")))
    assert found == [False, True, False, False]


def test_without_marks_a_file_at_a_path_without_an_outcome_may_be_the_jobs(no_marks: None) -> None:
    with make_record(2), closing(look()) as jobs:
        assert jobs.may_have_written(PATH, Identity(1, now_ns(), ""))
        assert not jobs.may_have_written(PATH, Identity(1, now_ns() - 10**12, ""))
        assert not jobs.may_have_written(OUT + b"/0/other.webp", Identity(1, now_ns(), ""))


def test_a_file_noted_since_the_look_is_its_own_and_a_changed_one_is_not() -> None:
    with make_record(2) as record, closing(look()) as jobs:
        result, written = published()
        record.commit([result], [])
        assert jobs.may_have_written(PATH, Identity(written.size_bytes, written.mtime_ns, ""))
        assert not jobs.may_have_written(PATH, Identity(written.size_bytes + 1, written.mtime_ns, ""))
        assert not jobs.may_have_written(PATH, Identity(written.size_bytes, written.mtime_ns + 1, ""))


@pytest.mark.parametrize("ended", [False, True])
def test_a_job_that_was_being_planned_at_the_first_look_is_seen_at_the_next(ended: bool) -> None:
    with RecordWriter.create(make_spec(OUT)) as record, closing(look()) as jobs:
        fill(record, make_files(1))
        record.life.start("inproc://", None)
        result, written = published()
        record.commit([result], [])
        if ended:
            record.life.finish()
        assert not jobs.may_have_written(PATH, Identity(written.size_bytes, written.mtime_ns, ""))
        jobs.refresh()
        assert jobs.may_have_written(PATH, Identity(written.size_bytes, written.mtime_ns, ""))


def test_without_marks_what_a_cancelled_job_published_unnoted_is_its_own_for_a_while(
    no_marks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with make_record(1) as record:
        record.cancel_pending()
        record.life.finish(JobState.CANCELLED)
    late_ns = now_ns() + 5 * 10**9
    with closing(look()) as jobs:
        assert jobs.may_have_written(PATH, Identity(1, late_ns, ""))
        assert not jobs.working
        assert not list(jobs.abandoned())
    monkeypatch.setattr(unfinished, "AFTERWARDS_S", 2.0)
    with closing(look()) as jobs:
        assert not jobs.may_have_written(PATH, Identity(1, late_ns, ""))


def test_a_damaged_record_only_cannot_help(no_marks: None) -> None:
    with make_record(2000) as record:
        path = home.record_path(record.job)
    content = path.read_bytes()
    path.write_bytes(content[:20_480] + b"\xff" * (len(content) - 20_480))
    with closing(look()) as jobs:
        assert not jobs.may_have_written(PATH, Identity(1, now_ns(), ""))
        assert list(jobs.abandoned()) == []
    assert len(path.read_bytes()) == len(content)
