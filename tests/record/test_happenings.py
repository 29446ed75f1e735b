"""What happens to a job is told as it happens: each file once, and the end last."""

from __future__ import annotations

import signal
import sqlite3
import threading
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from dmedia.errors import UnknownJobError
from dmedia.model import FileReport, FileStatus, JobReport, JobState
from dmedia.record import happenings, home
from dmedia.record.happenings import follow
from dmedia.record.rows import PAGE
from dmedia.record.schema import open_for_reading
from dmedia.record.writer import RecordWriter
from tests.record.making import completed, failed, fill, make_files, make_record, make_spec, python
from tests.record.test_reader import lie

SOON_S = 0.02


def numbers(told: Iterable[FileReport | JobReport]) -> list[int]:
    return [report.number for report in told if isinstance(report, FileReport)]


def until_quiet(told: Iterable[FileReport | JobReport]) -> list[FileReport | JobReport]:
    """All up to the next report on the job: what one look finds."""
    found: list[FileReport | JobReport] = []
    for report in told:
        found.append(report)
        if isinstance(report, JobReport):
            return found
    return found


def test_a_job_that_has_ended_is_told_whole_with_its_end_last() -> None:
    with make_record(5) as record:
        record.commit([completed(n) for n in range(4)] + [failed(4)], [])
        record.life.finish()
    told = list(follow(record.job))
    assert numbers(told) == [0, 1, 2, 3, 4]
    assert [type(report) for report in told[5:]] == [JobReport]
    assert isinstance(told[4], FileReport)
    assert told[4].failure
    assert told[4].failure.code == "corrupt_input"
    assert isinstance(told[5], JobReport)
    assert (told[5].state, told[5].completed, told[5].failed) == (JobState.COMPLETED, 4, 1)


def test_each_file_is_told_once_whatever_the_order_of_their_ends() -> None:
    with make_record(9) as record:
        record.commit([completed(7), completed(2)], [])
        events = follow(record.job, SOON_S)
        assert numbers(until_quiet(events)) == [2, 7]
        for batch in ([completed(8), failed(0)], [completed(5)], [completed(n) for n in (6, 4, 3, 1)]):
            record.commit(batch, [])
            assert numbers(until_quiet(events)) == sorted(result.number for result in batch)
        record.life.finish()
        rest = list(events)
    assert numbers(rest) == []
    assert [report.state for report in rest if isinstance(report, JobReport)] == [JobState.COMPLETED]


def test_a_file_of_which_nothing_is_known_yet_holds_up_no_other() -> None:
    count = 3 * PAGE + 17
    with make_record(count) as record:
        events = follow(record.job, SOON_S)
        until_quiet(events)
        told = []
        for start in range(1, count, 500):
            record.commit([completed(n) for n in range(start, min(count, start + 500))], [])
            told += numbers(until_quiet(events))
        assert told == list(range(1, count))
        record.commit([completed(0)], [])
        assert numbers(until_quiet(events)) == [0]


def test_files_that_are_up_to_date_are_told_when_the_plan_is_complete() -> None:
    from dataclasses import replace

    with RecordWriter.create(make_spec()) as record:
        files = make_files(6)
        files[1::2] = [replace(file, status=FileStatus.SKIPPED) for file in files[1::2]]
        record.plan.add(files, [(file.rendition,) for file in files])
        events = follow(record.job, SOON_S)
        planning = until_quiet(events)
        assert [(r.state, r.planning, r.total) for r in planning if isinstance(r, JobReport)] == [
            (JobState.QUEUED, True, 6)
        ]
        assert numbers(planning) == []
        record.plan.complete(b"/photos", {}, [])
        assert numbers(until_quiet(events)) == [1, 3, 5]
        record.life.start(None, None)
        record.commit([completed(n) for n in (0, 2, 4)], [])
        record.life.finish()
        assert numbers(events) == [0, 2, 4]


def test_a_job_is_told_of_only_when_something_has_changed() -> None:
    with make_record(3) as record:
        events = follow(record.job, SOON_S, until_s=time.monotonic() + 0.5)
        told = list(events)
    assert len(told) == 1


def test_what_is_waited_for_no_longer_ends_without_the_job() -> None:
    with make_record(2) as record:
        record.commit([completed(1)], [])
        told = list(follow(record.job, until_s=time.monotonic()))
    assert numbers(told) == [1]
    assert isinstance(told[-1], JobReport)
    assert told[-1].state is JobState.RUNNING


def test_a_job_cancelled_while_it_is_planned_tells_its_files() -> None:
    with RecordWriter.create(make_spec()) as record:
        files = make_files(3)
        record.plan.add(files, [(file.rendition,) for file in files])
        events = follow(record.job, SOON_S)
        assert numbers(until_quiet(events)) == []
        record.life.end_unplanned(JobState.CANCELLED)
        told = list(events)
    assert [(r.number, r.status) for r in told if isinstance(r, FileReport)] == [
        (n, FileStatus.CANCELLED) for n in range(3)
    ]
    assert isinstance(told[-1], JobReport)
    assert told[-1].state is JobState.CANCELLED


