"""What is told of workers that are not fit, and what becomes of files that were sent to them."""

from __future__ import annotations

import os
import re
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import astuple
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dask
import pytest

from dmedia.errors import MediaError, PreflightError
from dmedia.model import Failure, FileResult, Limits, Task, WorkOrder
from dmedia.operations.convert import Convert
from dmedia.record.reader import read_job
from dmedia.record.writer import RecordWriter
from dmedia.run import fleet as fleets
from dmedia.run import live as lives
from dmedia.run import worker as workers
from dmedia.run.collect import Outcome
from dmedia.run.fitness import census, checkup, samples
from dmedia.run.fitness.demand import UNEXAMINED, Demand, Lack, Sample
from dmedia.run.fitness.demand import Testimony as Said  # pytest takes what is called Test... for a test
from dmedia.run.fleet import Fleet
from dmedia.run.ledger import Ledger
from dmedia.run.room import SCRATCH, Room
from dmedia.run.transport.staging import about_scratch
from tests.command import Dmedia, wait_until
from tests.media_making import encoded, photo
from tests.record.making import make_record
from tests.run.conftest import ClusterMaker, StartWorker
from tests.run.small_disk import can_mount
from tests.servers.processes import Bucket, ProxyServer
from tests.servers.proxy import Rule

TASK = Task(0, b"/in/a.jpg", b"/out/a.png", 1)
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


NAMES = [f"slow{number:02}.png" for number in range(30)]


@pytest.fixture
def photos(dmedia: Dmedia, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """Thirty photos in a bucket, which the launcher and workers reach, and which take half a second each."""
    dmedia.environment |= bucket.server.environment()
    dmedia.slow_down(0.5)
    for name, value in dmedia.environment.items():
        monkeypatch.setenv(name, value)
    for number, name in enumerate(NAMES):
        bucket.put(f"in/{name}", encoded(photo((300, 200), number), "PNG", compress_level=0))
    return bucket


def test_one_worker_with_a_full_scratch_does_not_stop_a_job_that_others_can_do(
    dmedia: Dmedia, photos: Bucket, tmp_path: Path, make_cluster: ClusterMaker, start_worker: StartWorker
) -> None:
    if not can_mount(tmp_path):
        pytest.skip("no file system can be mounted here: neither root nor user namespaces")
    cluster = make_cluster(1, 1, nanny=False)
    own = () if os.geteuid() == 0 else ("--user", "--map-root-user")
    small = ("unshare", *own, "--mount", "sh", "-c", 'mount -t tmpfs -o size=64k none out && exec "$@"', "sh")
    start_worker(cluster, within=small, TMPDIR=str(tmp_path / "out"), DASK_TEMPORARY_DIRECTORY=str(tmp_path))
    launcher = dmedia.start(*convert(photos), "--scheduler", cluster.address)
    assert wait_until(lambda: told_of(dmedia, "has no room for temporary files"))["status"] == "running"
    _, err = launcher.communicate(timeout=120)
    assert launcher.returncode == 0, err
    assert_done_by_one(dmedia)


def convert(bucket: Bucket) -> tuple[str, ...]:
    return ("convert", bucket.url("in"), "-r", "-o", bucket.url("web"), "--format", "webp", "--json")


def told_of(dmedia: Dmedia, lack: str) -> dict[str, Any] | None:
    """Read the newest job's status once it says of one of two workers that it is not fit."""
    seen: dict[str, Any] = dmedia("status", "last", "--json").document
    return seen if f"1 of 2 workers {lack}" in str(seen.get("warnings")) else None


def assert_done_by_one(dmedia: Dmedia) -> None:
    files = dmedia.files()
    assert {name: file["attempts"] for name, file in files.items()} == dict.fromkeys(NAMES, 1)
    assert len({file["worker"] for file in files.values()}) == 1, "who was not fit did nothing"


def test_a_worker_that_never_ends_examining_itself_gets_no_files(
    dmedia: Dmedia, photos: Bucket, make_cluster: ClusterMaker, start_worker: StartWorker
) -> None:
    cluster = make_cluster(1, 1, nanny=False)
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections, and never answers
        hanging = {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{silent.getsockname()[1]}",
            "DMEDIA_STORE_READ_TIMEOUT_S": "600",
            "DASK_DMEDIA__EXAMINATION_LIMIT_S": "1",
        }
        start_worker(cluster, **hanging)
        launcher = dmedia.start(*convert(photos), "--scheduler", cluster.address)
        told = wait_until(lambda: told_of(dmedia, "has not come back from looking at inputs and output: tcp://"))
        assert "No files are sent there: see whether a directory or a store of the job hangs there" in str(told)
        _, err = launcher.communicate(timeout=120)
    assert launcher.returncode == 0, err
    assert_done_by_one(dmedia)


def test_a_worker_that_has_not_ended_examining_itself_lets_its_chunks_go_elsewhere_until_it_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    may_end = threading.Event()
    lacks: tuple[Lack, ...] = LACKING

    def examine(*about: object) -> tuple[Lack, ...]:
        may_end.wait()
        return lacks

    monkeypatch.setattr(workers, "examine", examine)
    monkeypatch.setattr(workers, "LIVE_PERIOD_S", 0.01)
    said: list[Any] = []
    worker: Any = SimpleNamespace(
        address="tcp://w", state=SimpleNamespace(nthreads=1), log_event=lambda _, words: said.append(words["lacks"])
    )
    order = WorkOrder("batch-1-aaaaaa", "convert", Convert(format="png"), b"/nowhere", Limits())
    plugin = workers.SlotsPlugin(order, Demand(), "launch")
    with dask.config.set({"dmedia.examination-limit-s": 0.01, "dmedia.look-again-s": 0.01}):
        plugin.setup(worker)
        try:
            with pytest.raises(workers.UnfitWorkerError, match="it has not come back from looking"):
                plugin.work((TASK,), 0)
            may_end.set()
            wait_until(lambda: said[-1] == [astuple(LACKING[0])])
            lacks = ()
            wait_until(lambda: said[-1] == [])
            plugin.slots.drain(0)
            assert plugin.work((TASK,), 0) == [], "it is no longer refused"
        finally:
            may_end.set()
            plugin.teardown(worker)


def test_a_worker_that_says_nothing_gets_no_files_until_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lives, "TESTIMONY_LIMIT_S", 0.0)
    client: Any = SimpleNamespace(loop=SimpleNamespace(add_callback=lambda function, *given: function(*given)))
    fleet = Fleet(1)
    fleet.hear(Said("tcp://a", 1))
    order = WorkOrder("batch-1-aaaaaa", "convert", Convert(format="png"), b"/nowhere", Limits())
    cluster: Any = SimpleNamespace(client=client, is_lost=False)
    live = lives.Live(cluster, order, fleet, Demand(), lambda: None)
    live._wait_for(frozenset({"tcp://a", "tcp://b"}))
    assert fleet.allowed() == ["tcp://a"]
    fleet.hear(Said("tcp://b", 1))
    assert fleet.allowed() is None


