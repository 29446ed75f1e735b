"""What is committed stays, whoever is killed and whoever reads."""

from __future__ import annotations

import random
import sqlite3

import pytest

from dmedia.model import FileStatus, JobState
from dmedia.record import home, reader
from dmedia.record.writer import RecordWriter
from tests.record.making import completed, failed, make_record, python

WRITER = """
import sys
from tests.record.making import make_record, completed, failed
record = make_record(200_000)
print(record.job, flush=True)
while tasks := record.pending(100):
    record.commit([failed(t.number) if t.number % 7 == 0 else completed(t.number) for t in tasks], [])
    print(tasks[-1].number, flush=True)
"""

POLLER = """
import sys, time
from dmedia.record import reader
from dmedia.model import FileStatus
seen = []
print("ready", flush=True)
while not seen or seen[-1] < int(sys.argv[2]):
    report = reader.read_job(sys.argv[1])
    assert report.total == int(sys.argv[2]) and not report.planning, report
    if len(seen) % 10 == 0:
        page = reader.read_files(sys.argv[1], {FileStatus.COMPLETED})
        assert sum(1 for _ in zip(range(1500), page)) <= 1500
    seen.append(report.completed)
assert seen == sorted(seen)
print(len(seen), len(set(seen)), flush=True)
"""


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_killed_launcher_loses_no_acknowledged_result(seed: int) -> None:
    wanted = random.Random(seed).randrange(5, 120)
    process = python(WRITER)
    assert process.stdout
    job = process.stdout.readline().strip()
    for _ in range(wanted):
        acknowledged = int(process.stdout.readline())
    process.kill()
    rest = [int(line) for line in process.communicate()[0].splitlines() if line]
    acknowledged = max([acknowledged, *rest])
    assert process.returncode == -9
    report = reader.read_job(job)
    assert report.state is JobState.INTERRUPTED
    connection = sqlite3.connect(home.record_path(job))
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
    statuses = [file.status for file in reader.read_files(job) if file.number <= acknowledged]
    expected = [FileStatus.FAILED if number % 7 == 0 else FileStatus.COMPLETED for number in range(acknowledged + 1)]
    assert statuses == expected
    with RecordWriter.open(job) as record:
        record.pending(1)
        report = reader.read_job(job)
        counted = [record._connection.execute("SELECT COUNT(*) FROM file WHERE status = ?", (n,)) for n in (1, 2)]
        assert [row.fetchone()[0] for row in counted] == [report.completed, report.failed]


def test_a_reader_polls_while_a_hundred_thousand_rows_are_committed() -> None:
    total = 100_000
    record = make_record(total)
    process = python(POLLER, record.job, str(total))
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    while tasks := record.pending(256):
        record.commit([completed(task.number) for task in tasks], [])
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    polls, moments = map(int, output.split())
    assert polls > 10
    assert moments > 5
    record.life.finish()
    record.close()
    assert not home.record_path(record.job).with_name("record.db-wal").exists()


def test_a_reader_in_the_way_of_the_end_does_not_stop_it() -> None:
    record = make_record(3)
    record.commit([completed(0), failed(1), completed(2)], [])
    path = home.record_path(record.job)
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)
    connection.execute("BEGIN")
    connection.execute("SELECT total FROM state").fetchone()
    assert record.life.finish() is JobState.COMPLETED
    connection.close()
    record.close()
    assert reader.read_job(record.job).state is JobState.COMPLETED
    assert not path.with_name("record.db-wal").exists()
