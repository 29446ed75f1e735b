"""Where records lie and how jobs are found."""

from __future__ import annotations

from pathlib import Path

import pytest

from dmedia.errors import UnknownJobError
from dmedia.record import home
from dmedia.record.writer import RecordWriter
from tests.record.making import make_record, make_spec


def test_the_home_is_the_one_asked_for_else_the_users_state_directory(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dmedia.record import home as module

    assert module.home() == home
    monkeypatch.delenv("DMEDIA_HOME")
    assert module.home().name == "dmedia"


def test_ids_carry_the_time_and_sort_by_it_within_a_second() -> None:
    ids = [home.new_job_id() for _ in range(50)]
    assert all(home.JOB_ID.fullmatch(job) for job in ids)
    assert len(set(ids)) == 50


def test_jobs_are_listed_newest_first_without_what_is_no_job(home: Path) -> None:
    from dmedia.record.home import job_ids

    assert list(job_ids()) == []
    for name in ("batch-100-aaaaaa", "batch-99-zzzzzz", "batch-100-aaaaab", ".batch-1-aaaaaa", "notes", "batch-1-A"):
        (home / "jobs" / name).mkdir(parents=True)
    assert list(job_ids()) == ["batch-100-aaaaab", "batch-100-aaaaaa", "batch-99-zzzzzz"]


def test_a_job_is_found_by_id_by_beginning_and_as_the_last(home: Path) -> None:
    from dmedia.record.home import find_job

    with pytest.raises(UnknownJobError, match="there is no job in"):
        find_job("last")
    for name in ("batch-1703123456-abc123", "batch-1703123456-abd999", "batch-1703999999-zzz000"):
        (home / "jobs" / name).mkdir(parents=True)
    assert find_job("last") == "batch-1703999999-zzz000"
    assert find_job("batch-1703123456-abc123") == "batch-1703123456-abc123"
    assert find_job("batch-1703123456-abc") == "batch-1703123456-abc123"
    assert find_job("17039") == "batch-1703999999-zzz000"
    with pytest.raises(UnknownJobError, match="beginning of 2 jobs: batch-1703123456-abd999, batch-1703123456-abc123"):
        find_job("batch-1703123456-ab")
    with pytest.raises(UnknownJobError, match="did you mean 'batch-1703123456-abc123'"):
        find_job("batch-1703123456-acb123")
    with pytest.raises(UnknownJobError, match="the newest is batch-1703999999-zzz000"):
        find_job("x")
    with pytest.raises(UnknownJobError):
        find_job("")
    with pytest.raises(UnknownJobError):
        find_job("../jobs")


def test_the_jobs_of_an_output_directory_are_found_through_links(home: Path, tmp_path: Path) -> None:
    from dmedia.record.home import jobs_of

    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    first = make_record(0, out=tmp_path / "real")
    second = make_record(0, out=tmp_path / "link")
    other = make_record(0, out=tmp_path / "other")
    assert jobs_of(bytes(tmp_path / "link")) == jobs_of(bytes(tmp_path / "real")) == [second.job, first.job]
    for record in (first, second, other):
        record.discard()
        record.close()
    assert jobs_of(bytes(tmp_path / "real")) == []
    assert list((home / "outputs").iterdir()) == []


def test_a_dry_runs_record_is_found_by_nobody_and_goes_when_it_is_closed(home: Path) -> None:
    with RecordWriter.create(make_spec(), ephemeral=True) as record:
        path = record._place.path
        assert path.exists()
        assert not home.exists()
        record.discard()
    record = RecordWriter.create(make_spec(), ephemeral=True)
    record.close()
    record.close()
    assert not record._place.path.parent.parent.exists()
    assert not path.parent.exists()
