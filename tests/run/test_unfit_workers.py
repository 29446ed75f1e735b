"""What is told of workers that are not fit, and what becomes of files that were sent to them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dmedia.errors import MediaError
from dmedia.model import Failure, FileResult
from dmedia.record.reader import read_job
from dmedia.record.writer import RecordWriter
from dmedia.run import fleet as fleets
from dmedia.run.collect import Outcome
from dmedia.run.fitness import census
from dmedia.run.fitness.demand import Lack
from dmedia.run.fitness.demand import Testimony as Said  # pytest takes what is called Test... for a test
from dmedia.run.fleet import Fleet
from dmedia.run.ledger import Ledger
from dmedia.run.room import SCRATCH, Room
from dmedia.run.transport.staging import about_scratch
from tests.command import ROOT, Dmedia, wait_until
from tests.media_making import encoded, photo
from tests.record.making import make_record
from tests.run.conftest import ClusterMaker
from tests.run.small_disk import can_mount
from tests.servers.processes import Bucket

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


NO_ROOM = Failure.of(about_scratch(MediaError("disk_full", "Disk full: No space left on device", "open"), "/tmp/x"))


def test_workers_without_room_for_temporary_files_hold_nobody_up_while_another_has_some(
    record: RecordWriter, fleet: Fleet, told: Callable[[], tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    room = Room(b"s3://photos/out", None)
    brake: Any = SimpleNamespace(room=room, gave_up=False)
    ledger = Ledger(record, brake, 0)

    def find_full(*workers: str) -> None:
        taken = [task.number for task in record.pending(3)]
        results = [FileResult(number, failure=NO_ROOM, worker=worker) for number, worker in enumerate(workers)]
        assert ledger.enter(Outcome(results), [], fleet) == []
        record.give_back(taken[len(workers) :])
        assert len(list(record.pending(3))) == 3, "none is lost or charged"
        record.give_back(range(3))

    find_full("tcp://a", "tcp://a")
    assert (room.shortage(), fleet.allowed(), fleet.slots) == (None, ["tcp://b"], 1)
    (warning,) = told()
    assert warning.startswith("1 of 2 workers has no room for temporary files: tcp://a. No files are sent there: free")

    monkeypatch.setattr(fleets, "ASIDE_S", 0.0)
    find_full("tcp://b")
    assert SCRATCH in str(room.shortage()), "nobody is left"
    assert (fleet.allowed(), fleet.slots, told()) == (None, 2, ())

    find_full("tcp://a")
    assert (fleet.allowed(), fleet.slots, told()) == (None, 2, ()), "there may be room after a while"


def test_workers_without_room_get_files_when_the_others_are_gone(fleet: Fleet) -> None:
    assert fleet.set_aside("tcp://a", LACKING[0])
    assert fleet.allowed() == ["tcp://b"]
    fleet.lose("tcp://b")
    assert (fleet.allowed(), fleet.slots) == (None, 1)


def test_one_worker_with_a_full_scratch_does_not_stop_a_job_that_others_can_do(
    dmedia: Dmedia, bucket: Bucket, tmp_path: Path, make_cluster: ClusterMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not can_mount(tmp_path):
        pytest.skip("no file system can be mounted here: neither root nor user namespaces")
    dmedia.environment |= bucket.server.environment()
    dmedia.slow_down(0.5)
    for name, value in dmedia.environment.items():
        monkeypatch.setenv(name, value)
    names = [f"slow{number:02}.png" for number in range(30)]
    for number, name in enumerate(names):
        bucket.put(f"in/{name}", encoded(photo((300, 200), number), "PNG", compress_level=0))
    cluster = make_cluster(1, 1, nanny=False)
    own = () if os.geteuid() == 0 else ("--user", "--map-root-user")
    small = ("unshare", *own, "--mount", "sh", "-c", 'mount -t tmpfs -o size=64k none out && exec "$@"', "sh")
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", cluster.address, "--no-dashboard", "--no-nanny"]
    places = {"TMPDIR": str(tmp_path / "out"), "DASK_TEMPORARY_DIRECTORY": str(tmp_path), "PYTHONPATH": str(ROOT)}
    log = tmp_path / "full.log"
    with log.open("wb") as words:
        full = subprocess.Popen(
            [*small, *worker, "--nthreads", "1"], cwd=tmp_path, env=os.environ | places, stdout=words, stderr=words
        )
    try:
        wait_until(lambda: b"Registered to:" in log.read_bytes())
        command = ("convert", bucket.url("in"), "-r", "-o", bucket.url("web"), "--format", "webp", "--json")
        launcher = dmedia.start(*command, "--scheduler", cluster.address)

        def told() -> dict[str, Any] | None:
            seen: dict[str, Any] = dmedia("status", "last", "--json").document
            return seen if "1 of 2 workers has no room for temporary" in str(seen.get("warnings")) else None

        assert wait_until(told)["status"] == "running"
        _, err = launcher.communicate(timeout=120)
    finally:
        full.kill()
        full.wait()
    assert launcher.returncode == 0, err
    files = dmedia.files()
    assert {name: file["attempts"] for name, file in files.items()} == dict.fromkeys(names, 1)
    assert len({file["worker"] for file in files.values()}) == 1, "who had no room did nothing"