def test_a_job_is_not_refused_for_a_worker_that_may_be_slow(record: RecordWriter, fleet: Fleet) -> None:
    watch = census.Census(record, fleet, "inproc://x")
    fleet.hear(Said("tcp://a", 1, (UNEXAMINED,)))
    watch.refuse_unfit()
    fleet.hear(Said("tcp://b", 1, LACKING))
    with pytest.raises(PreflightError, match=re.escape("1 of 2 workers does not see /in: tcp://b")):
        watch.refuse_unfit()


def test_a_worker_that_stays_unfit_looks_again_ever_more_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s: list[float] = [0.0]
    looks: list[float] = []

    def examine() -> tuple[Lack, ...]:
        looks.append(now_s[0])
        return LACKING

    monkeypatch.setattr(checkup, "time", SimpleNamespace(monotonic=lambda: now_s[0]))
    ended: Any = {"error": None, "wait": lambda limit_s: True}
    monkeypatch.setattr(checkup, "Call", lambda function: SimpleNamespace(answer=function(), **ended))
    found = checkup.Checkup(examine, "tcp://w")
    lacks = found.first()
    for second in range(10 * 3600):
        now_s[0] = second
        lacks = found.again(lacks)
    assert lacks == LACKING
    assert looks[1] - looks[0] < 2 * checkup.LOOK_AGAIN_S
    assert looks[-1] - looks[-2] > 1000


def test_a_store_that_hangs_does_not_make_the_launcher_deaf(
    dmedia: Dmedia, photos: Bucket, s3_proxy: ProxyServer, make_cluster: ClusterMaker
) -> None:
    cluster = make_cluster(1, 1, nanny=False)
    dmedia.environment |= photos.server.environment(s3_proxy.address) | {"DMEDIA_STORE_READ_TIMEOUT_S": "600"}
    s3_proxy.obey(Rule(method="HEAD", path=r".*\.png", action="hang", times=100))
    launcher = dmedia.start(*convert(photos), "--scheduler", cluster.address)
    wait_until(lambda: s3_proxy.requests("HEAD"))
    assert dmedia("cancel", "last").status == 0
    _, err = launcher.communicate(timeout=100)
    assert launcher.returncode == 9, err


def test_workers_look_at_no_source_that_hangs_and_at_all_others(
    record: RecordWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_end = threading.Event()
    ticks: list[int] = []

    def look(sample: Sample, roots: tuple[bytes, ...]) -> bool:
        return not sample.location.endswith(b"1.jpg") or may_end.wait()

    monkeypatch.setattr(samples, "is_as_planned", look)
    monkeypatch.setattr(samples, "LIMIT_S", 0.5)
    monkeypatch.setattr(samples, "TICK_S", 0.01)
    found = samples.samples_of(record, lambda: ticks.append(1))
    may_end.set()
    assert [sample.location for sample in found] == [b"/photos/0/0.jpg", b"/photos/0/2.jpg"]
    assert ticks, "it is not deaf meanwhile"
