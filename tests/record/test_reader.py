"""What readers see: while it is written, after a death, and of what is no record any more."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dmedia.errors import DamagedRecordError, RecordError, UnknownJobError, UnknownOperationError
from dmedia.model import FileStatus, JobState, Running
from dmedia.record import home, reader
from dmedia.record.lock import host, is_held
from dmedia.record.writer import RecordWriter
from tests.record.making import completed, failed, make_record, make_spec, python


def lie(job: str, **columns: object) -> None:
    """Change the state of a record that nobody holds."""
    connection = sqlite3.connect(home.record_path(job))
    for name, value in columns.items():
        connection.execute(f"UPDATE state SET {name} = ?", (value,))
    connection.commit()
    connection.close()


def test_files_are_read_by_status() -> None:
    record = make_record(6)
    record.commit([completed(0), failed(1), failed(4)], [Running(2, "w", 1.0)])

    def numbers(*statuses: FileStatus) -> list[int]:
        return [file.number for file in reader.read_files(record.job, set(statuses))]

    assert numbers(FileStatus.FAILED) == [1, 4]
    assert numbers(FileStatus.PENDING) == [3, 5]
    assert numbers(FileStatus.PROCESSING) == [2]
    assert numbers(FileStatus.PENDING, FileStatus.PROCESSING) == [2, 3, 5]
    assert numbers(FileStatus.COMPLETED, FileStatus.FAILED) == [0, 1, 4]
    assert numbers(FileStatus.SKIPPED) == []
    assert numbers() == []
    record.close()


def test_failed_files_are_found_without_looking_at_the_others() -> None:
    record = make_record(1)
    from dmedia.record.rows import ROWS, _condition

    query = ROWS.format(active=1, wanted=_condition({FileStatus.FAILED}))
    plan = record._connection.execute("EXPLAIN QUERY PLAN " + query, (-1, 10)).fetchall()
    assert "file_failed" in plan[0][3]
    record.close()


def test_a_status_looks_at_no_row_of_a_file_that_does_not_run() -> None:
    record = make_record(1)
    steps = record._connection.execute("EXPLAIN QUERY PLAN " + reader.STATE).fetchall()
    assert not any("SCAN f" in step[3] for step in steps)
    record.close()


def test_more_files_than_a_page_are_read_in_order() -> None:
    record = make_record(2500)
    assert [file.number for file in reader.read_files(record.job)] == list(range(2500))
    record.close()


def test_a_job_whose_launcher_died_is_interrupted_at_once() -> None:
    code = (
        "import sys, time; from tests.record.making import make_record, completed\n"
        "from dmedia.model import Running\n"
        "record = make_record(3); record.commit([completed(0)], [Running(1, 'w', 1.0)])\n"
        "print(record.job, flush=True); time.sleep(60)"
    )
    process = python(code)
    assert process.stdout
    job = process.stdout.readline().strip()
    report = reader.read_job(job)
    assert (report.state, report.processing) == (JobState.RUNNING, 1)
    process.kill()
    process.communicate()
    report = reader.read_job(job)
    assert (report.state, report.processing, report.completed) == (JobState.INTERRUPTED, 0, 1)
    assert [file.number for file in reader.read_files(job, {FileStatus.PENDING})] == [1, 2]


def test_on_another_host_the_heartbeat_tells() -> None:
    record = make_record(1)
    record.close()
    lie(record.job, host="elsewhere", heartbeat=time.time())
    assert reader.read_job(record.job).state is JobState.RUNNING
    lie(record.job, heartbeat=time.time() - 11)
    assert reader.read_job(record.job).state is JobState.INTERRUPTED


def test_without_permission_to_look_at_the_lock_the_heartbeat_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    record = make_record(1)
    record.close()
    monkeypatch.setattr(reader, "is_held", lambda path: None)
    lie(record.job, host=host(), heartbeat=time.time())
    assert reader.read_job(record.job).state is JobState.RUNNING
    lie(record.job, heartbeat=time.time() - 11)
    assert reader.read_job(record.job).state is JobState.INTERRUPTED


def test_a_job_handed_to_a_launcher_is_queued_until_it_never_came() -> None:
    record = RecordWriter.create(make_spec())
    assert reader.read_job(record.job).state is JobState.QUEUED
    record.close()
    assert reader.read_job(record.job).state is JobState.QUEUED
    lie(record.job, heartbeat=time.time() - 11)
    assert reader.read_job(record.job).state is JobState.INTERRUPTED


def test_a_launcher_that_ended_between_two_looks_has_not_died(monkeypatch: pytest.MonkeyPatch) -> None:
    record = make_record(0)
    looks = []

    def look(path: Path) -> bool | None:
        looks.append(is_held(path))
        if len(looks) == 1:
            record.life.finish()
            record.close()
            return False
        return is_held(path)

    monkeypatch.setattr(reader, "is_held", look)
    assert reader.read_job(record.job).state is JobState.COMPLETED


def test_a_lock_is_held_only_by_the_living(tmp_path: Path) -> None:
    assert is_held(tmp_path / "none") is False
    (tmp_path / "free").touch()
    assert is_held(tmp_path / "free") is False
    assert is_held(tmp_path / "free" / "below") is None


def test_jobs_at_work_and_the_newest_of_the_others_are_listed_newest_first() -> None:
    jobs, working = [], []
    for number in range(6):
        record = make_record(0)
        jobs.append(record.job)
        if number in {0, 3}:
            working.append(record)
            continue
        if number != 5:  # this one is interrupted
            record.life.finish()
        record.close()
    reports, warnings = reader.list_jobs(recent=2)
    for record in working:
        record.close()
    assert [report.id for report in reports] == [jobs[5], jobs[4], jobs[3], jobs[0]]
    assert warnings == ()


def test_an_ended_job_is_passed_over_without_opening_its_record() -> None:
    old, new = make_record(0), make_record(0)
    for record in (old, new):
        record.life.finish()
        record.close()
    home.record_path(old.job).write_bytes(b"not opened, so not noticed")
    assert [report.id for report in reader.list_jobs(recent=1)[0]] == [new.job]
    assert len(reader.list_jobs(recent=2)[1]) == 1


def change(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


DAMAGES: dict[str, Callable[[Path], object]] = {
    "truncated": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:50]),
    "zeroed": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "garbage": lambda path: path.write_bytes(os.urandom(path.stat().st_size)),
    "garbage behind the header": lambda path: path.write_bytes(
        path.read_bytes()[:100] + os.urandom(path.stat().st_size - 100)
    ),
    "empty": lambda path: path.write_bytes(b""),
    "gone": lambda path: path.unlink(),
    "another database": lambda path: change(path, "PRAGMA application_id = 7"),
    "newer": lambda path: change(path, "PRAGMA user_version = 99"),
    "other rows": lambda path: change(
        path, "UPDATE state SET state = 'dancing', errors = '{'", "UPDATE job SET request = '[]'"
    ),
}


@pytest.mark.parametrize("how", DAMAGES)
def test_a_damaged_record_is_refused_named_and_left_as_it_is(how: str) -> None:
    with make_record(300) as record:
        record.commit([completed(0)], [])
    path = home.record_path(record.job)
    DAMAGES[how](path)
    before = path.read_bytes() if path.exists() else None
    with make_record(0) as other:
        pass
    for refused in (reader.read_job, lambda job: list(reader.read_files(job)), RecordWriter.open):
        with pytest.raises(DamagedRecordError, match=r"record\.db"):
            refused(record.job)
    assert (path.read_bytes() if path.exists() else None) == before
    reports, warnings = reader.list_jobs()
    assert [report.id for report in reports] == [other.job]
    assert len(warnings) == 1
    assert str(path) in warnings[0]


def test_a_job_of_an_operation_we_do_not_have_is_refused_to_launchers() -> None:
    with make_record(1) as record:
        pass
    change(home.record_path(record.job), """UPDATE job SET request = replace(request, '"convert"', '"dance"')""")
    with pytest.raises(UnknownOperationError, match=f"The job {record.job} cannot go on: Unknown operation 'dance'"):
        RecordWriter.open(record.job)
    with pytest.raises(UnknownOperationError):  # and the lock is free
        RecordWriter.open(record.job)


def test_an_unknown_job_is_unknown_to_readers() -> None:
    for job in ("batch-1-abcdef", "../x", ""):
        with pytest.raises(UnknownJobError):
            reader.read_job(job)


def test_a_locked_record_is_not_called_damaged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dmedia.record.schema.READ_WAIT_S", 0.05)
    with make_record(0) as record:
        record.life.finish()
    connection = sqlite3.connect(home.record_path(record.job), isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    with pytest.raises(RecordError, match="locked") as caught:
        reader.read_job(record.job)
    assert not isinstance(caught.value, DamagedRecordError)
    connection.close()


def test_a_rollback_journal_is_used_where_memory_is_not_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dmedia.record.journal.is_local", lambda path: False)
    record = make_record(3)
    record.commit([completed(0)], [])
    assert not home.record_path(record.job).with_name("record.db-wal").exists()
    assert reader.read_job(record.job).completed == 1
    record.close()


def test_a_launcher_killed_with_a_rollback_journal_leaves_a_readable_record(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("dmedia.record.journal.is_local", lambda path: False)
    record = make_record(3)
    folder = home.job_folder(record.job)
    connection = record._connection
    connection.execute("PRAGMA cache_size = 1")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("UPDATE state SET completed = 77")
    connection.execute("CREATE TABLE spill (x)")
    connection.execute("INSERT INTO spill SELECT randomblob(1000) FROM json_each(?)", (str(list(range(500))),))
    assert (folder / "record.db-journal").exists()
    shutil.copytree(folder, tmp_path / "copy")
    connection.execute("ROLLBACK")
    record.close()
    shutil.rmtree(folder)
    shutil.move(tmp_path / "copy", folder)
    assert reader.read_job(record.job).completed == 0


@pytest.mark.parametrize(
    ("mounts", "expected"),
    [
        ([("/", "ext4")], True),
        ([("/", "ext4"), ("/srv", "nfs4")], False),
        ([("/", "nfs"), ("/srv/state", "xfs")], True),
        ([("/", "ext4"), ("/srv/state", "fuse.sshfs")], False),
        ([("/", "fuse.fuse-overlayfs")], True),
        ([("/", "ext4"), ("/srv/stat", "cifs")], True),
        ([("/", "lustre"), ("/", "tmpfs")], True),
    ],
)
def test_the_longest_mount_point_tells_whether_a_file_system_is_local(
    mounts: list[tuple[str, str]], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from collections import namedtuple

    import psutil

    from dmedia.record.journal import is_local

    mount = namedtuple("mount", "mountpoint fstype")
    monkeypatch.setattr(psutil, "disk_partitions", lambda **_: [mount(*each) for each in mounts])
    assert is_local(Path("/srv/state/record.db")) is expected