def test_a_killed_launcher_ends_it_as_interrupted() -> None:
    process = python(
        "import time; from tests.record.making import make_record, completed\n"
        "record = make_record(4); record.commit([completed(0), completed(2)], [])\n"
        "print(record.job, flush=True); time.sleep(60)"
    )
    assert process.stdout
    events = follow(process.stdout.readline().strip(), SOON_S)
    assert numbers(until_quiet(events)) == [0, 2]
    process.send_signal(signal.SIGKILL)
    process.communicate()
    rest = list(events)
    assert numbers(rest) == []
    assert [report.state for report in rest if isinstance(report, JobReport)] == [JobState.INTERRUPTED]


def test_a_job_that_no_launcher_takes_ends_it() -> None:
    with RecordWriter.create(make_spec()) as record:
        pass
    events = follow(record.job, SOON_S)
    first = next(events)
    assert isinstance(first, JobReport)
    assert first.state is JobState.QUEUED
    lie(record.job, heartbeat=time.time() - 11)
    assert [report.state for report in events if isinstance(report, JobReport)] == [JobState.INTERRUPTED]


def test_a_file_that_is_tried_again_is_told_again_by_a_new_look_only() -> None:
    with make_record(4) as record:
        record.commit([completed(0), failed(1)], [])
        events = follow(record.job, SOON_S)
        assert numbers(until_quiet(events)) == [0, 1]
    with RecordWriter.open(record.job) as again:
        again.retry({FileStatus.FAILED})
        again.life.start(None, None)
        again.commit([completed(3)], [])
        assert numbers(until_quiet(events)) == [3]
        again.commit([completed(1), completed(2)], [])
        again.life.finish()
        assert numbers(events) == [2]
    assert numbers(follow(record.job)) == [0, 1, 2, 3]


def test_an_unknown_job_is_refused() -> None:
    with pytest.raises(UnknownJobError):
        list(follow("batch-1-aaaaaa"))


def test_a_job_is_followed_while_another_thread_writes_it() -> None:
    count = 2_000

    def work() -> None:
        with record:
            for start in range(0, count, 64):
                record.commit([completed(n) for n in range(start, min(count, start + 64))], [])
                time.sleep(0.005)
            record.life.finish()

    record = make_record(count)
    writer = threading.Thread(target=work)
    writer.start()
    told = list(follow(record.job, SOON_S))
    writer.join()
    assert sorted(numbers(told)) == list(range(count))
    counted = [report.completed for report in told if isinstance(report, JobReport)]
    assert counted == sorted(counted)
    assert counted[-1] == count


class Toll:
    """Counts the steps that SQLite takes for readers."""

    STEP = 1_000

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.steps = 0

        def open_counted(path: Path) -> sqlite3.Connection:
            connection = open_for_reading(path)
            connection.set_progress_handler(self._count, self.STEP)
            return connection

        monkeypatch.setattr(happenings, "open_for_reading", open_counted)

    def _count(self) -> int:
        self.steps += self.STEP
        return 0

    def paid(self) -> int:
        steps, self.steps = self.steps, 0
        return steps


def test_a_look_at_a_hundred_thousand_files_reads_only_where_some_have_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    count, batch = 100_000, 250
    with fill(RecordWriter.create(make_spec()), make_files(count)) as record:
        record.life.start(None, None)
        ends = range(1, 50_000)
        record.commit([completed(n) for n in ends], [])
        toll = Toll(monkeypatch)
        events = follow(record.job, SOON_S)
        assert len(numbers(until_quiet(events))) == len(ends)
        whole = toll.paid()
        worst = 0
        for start in range(50_000, 52_500, batch):  # the first file is still worked on
            record.commit([completed(n) for n in range(start, start + batch)], [])
            assert numbers(until_quiet(events)) == list(range(start, start + batch))
            worst = max(worst, toll.paid())
        record.life.warn("nothing that concerns a file")
        assert numbers(until_quiet(events)) == []
        assert toll.paid() == 0
    assert worst < whole / 20


def test_a_look_from_the_launchers_own_process_leaves_its_locks_alone() -> None:
    # POSIX locks of a process are gone when it closes any descriptor of the file: another process could then write
    take = (
        "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None).execute('BEGIN IMMEDIATE')"
    )
    with make_record(3) as record:
        record._connection.execute("PRAGMA journal_mode = DELETE")  # as on a network file system
        record._connection.execute("BEGIN IMMEDIATE")
        assert numbers(follow(record.job, until_s=time.monotonic())) == []
        other = python(take, str(home.record_path(record.job)))
        _, words = other.communicate()
        record._connection.execute("ROLLBACK")
    assert "database is locked" in words
