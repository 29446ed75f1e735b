"""Files of stores on their way through one worker, whose store and slots do what the test says."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from dmedia.errors import MediaError, UsageError
from dmedia.model import FileResult, Limits, Output, Task, WorkOrder
from dmedia.operations.convert import Convert
from dmedia.run.slot import NoSlotError
from dmedia.run.slots import Slots
from dmedia.run.transport import lanes, transfers
from dmedia.run.transport.staging import take
from dmedia.storage.stores import Identity, Terms
from tests.command import wait_until

OURS = "batch-1-aaaaaa"
ORDER = WorkOrder(OURS, "convert", Convert(format="png"), b"s3://photos/out", Limits())


@dataclass
class Store:
    """What a worker sees of a store."""

    marks: dict[bytes, str] = field(default_factory=dict)
    fetching: Callable[[bytes], object] = lambda location: None
    fetched: list[bytes] = field(default_factory=list)
    most_bytes: list[int] = field(default_factory=list)
    put_there: list[bytes] = field(default_factory=list)

    def head(self, location: bytes, n_bytes: int) -> bytes:
        return b"\0\0\0\x18ftypmp42" if b"film" in location else b"\xff\xd8\xff"

    def fetch(self, location: bytes, descriptor: int, most_bytes: int, refuse_unwanted: object) -> Identity:
        self.fetched.append(location)
        self.most_bytes.append(most_bytes)
        self.fetching(location)
        return Identity(os.pwrite(descriptor, b"source", 0), 0, "1")

    def put(self, descriptor: int, location: bytes, terms: Terms) -> Identity:
        if location in self.marks and not terms.replaces and not self.marks[location]:
            raise MediaError("output_exists", "Output exists: it is there", "publish")
        self.marks[location] = terms.mark
        assert terms.sha256 == hashlib.sha256(b"rendition").hexdigest()
        self.put_there.append(os.pread(descriptor, 100, 0))
        return Identity(len(self.put_there[-1]), 0, "2")


@dataclass
class Worker:
    """Slots without processes: what they do with a file is the test's."""

    store: Store
    slots: Slots
    work: Callable[[Task], object] = lambda task: None
    at_work: list[int] = field(default_factory=list)

    def work_on(self, source: int, task: Task) -> FileResult:
        self.at_work.append(task.number)
        assert os.pread(source, 100, 0) == b"source"
        os.makedirs(os.path.dirname(task.rendition), exist_ok=True)
        Path(os.fsdecode(task.rendition)).write_bytes(b"rendition")
        self.work(task)
        return FileResult(task.number, (Output(task.rendition, 1, 1, "png", 0, 0, ""),))

    def begin(self, tasks: tuple[Task, ...], wave: int = 0) -> tuple[threading.Thread, list[FileResult]]:
        results: list[FileResult] = []
        thread = threading.Thread(target=lambda: results.extend(self.slots.work(tasks, wave, "w")), daemon=True)
        thread.start()
        return thread, results


def tasks(count: int, size_bytes: int = 6, **more: Any) -> tuple[Task, ...]:
    return tuple(
        Task(number, b"s3://photos/in/%d.jpg" % number, b"s3://photos/out/%d.png" % number, size_bytes, **more)
        for number in range(count)
    )


WorkerMaker = Callable[..., Worker]


@pytest.fixture
def make_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkerMaker]:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    made: list[Slots] = []

    def make(order: WorkOrder = ORDER, count: int = 1) -> Worker:
        worker = Worker(Store(), Slots(order, count))
        made.append(worker.slots)
        monkeypatch.setattr(transfers, "store_of", lambda *_: worker.store)
        for slot in worker.slots._all:
            monkeypatch.setattr(slot, "work_on", worker.work_on)
        return worker

    yield make
    for slots in made:
        slots.close()
    assert not list(tmp_path.iterdir())


def test_a_rendition_is_put_with_its_job_and_told_as_its_store_has_it(make_worker: WorkerMaker) -> None:
    worker = make_worker()
    (result,) = worker.slots.work(tasks(1), 0, "w")
    (output,) = result.outputs
    assert (output.path, output.size_bytes, output.version) == (b"s3://photos/out/0.png", 9, "2")
    assert (worker.store.put_there, worker.store.marks) == ([b"rendition"], {b"s3://photos/out/0.png": OURS})
    assert result.worker == "w"


@pytest.mark.parametrize(("size_bytes", "most"), [(6, lanes.LANES_PER_SLOT), (lanes.AHEAD_BYTES, 1), (-1, 1)])
def test_small_files_go_ahead_and_large_ones_and_those_of_unknown_size_alone(
    make_worker: WorkerMaker, size_bytes: int, most: int
) -> None:
    gate = threading.Event()
    worker = make_worker()
    worker.store.fetching = lambda location: gate.wait()
    thread, results = worker.begin(tasks(10, size_bytes))
    wait_until(lambda: len(worker.store.fetched) == most)
    thread.join(0.3)
    assert len(worker.store.fetched) == most
    gate.set()
    thread.join(60)
    assert sorted(result.number for result in results) == list(range(10))


def test_a_drained_wave_begins_no_file_that_was_only_fetched(make_worker: WorkerMaker) -> None:
    gate = threading.Event()
    worker = make_worker()
    worker.work = lambda task: worker.slots.drain(3) or (gate.wait() and None)  # type: ignore[func-returns-value]
    thread, results = worker.begin(tasks(20), wave=3)
    wait_until(lambda: worker.at_work)
    gate.set()
    thread.join(60)
    assert not thread.is_alive()
    assert [result.number for result in results] == worker.at_work
    assert len(worker.at_work) == 1
    assert len(worker.slots.work(tasks(2), 4, "w")) == 2


