"""What the launcher writes, and what a reader then sees."""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from dmedia.errors import JobHeldError, PreflightError, UnknownJobError, UsageError
from dmedia.model import (
    Failure,
    FileStatus,
    Inputs,
    JobSpec,
    JobState,
    Limits,
    OnCollision,
    PlannedFile,
    Policies,
    Running,
    Source,
    Standing,
)
from dmedia.operations.watermark import Watermark
from dmedia.record import documents, home, reader, requests
from dmedia.record.lock import is_held
from dmedia.record.writer import RecordWriter
from tests.record.making import completed, failed, fill, make_files, make_older, make_record, make_spec, output


def numbers(record: RecordWriter, limit: int) -> list[int]:
    return [task.number for task in record.pending(limit)]


def test_a_request_is_restored_exactly() -> None:
    spec = JobSpec(
        operation="watermark",
        parameters=Watermark(text="Fish & Chips <b> \udcff é", opacity=0.25, width=100, quality=7),
        inputs=Inputs(
            paths=(b"/a\xff\n", b"b"),
            listing=b"-",
            null_separated=True,
            recursive=True,
            include=("*.jpg", "\udce9*"),
            exclude=("x",),
            limit=12,
        ),
        output_directory=b"/out/\xfe",
        policies=Policies(
            overwrite=True, on_collision=OnCollision.NUMBER, portable_names=True, name_template="{preset}/{stem}.{ext}"
        ),
        limits=Limits(timeout_s=2.5, max_page_pixels=3),
        preset="mine",
        accepts=frozenset({"image", "film"}),
        roots=(b"/photos/\xff", b"/"),
    )
    with RecordWriter.create(spec) as record:
        job = record.job
    with RecordWriter.open(job) as record:
        assert record.spec == spec
        assert record.spec.parameters.digest() == spec.parameters.digest()


def test_a_request_of_before_there_were_roots_is_read() -> None:
    stored = json.loads(documents.write_spec(make_spec()))
    del stored["roots"]
    assert documents.read_spec(json.dumps(stored)) == make_spec()


def test_a_new_job_is_queued_and_planning_and_counts_what_is_found() -> None:
    record = RecordWriter.create(make_spec(preset="web"))
    files = make_files(3)
    record.plan.add(files, [(file.rendition,) for file in files])
    report = reader.read_job(record.job)
    assert (report.state, report.planning, report.total, report.progress) == (JobState.QUEUED, True, 3, 0)
    assert report.parameters == {"format": "webp", "width": 800}
    assert (report.operation, report.preset, report.output_directory) == ("convert", "web", b"/nowhere/out")
    assert not record.plan.is_complete()
    with pytest.raises(RuntimeError, match="plan is not complete"):
        record.life.finish()
    record.plan.complete(b"/photos", {"txt": 2, "": 1}, ["w1", "w2", "w1"])
    report = reader.read_job(record.job)
    assert (report.planning, report.base, report.ignored) == (False, b"/photos", {"txt": 2, "": 1})
    assert report.warnings == ("w1", "w2")
    record.close()


def test_planning_can_begin_again() -> None:
    record = RecordWriter.create(make_spec())
    files = make_files(3)
    record.plan.add(files, [(file.rendition,) for file in files])
    record.plan.begin()
    assert reader.read_job(record.job).total == 0
    fill(record, make_files(2))
    assert reader.read_job(record.job).total == 2
    record.close()


def test_tasks_are_handed_out_once_in_order_and_again_when_given_back() -> None:
    record = make_record(6)
    task = record.pending(1)[0]
    assert (task.number, task.source, task.rendition) == (0, b"/photos/0/0.jpg", b"/nowhere/out/0/0.webp")
    assert task.size_bytes == 1000
    assert numbers(record, 3) == [1, 2, 3]
    record.commit([completed(2)], [])
    record.give_back([3, 1, 2])
    record.give_back([1])
    assert numbers(record, 3) == [1, 3, 4]
    assert numbers(record, 9) == [5]
    assert numbers(record, 9) == []
    record.close()


def test_a_resumed_job_hands_out_what_has_no_outcome() -> None:
    record = make_record(5)
    record.pending(5)
    record.commit([completed(0), failed(3)], [])
    record.close()
    with RecordWriter.open(record.job) as again:
        assert numbers(again, 9) == [1, 2, 4]


