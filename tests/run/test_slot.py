"""A slot by itself: it starts, it dies, and its owner knows why."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dmedia.model import FileResult, Limits, Task, WorkOrder
from dmedia.operations.convert import Convert
from dmedia.run import asking, succession
from dmedia.run import slot as slot_module
from dmedia.run.slot import NoSlotError, Slot, SlotKilledError
from dmedia.run.slots import Slots
from dmedia.storage import local
from tests.command import wait_until
from tests.media_making import encoded, jpeg, photo
from tests.processes import slots_of


@pytest.fixture
def order(tmp_path: Path) -> WorkOrder:
    return WorkOrder(
        "batch-1-aaaaaa", "convert", Convert(format="avif", effort=9), os.fsencode(tmp_path / "out"), Limits()
    )


@pytest.fixture
def slot(order: WorkOrder) -> Iterator[Slot]:
    slot = Slot(order)
    yield slot
    slot.close()


def task(tmp_path: Path, name: str, content: bytes) -> Task:
    (tmp_path / name).write_bytes(content)
    return Task(0, os.fsencode(tmp_path / name), os.fsencode(tmp_path / "out" / f"{name}.avif"), len(content))


def working(slot: Slot, task: Task, tmp_path: Path) -> tuple[threading.Thread, list[FileResult | Exception]]:
    """Let a slot work on a slow picture in a thread; return when it is at it."""
    ended: list[FileResult | Exception] = []

    def run() -> None:
        try:
            ended.append(slot.work(task))
        except SlotKilledError as error:
            ended.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    wait_until(lambda: list((tmp_path / "out").glob(".dmedia-*")))
    return thread, ended


@pytest.fixture
def slow(tmp_path: Path) -> Task:
    return task(tmp_path, "slow.png", encoded(photo((2000, 1600)), "PNG", compress_level=1))


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGSEGV, "decoder_crash"),
        (signal.SIGALRM, "timeout"),
        (signal.SIGKILL, "out_of_memory"),
        (signal.SIGTRAP, "out_of_memory"),
    ],
)
def test_the_way_a_slot_dies_is_its_files_result_and_leaves_nothing(
    slot: Slot, slow: Task, tmp_path: Path, number: signal.Signals, code: str
) -> None:
    thread, ended = working(slot, slow, tmp_path)
    slots_of()[0].send_signal(number)
    thread.join(60)
    (result,) = ended
    assert isinstance(result, FileResult)
    assert result.failure is not None
    assert result.failure.code == code
    assert os.listdir(tmp_path / "out") == []
    after = slot.work(task(tmp_path, "good.jpg", jpeg()))
    assert after.failure is None


def test_a_slot_that_died_while_idle_costs_no_file(slot: Slot, tmp_path: Path) -> None:
    good = task(tmp_path, "good.jpg", jpeg())
    assert slot.work(good).failure is None
    slots_of()[0].kill()
    assert slot.work(good).failure is None


def test_a_killed_slot_blames_nobody_and_stays_dead(slot: Slot, slow: Task, tmp_path: Path) -> None:
    thread, ended = working(slot, slow, tmp_path)
    slot.kill()
    thread.join(60)
    assert isinstance(ended[0], SlotKilledError)
    assert os.listdir(tmp_path / "out") == []
    with pytest.raises(SlotKilledError):
        slot.work(slow)


def test_slots_that_cannot_start_say_why(slot: Slot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pyvips.py").write_text("raise ImportError('libvips is not here')")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(NoSlotError, match="libvips is not here"):
        slot.work(task(tmp_path, "good.jpg", jpeg()))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait a second longer than the deadline of any small picture, instead of twice as long."""
    monkeypatch.setattr(asking, "OVERDUE_FACTOR", 0.0)
    monkeypatch.setattr(asking, "OVERDUE_S", 1.0)


@pytest.mark.usefixtures("impatient")
def test_a_slot_that_is_stopped_at_work_is_ended_although_no_deadline_was_asked_for(
    slot: Slot, slow: Task, tmp_path: Path
) -> None:
    assert slot._order.limits.timeout_s is None
    thread, ended = working(slot, slow, tmp_path)
    (process,) = slots_of()
    process.send_signal(signal.SIGSTOP)
    thread.join(60)
    (result,) = ended
    assert isinstance(result, FileResult)
    assert result.failure is not None
    assert result.failure.code == "timeout"
    assert not process.is_running()
    assert os.listdir(tmp_path / "out") == []


