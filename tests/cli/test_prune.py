"""Old records go; what the next job, a resume or a person needs of them stays, and is told."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from dmedia.model import Inputs
from dmedia.record import home, reader
from dmedia.record.schema import open_for_reading
from dmedia.record.writer import RecordWriter
from tests.command import Dmedia
from tests.media_making import jpeg
from tests.record.making import completed, failed, make_record

DAY_S = 86_400


@pytest.fixture(autouse=True)
def same_home(dmedia: Dmedia, monkeypatch: pytest.MonkeyPatch) -> None:
    """Records made here lie where the command line looks."""
    monkeypatch.setenv("DMEDIA_HOME", dmedia.environment["DMEDIA_HOME"])


def ended_job(out: Path, age_days: float, *, good: bool = True, shard: str | None = None) -> str:
    """A job that ended so long ago: the one thing about it that a test cannot wait for."""
    record = make_record(1, out=out, inputs=Inputs(paths=(b"/photos",), shard=shard))
    record.commit([completed(0) if good else failed(0)], [])
    record.life.finish()
    record.close()
    with closing(sqlite3.connect(home.record_path(record.job))) as connection, connection:
        connection.execute("UPDATE state SET ended_at = ?", (time.time() - age_days * DAY_S,))
    return record.job


def listed(dmedia: Dmedia) -> set[str]:
    return {job["id"] for job in dmedia("status", "--json").document}


def marks(dmedia: Dmedia) -> set[str]:
    return {path.name for path in (dmedia.directory / "home/outputs").glob("*/*")}


def test_old_records_and_their_marks_go_and_the_last_of_each_directory_stays(dmedia: Dmedia, tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    oldest, old, last = (ended_job(one, days) for days in (400, 300, 200))
    alone = ended_job(other, 500)
    ran = dmedia("prune", "--older", "90d")
    assert ran.status == 0
    assert listed(dmedia) == marks(dmedia) == {last, alone}
    lines = ran.out.splitlines()
    assert {line.split()[1] for line in lines if line.startswith("removed")} == {oldest, old}
    assert {line.split()[1] for line in lines if line.startswith("kept") and "last of its" in line} == {last, alone}
    assert lines[-1].startswith("2 jobs removed, ")
    assert sorted(path.name for path in (tmp_path / "home/jobs").iterdir()) == sorted({last, alone})


def test_the_last_of_each_shard_stays_because_no_other_knows_its_renditions(dmedia: Dmedia, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first, second = ended_job(out, 300, shard="1/2"), ended_job(out, 300, shard="2/2")
    again = ended_job(out, 200, shard="2/2")
    assert dmedia("prune", "--older", "90d").status == 0
    assert listed(dmedia) == {first, again}
    assert second not in marks(dmedia)


def test_a_dry_run_tells_the_same_and_removes_nothing(dmedia: Dmedia, tmp_path: Path) -> None:
    jobs = {ended_job(tmp_path / "out", days) for days in (5, 4, 3)}
    told = dmedia("prune", "--older", "90h", "-n", "--json").document
    assert listed(dmedia) == marks(dmedia) == jobs
    done = dmedia("prune", "--older", "90h", "--json").document
    assert (told.pop("dry_run"), done.pop("dry_run")) == (True, False)
    assert told == done
    assert len(done["removed"]) == 2
    assert done["bytes"] == sum(entry["bytes"] for entry in done["removed"]) > 10_000


def test_the_age_counts_from_the_end(dmedia: Dmedia, tmp_path: Path) -> None:
    for days in (10, 5, 2):
        ended_job(tmp_path / "out", days)
    reasons = {entry["reason"] for entry in dmedia("prune", "--older", "2w", "--json").document["kept"]}
    assert reasons == {"young"}
    for age in ("1w", "4d"):
        assert len(dmedia("prune", "--older", age, "--json").document["removed"]) == 1


def test_the_last_job_that_knows_a_rendition_stays_too(dmedia: Dmedia, tmp_path: Path) -> None:
    ended_job(tmp_path / "out", 30)
    knowing = ended_job(tmp_path / "out", 20)
    fruitless = [ended_job(tmp_path / "out", days, good=False) for days in (10, 9)]
    dmedia("prune", "--older", "1d")
    assert listed(dmedia) == {knowing, fruitless[-1]}


def test_what_runs_can_be_resumed_or_is_held_stays(dmedia: Dmedia, tmp_path: Path) -> None:
    held = ended_job(tmp_path / "out", 9)
    ended = [ended_job(tmp_path / "out", days) for days in (8, 7)]
    interrupted = make_record(3, out=tmp_path / "out")
    interrupted.close()
    with make_record(3, out=tmp_path / "out") as running, RecordWriter.open(held):
        kept = {entry["id"]: entry["reason"] for entry in dmedia("prune", "--older", "1d", "--json").document["kept"]}
    assert kept == {held: "held", ended[1]: "last", interrupted.job: "unfinished", running.job: "held"}
    assert listed(dmedia) == set(kept)


def test_a_damaged_record_stays_as_it_is_and_hides_no_other(dmedia: Dmedia, tmp_path: Path) -> None:
    damaged, old, last = (ended_job(tmp_path / "out", days) for days in (9, 8, 7))
    path = home.record_path(damaged)
    path.write_bytes(path.read_bytes()[:5000])
    before = path.read_bytes()
    ran = dmedia("prune", "--older", "1d")
    assert ran.status == 0
    assert [line for line in ran.out.splitlines() if damaged in line and str(path) in line]
    assert path.read_bytes() == before
    assert listed(dmedia) == {last}
    assert old not in marks(dmedia)


def test_what_a_killed_process_left_goes_and_what_is_being_made_stays(dmedia: Dmedia, tmp_path: Path) -> None:
    jobs, outputs = tmp_path / "home/jobs", tmp_path / "home/outputs"
    last = ended_job(tmp_path / "out", 9)
    old, fresh = "batch-1000000000-aaaaaa", f"batch-{int(time.time())}-aaaaaa"
    for name in (f".{old}", f".{fresh}", f".removed-{old}"):
        (jobs / name).mkdir()
        (jobs / name / "record.db").write_bytes(b"half")
    for name in (old, fresh):
        (next(outputs.iterdir()) / name).touch()
    dmedia("prune", "--older", "0d")
    assert {path.name for path in jobs.iterdir()} == {last, f".{fresh}"}
    assert marks(dmedia) == {last, fresh}


def test_after_pruning_the_same_command_still_finds_everything_up_to_date(dmedia: Dmedia, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.jpg").write_bytes(jpeg())
    command: Sequence[str] = ("resize", "in", "-o", "out", "--width", "9", "--json")
    dmedia(*command)
    dmedia(*command)
    assert len(dmedia("prune", "--older", "0d", "--json").document["removed"]) == 1
    assert dmedia(*command).document["skipped"] == 1


def test_a_job_removed_while_it_is_listed_is_no_damaged_one(
    dmedia: Dmedia, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    going, staying = ended_job(tmp_path / "out", 9), ended_job(tmp_path / "out", 9)

    def open_late(path: Path) -> sqlite3.Connection:
        if path.parent.name == going and path.exists():
            assert dmedia("prune", "--older", "1d").status == 0
        return open_for_reading(path)

    monkeypatch.setattr(reader, "open_for_reading", open_late)
    reports, warnings = reader.list_jobs()
    assert ([report.id for report in reports], warnings) == ([staying], ())


@pytest.mark.parametrize("age", ["90", "d", "-1d", "90 years", ""])
def test_an_age_without_a_unit_is_refused(dmedia: Dmedia, age: str) -> None:
    ran = dmedia("prune", "--older", age)
    assert ran.status == 2
    assert "write for instance 90d" in ran.err


def test_without_records_there_is_nothing_to_do(dmedia: Dmedia) -> None:
    assert dmedia("prune", "--older", "90d").out == "0 jobs removed, 0 B; 0 kept\n"