def test_results_are_counted_with_their_rows_and_read_back_whole() -> None:
    record = make_record(4)
    record.commit([completed(0), failed(1), failed(2, "timeout")], [Running(3, "tcp://w:2", 5.0), Running(0, "x", 1.0)])
    report = reader.read_job(record.job)
    assert (report.completed, report.failed, report.processing, report.pending) == (1, 2, 1, 0)
    assert report.errors == {"corrupt_input": 1, "timeout": 1}
    assert (report.bytes_in, report.bytes_out, report.progress) == (1000, 500, 75)
    assert report.files_per_s
    assert report.eta_s
    first, second, _, last = reader.read_files(record.job)
    assert first.outputs == completed(0).outputs
    assert (first.seconds, first.worker, first.decoder, first.bytes_in) == (0.25, "tcp://w:1", "libvips", 1000)
    assert (first.warnings, first.attempts, first.status) == (("note",), 1, FileStatus.COMPLETED)
    assert second.failure == failed(1).failure
    assert (last.status, last.worker, last.seconds) == (FileStatus.PROCESSING, "tcp://w:2", None)
    record.close()


def test_a_second_result_of_a_file_is_ignored() -> None:
    record = make_record(2)
    record.commit([failed(0), completed(0)], [])
    record.commit([completed(0)], [])
    report = reader.read_job(record.job)
    assert (report.completed, report.failed, report.errors) == (0, 1, {"corrupt_input": 1})
    assert next(reader.read_files(record.job)).attempts == 1
    record.close()


def test_a_commit_without_news_writes_at_most_a_heartbeat_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    record = make_record(1)
    beats = []
    for second in (1e10, 1e10 + 0.5, 1e10 + 1.5):
        monkeypatch.setattr(time, "time", lambda second=second: second)
        record.commit([], [])
        beats.append(record._connection.execute("SELECT heartbeat FROM state").fetchone()[0])
    assert beats == [1e10, 1e10, 1e10 + 1.5]
    record.close()


def test_outputs_elsewhere_and_odd_names_come_back_as_they_are() -> None:
    source = Source(b"/\xff\xfe/a\nb.jpg", b"/", 1, 2)
    file = PlannedFile(0, source, b"/out/\xff.webp")
    record = fill(RecordWriter.create(make_spec(b"/out")), [file])
    result = completed(0)
    outputs = (output(b"/out/\xff.webp"), output(b"/out/\xfe.jpg"))
    record.commit([type(result)(0, outputs, warnings=("lone \udcff",))], [])
    (report,) = record.files()
    assert (report.source, report.rendition, report.outputs) == (source.path, file.rendition, outputs)
    assert report.warnings == ("lone ?",)
    record.close()


def test_outcomes_known_when_planning_are_counted() -> None:
    skipped, failing, pending = make_files(3)
    failure = Failure("output_exists", "Output exists: x", "plan", "--overwrite")
    files = [
        PlannedFile(0, skipped.source, skipped.rendition, Standing.OURS, FileStatus.SKIPPED, None, (output(b"/x"),)),
        PlannedFile(1, failing.source, failing.rendition, Standing.FOREIGN, FileStatus.FAILED, failure),
        pending,
    ]
    record = fill(RecordWriter.create(make_spec()), files)
    report = reader.read_job(record.job)
    assert (report.skipped, report.failed, report.errors) == (1, 1, {"output_exists": 1})
    reports = list(reader.read_files(record.job, {FileStatus.SKIPPED, FileStatus.FAILED}))
    assert reports[0].outputs == (output(b"/x"),)
    assert reports[1].failure == failure
    assert reports[1].attempts == 0
    assert numbers(record, 9) == [2]
    record.close()


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([completed(0), failed(1)], JobState.COMPLETED),
        ([failed(0), failed(1)], JobState.FAILED),
        ([completed(0), completed(1)], JobState.COMPLETED),
    ],
)
def test_the_outcomes_tell_how_a_job_ends(results: list[object], expected: JobState) -> None:
    record = make_record(2)
    record.commit(results, [])  # type: ignore[arg-type]  # FileResults
    assert record.life.finish() is expected
    report = reader.read_job(record.job)
    assert (report.state, report.progress, report.processing) == (expected, 100, 0)
    assert report.ended_at
    assert report.eta_s is None
    record.close()


