"""What is told of workers that are not fit, and what becomes of files that were sent to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dmedia.record.reader import read_job
from dmedia.record.writer import RecordWriter
from dmedia.run.fitness import census
from dmedia.run.fitness.demand import Lack
from dmedia.run.fitness.demand import Testimony as Said  # pytest takes what is called Test... for a test
from dmedia.run.fleet import Fleet
from tests.record.making import make_record

LACKING = (Lack("do not see /in", "", "mount it"),)


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RecordWriter]:
    monkeypatch.setenv("DMEDIA_HOME", str(tmp_path / "home"))
    with make_record(3) as record:
        yield record


@pytest.fixture
def fleet() -> Fleet:
    """Two fit workers."""
    fleet = Fleet(1)
    for address in ("tcp://a", "tcp://b"):
        fleet.hear(Said(address, 1))
    return fleet


@pytest.fixture
def told(record: RecordWriter, fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> Callable[[], tuple[str, ...]]:
    """Tell the job's warnings after another look at the fleet."""
    monkeypatch.setattr(census, "LOOK_PERIOD_S", 0.0)
    watch = census.Census(record, fleet, "inproc://x")

    def look() -> tuple[str, ...]:
        watch.look()
        return tuple(read_job(record.job).warnings)

    return look


def test_a_worker_that_is_not_fit_is_told_of_until_it_is(fleet: Fleet, told: Callable[[], tuple[str, ...]]) -> None:
    fleet.hear(Said("tcp://a", 1, LACKING))
    assert told() == ("1 of 2 workers does not see /in: tcp://a. No files are sent there: mount it",)
    fleet.hear(Said("tcp://b", 1, LACKING))
    assert told() == ("2 of 2 workers do not see /in: tcp://a, tcp://b. No files are sent there: mount it",)
    fleet.hear(Said("tcp://a", 1))
    fleet.hear(Said("tcp://b", 1))
    assert told() == ()