def test_a_job_that_ends_waits_for_no_transfer_and_puts_nothing_more(make_worker: WorkerMaker) -> None:
    gate = threading.Event()
    worker = make_worker()
    worker.store.fetching = lambda location: None if location.endswith(b"/0.jpg") else gate.wait()
    thread, results = worker.begin(tasks(4))
    wait_until(lambda: worker.store.put_there and len(worker.store.fetched) == 4)
    before = threading.active_count()
    worker.slots.close()
    thread.join(60)
    assert [result.number for result in results] == [0]
    gate.set()
    wait_until(lambda: threading.active_count() <= before - 4)
    assert len(worker.store.put_there) == 1


@pytest.mark.parametrize(
    ("operation", "name", "size_bytes", "most"),
    [
        ("convert", b"film.mp4", -1, Limits().max_image_bytes),
        ("thumbnail", b"film.jpg", -1, Limits().max_film_bytes),  # by its content
        ("thumbnail", b"film.mp4", 2**31, Limits().max_film_bytes),
        ("thumbnail", b"picture.mp4", 2**31, Limits().max_image_bytes),
        ("thumbnail", b"film.mp4", 1000, Limits().max_image_bytes),
    ],
)
def test_no_more_is_fetched_than_a_source_of_its_kind_may_have(
    make_worker: WorkerMaker, operation: str, name: bytes, size_bytes: int, most: int
) -> None:
    worker = make_worker(replace(ORDER, operation=operation))
    task = Task(0, b"s3://photos/in/" + name, b"s3://photos/out/a.png", size_bytes)
    assert worker.slots.work((task,), 0, "w")[0].failure is None
    assert worker.store.most_bytes == [most]


def test_without_a_directory_for_temporary_files_a_file_of_a_store_may_be_tried_again(
    make_worker: WorkerMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = make_worker()
    nowhere = Slots(ORDER, 1)
    nowhere._scratch.close()
    (result,) = nowhere.work(tasks(1), 0, "w")
    assert result.failure is not None
    assert (result.failure.code, worker.store.fetched) == ("io_error", [])
    assert "TMPDIR" in str(result.failure.hint)


def test_a_worker_without_the_package_of_a_store_has_no_slot_for_its_files(
    make_worker: WorkerMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lacks(*_: object) -> None:
        raise UsageError("s3:// needs the package s3fs", "pip install 'dmedia[s3]'")

    worker = make_worker()
    monkeypatch.setattr(transfers, "store_of", lacks)
    with pytest.raises(NoSlotError, match=r"s3fs; pip install"):
        worker.slots.work(tasks(3), 0, "w")


def test_what_another_job_of_ours_has_put_is_replaced_and_what_is_foreign_is_not(make_worker: WorkerMaker) -> None:
    worker = make_worker()
    worker.store.marks = {b"s3://photos/out/0.png": "batch-2-bbbbbb", b"s3://photos/out/1.png": ""}
    results = {result.number: result for result in worker.slots.work(tasks(2), 0, "w")}
    assert results[0].failure is None
    assert results[1].failure is not None
    assert (results[1].failure.code, results[1].outputs) == ("output_exists", ())
    assert worker.slots.work(tasks(2, replaces=True)[1:], 0, "w")[0].failure is None


def test_nothing_outside_the_roots_is_fetched_or_put(make_worker: WorkerMaker) -> None:
    for roots in ((b"s3://photos/in",), (b"s3://photos/out",), (b"s3://photo",)):
        worker = make_worker(replace(ORDER, roots=roots))
        (result,) = worker.slots.work(tasks(1), 0, "w")
        assert result.failure is not None
        assert result.failure.code == "permission_denied"
        assert not worker.store.put_there
    worker = make_worker(replace(ORDER, roots=(b"s3://photos",)))
    assert worker.slots.work(tasks(1), 0, "w")[0].failure is None


def test_a_source_in_a_store_is_never_its_own_rendition(make_worker: WorkerMaker) -> None:
    worker = make_worker()
    (task,) = tasks(1)
    (result,) = worker.slots.work((replace(task, rendition=task.source),), 0, "w")
    assert result.failure is not None
    assert (result.failure.code, worker.store.fetched) == ("output_exists", [])


def test_a_chunk_ends_with_a_full_scratch(make_worker: WorkerMaker) -> None:
    def full(location: bytes) -> None:
        raise MediaError("disk_full", "Disk full: No space left on device", "open")

    worker = make_worker()
    worker.store.fetching = full
    results = worker.slots.work(tasks(100), 0, "w")
    assert 1 <= len(results) <= lanes.LANES_PER_SLOT + 1
    assert {result.failure.code for result in results if result.failure} == {"disk_full"}
    assert "directory for temporary files" in str(results[0].failure)


@pytest.mark.parametrize("kind", ["link", "pipe", "nothing"])
def test_a_slot_that_was_taken_over_makes_its_worker_put_nothing_else(make_worker: WorkerMaker, kind: str) -> None:
    worker = make_worker()

    def lies(task: Task) -> None:
        os.unlink(task.rendition)
        if kind == "link":
            os.symlink("/etc/passwd", task.rendition)
        elif kind == "pipe":
            os.mkfifo(task.rendition)

    worker.work = lies
    (result,) = worker.slots.work(tasks(1), 0, "w")
    assert result.failure
    assert not worker.store.put_there


def test_what_a_slot_has_staged_is_gone_when_it_is_taken(tmp_path: Path) -> None:
    (tmp_path / "rendition.png").write_bytes(b"rendition")
    descriptor = take(os.fsencode(tmp_path / "rendition.png"))
    assert (os.read(descriptor, 100), list(tmp_path.iterdir())) == (b"rendition", [])
    os.close(descriptor)