def test_a_job_without_files_to_do_is_completed() -> None:
    record = make_record(0)
    assert record.life.finish() is JobState.COMPLETED
    record.close()


def test_a_job_that_does_not_balance_is_not_declared_ended() -> None:
    record = make_record(2)
    record.commit([completed(0)], [])
    with pytest.raises(RuntimeError, match="do not balance"):
        record.life.finish()
    record.commit([completed(1)], [])
    record._connection.execute("UPDATE state SET completed = 1")
    with pytest.raises(RuntimeError, match="do not balance"):
        record.life.finish()
    record._connection.execute("UPDATE state SET completed = 2")
    with pytest.raises(ValueError, match="does not end"):
        record.life.finish(JobState.PAUSED)
    assert reader.read_job(record.job).state is JobState.RUNNING
    record.close()


def test_cancelled_files_balance() -> None:
    record = make_record(3)
    record.commit([completed(1)], [])
    assert record.cancel_pending() == 2
    assert record.life.finish(JobState.CANCELLED) is JobState.CANCELLED
    report = reader.read_job(record.job)
    assert (report.cancelled, report.completed, report.progress) == (2, 1, 100)
    assert [file.number for file in reader.read_files(record.job, {FileStatus.CANCELLED})] == [0, 2]
    record.close()


def test_a_retry_makes_failed_files_pending_and_goes_on_counting() -> None:
    record = make_record(4)
    record.pending(9)
    record.commit([failed(0), failed(1, "timeout"), completed(2)], [])
    record.cancel_pending()
    record.life.finish()
    record.close()
    with RecordWriter.open(record.job) as again:
        assert again.retry({FileStatus.FAILED}, {"timeout"}) == 1
        assert numbers(again, 9) == [1]
        assert again.retry({FileStatus.FAILED, FileStatus.CANCELLED, FileStatus.COMPLETED}) == 2
        again.life.start(None, None)
        report = reader.read_job(record.job)
        assert (report.state, report.failed, report.errors, report.cancelled) == (JobState.RUNNING, 0, {}, 0)
        assert report.ended_at is None
        assert numbers(again, 9) == [0, 1, 3]
        again.commit([completed(0), completed(1), completed(3)], [])
        assert [file.attempts for file in again.files()] == [2, 2, 1, 1]
        again.life.finish()


def test_the_time_of_all_launchers_is_added_up_and_standstill_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr(time, "time", lambda: clock[0])
    record = make_record(3)
    clock[0] += 5
    record.commit([completed(0)], [])
    record.close()
    clock[0] += 100
    assert reader.read_job(record.job).elapsed_s == 5
    record = RecordWriter.open(record.job)
    record.life.start(None, None)
    clock[0] += 3
    assert reader.read_job(record.job).elapsed_s == 8
    record.commit([completed(1), failed(2)], [])
    assert reader.read_job(record.job).files_per_s == pytest.approx(2 / 3)
    record.life.finish()
    record.close()
    clock[0] += 50
    report = reader.read_job(record.job)
    assert (report.elapsed_s, report.started_at, report.ended_at) == (8, 1000, 1108)
    record = RecordWriter.open(record.job)
    record.retry({FileStatus.FAILED})
    clock[0] += 2
    record.life.start(None, None)
    clock[0] += 1
    assert reader.read_job(record.job).elapsed_s == 9
    record.close()


def test_requests_are_seen_until_withdrawn_and_gone_when_the_job_has_ended() -> None:
    record = make_record(0)
    assert record.requests() == frozenset()
    requests.request(record.job, "cancel")
    assert record.requests() == {"cancel"}
    assert requests.withdraw(record.job, "cancel")
    assert not requests.withdraw(record.job, "cancel")
    assert record.requests() == frozenset()
    requests.request(record.job, "cancel")
    record.life.finish()
    assert record.requests() == frozenset()
    with pytest.raises(UsageError, match="nothing to cancel"):
        requests.request(record.job, "cancel")
    with pytest.raises(ValueError, match="no request"):
        requests.request(record.job, "explode")
    record.close()