def test_a_slot_that_is_stopped_before_it_begins_costs_no_file(
    slot: Slot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = task(tmp_path, "good.jpg", jpeg())
    assert slot.work(good).failure is None
    (process,) = slots_of()
    process.send_signal(signal.SIGSTOP)
    monkeypatch.setattr(asking, "START_LIMIT_S", 5.0)
    assert slot.work(good).failure is None
    assert not process.is_running()


def test_slots_that_never_begin_are_given_up(slot: Slot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys, time\n'-c' in sys.orig_argv and time.sleep(300)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(asking, "START_LIMIT_S", 0.2)
    with pytest.raises(NoSlotError, match="nothing was heard"):
        slot.work(task(tmp_path, "good.jpg", jpeg()))


@pytest.fixture
def leave_descriptors() -> Iterator[Callable[[int], None]]:
    """Let this process have so many more open files than now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    held: list[int] = []

    def leave(count: int) -> None:
        highest = max(int(name) for name in os.listdir("/proc/self/fd"))
        resource.setrlimit(resource.RLIMIT_NOFILE, (highest + count + 1, hard))
        with contextlib.suppress(OSError):
            while True:
                held.append(os.open(os.devnull, os.O_RDONLY))
        for _ in range(count):
            os.close(held.pop())

    yield leave
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    for descriptor in held:
        os.close(descriptor)


@pytest.mark.skipif(sys.platform != "linux", reason="open files are counted by /proc")
def test_a_system_that_gives_no_process_is_charged_to_no_file_and_costs_none_its_result(
    order: WorkOrder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, leave_descriptors: Callable[[int], None]
) -> None:
    monkeypatch.setattr(succession, "MOST_FILES", 1)
    good = task(tmp_path, "good.jpg", jpeg())
    slots = Slots(order, 1)
    try:
        slots.start()
        leave_descriptors(1)
        (first,) = slots.work((good, good), 0, "tcp://w")
        assert first.failure is None
        with pytest.raises(NoSlotError, match="Too many open files"):
            slots.work((good,), 0, "tcp://w")
        Slots(order, 1).start()
        leave_descriptors(20)
        assert slots.work((good,), 0, "tcp://w")[0].failure is None
    finally:
        slots.close()


def test_a_file_whose_failure_nobody_foresaw_costs_no_other_its_result(
    order: WorkOrder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = task(tmp_path, "good.jpg", jpeg()), task(tmp_path, "bad.jpg", jpeg())
    open_source = local.open_source

    def fail_on_bad(path: bytes, roots: tuple[bytes, ...]) -> int:
        if path == bad.source:
            raise RuntimeError("unforeseen")
        return open_source(path, roots)

    monkeypatch.setattr(local, "open_source", fail_on_bad)
    slots = Slots(order, 1)
    try:
        results = slots.work((good, bad, good), 0, "tcp://w")
    finally:
        slots.close()
    assert [result.failure and result.failure.code for result in results] == [None, "internal", None]


def test_slots_tell_what_they_work_on_and_begin_nothing_when_drained(
    order: WorkOrder, slow: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slots = Slots(order, 1)
    slots.start()
    thread = threading.Thread(target=slots.work, args=((slow,), 0, "tcp://w"))
    thread.start()
    (running,) = wait_until(slots.running)
    assert (running.number, running.worker) == (0, "tcp://w")
    slots.drain(0)
    slots.close()
    thread.join(60)
    assert slots.running() == []
    assert slots.work((slow,), 1, "tcp://w") == []
    assert slot_module.START_ATTEMPTS > 1


def test_what_is_submitted_after_a_drain_is_worked_on(order: WorkOrder, tmp_path: Path) -> None:
    good = task(tmp_path, "good.jpg", jpeg())
    slots = Slots(order, 1)
    try:
        slots.drain(3)
        assert slots.work((good, good), 3, "tcp://w") == []
        assert [result.failure for result in slots.work((good, good), 4, "tcp://w")] == [None, None]
    finally:
        slots.close()