def test_only_what_was_asked_of_the_launcher_before_is_forgotten_by_the_next() -> None:
    record = make_record(1)
    record.life.start(None, None)
    for kind in ("cancel", "pause"):
        requests.request(record.job, kind)
        os.utime(home.job_folder(record.job) / kind, (1000, 1000))
    record.close()
    record = RecordWriter.open(record.job)
    requests.request(record.job, "cancel")  # of this one, before it has come to look
    record.withdraw_requests()
    assert record.requests() == {"cancel"}
    record.close()


def test_a_second_launcher_is_told_who_holds_the_job() -> None:
    record = make_record(1)
    with pytest.raises(JobHeldError, match="held by process"):
        RecordWriter.open(record.job)
    record.close()
    with RecordWriter.open(record.job) as again:
        assert again.job == record.job
    with pytest.raises(UnknownJobError):
        RecordWriter.open("batch-1-abcdef")


def test_a_launcher_on_another_host_holds_its_job_by_its_heartbeat() -> None:
    record = make_record(1)
    record._connection.execute("UPDATE state SET host = 'elsewhere', heartbeat = ?", (time.time(),))
    record._place.close()  # as if this host had never had it
    assert reader.read_job(record.job).state is JobState.RUNNING
    with pytest.raises(JobHeldError, match="on elsewhere"):
        RecordWriter.open(record.job)
    assert is_held(home.job_folder(record.job) / home.LOCK_FILE) is False


def test_after_the_end_the_record_is_one_file_that_a_read_only_folder_shows() -> None:
    record = make_record(1)
    record.commit([completed(0)], [])
    folder = home.job_folder(record.job)
    assert (folder / "record.db-wal").exists()
    record.life.finish()
    record.close()
    assert sorted(path.name for path in folder.iterdir()) == ["ended", "launcher.lock", "record.db"]
    folder.chmod(0o500)
    try:
        assert reader.read_job(record.job).completed == 1
    finally:
        folder.chmod(0o700)


def test_warnings_are_noted_once() -> None:
    record = make_record(0)
    record.life.warn("the disk is slow")
    record.life.warn("the disk is slow")
    assert reader.read_job(record.job).warnings == ("the disk is slow",)
    record.close()


def test_a_home_that_cannot_be_written_is_named(home: Path) -> None:
    home.write_text("a file")
    with pytest.raises(PreflightError, match="cannot be made in"):
        RecordWriter.create(make_spec())


def test_numbers_that_repeat_are_a_bug_and_leave_nothing() -> None:
    import sqlite3

    record = RecordWriter.create(make_spec())
    files = make_files(2)
    with pytest.raises(sqlite3.IntegrityError):
        record.plan.add([files[0], files[0]], [(b"a",), (b"b",)])
    assert reader.read_job(record.job).total == 0
    record.close()


@pytest.mark.parametrize("version", [1, 2])
def test_a_job_of_an_earlier_version_is_taken_up_and_brought_up_to_date(version: int) -> None:
    with make_record(3) as record:
        record.commit([completed(0)], [])
    make_older(home.record_path(record.job), version)
    assert (reader.read_job(record.job).completed, reader.read_job(record.job).gps_removed) == (1, 0)
    with RecordWriter.open(record.job) as again:
        again.commit([replace(completed(1), gps_removed=True)], [])
        assert [file.gps_removed for file in again.files()] == [False, True, False]
    assert reader.read_job(record.job).gps_removed == 1
    with RecordWriter.open(record.job) as again:
        assert [(task.number, task.version) for task in again.pending(5)] == [(2, "")]
    with RecordWriter.open(record.job) as again:
        assert len(again.pending(5)) == 1


def test_a_task_knows_its_sources_version() -> None:
    source = Source(b"s3://bucket/a.jpg", b"s3://bucket", 10, 0, version="etag")
    with fill(
        RecordWriter.create(make_spec(b"s3://bucket/out")), [PlannedFile(0, source, b"s3://b/o/a.webp")]
    ) as record:
        (task,) = record.pending(1)
        assert (task.source, task.rendition, task.version) == (source.path, b"s3://b/o/a.webp", "etag")
