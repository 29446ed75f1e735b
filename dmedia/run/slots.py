"""The slots of one Dask worker for one job: as many as the worker has threads."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from dataclasses import replace
from queue import Empty, LifoQueue
from typing import TYPE_CHECKING

from dmedia.media.faults import failure_of
from dmedia.model import FileResult, Running
from dmedia.run.scratch import Scratch
from dmedia.run.slot import NoSlotError, Slot, SlotKilledError
from dmedia.storage.locations import is_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dmedia.model import Task, WorkOrder
    from dmedia.run.answers import SlotReport
    from dmedia.run.transport.carriage import Carriage

BUSY_AFTER_S = 2.0
"""Seconds on one file after which a worker counts as busy: to refuse one takes milliseconds, and is tried all the
time."""


class Slots:
    """A worker's slots.

    Parameters
    ----------
    order : WorkOrder
        The job they belong to.
    count : int
        How many; at least 1.
    """

    def __init__(self, order: WorkOrder, count: int) -> None:
        self.order = order
        self._scratch = Scratch()
        self._stages = is_url(order.output_directory)
        self._all = [Slot(self._order_of_slot(number), self._scratch.path) for number in range(count)]
        self._idle: LifoQueue[Slot] = LifoQueue()  # the one used last is warm
        for slot in self._all:
            self._idle.put(slot)
        self._running: dict[int, Running] = {}
        self._lock = threading.Lock()
        self._drained_wave: float = -1
        self._used_s = time.monotonic()
        self._exposure_is_told = False
        self._carriage: Carriage | None = None

    def start(self) -> None:
        """Start all child processes, so that they load their codecs while the cluster starts and the job is planned.

        Those that the system cannot give now are started by their first file.
        """
        for slot in self._all:
            slot.start()

    def work(self, tasks: tuple[Task, ...], wave: int, worker: str) -> list[FileResult]:
        """Process the tasks of a chunk one after the other in one slot; with stores several at once, in any order.

        Parameters
        ----------
        tasks : tuple of Task
            The chunk.
        wave : int
            The submissions that it belongs to.
        worker : str
            Address of this Dask worker, for the results.

        Returns
        -------
        list of FileResult
            One for each task that was tried. Shorter than the chunk when its wave is drained, the slots are killed or
            the disk is full: the launcher then keeps the others as pending.

        Raises
        ------
        NoSlotError
            When none of them could be tried, because no child process can be started.
        """
        if self._stages or any(is_url(task.source) for task in tasks):
            return self._with_stores().work(tasks, wave, worker)
        results: list[FileResult] = []
        slot = self._idle.get()
        try:
            for task in tasks:
                if not self.may_begin(wave):
                    break
                self._note(Running(task.number, worker, time.time()))
                result = self.attempt(slot, task, slot.work)
                results.append(replace(result, worker=worker))
                self._forget(task)
                if result.failure and result.failure.code == "disk_full":
                    break  # the next would only meet the same
        except SlotKilledError:
            pass
        except NoSlotError:
            if not results:
                raise
        finally:
            self._forget(task)
            self._used_s = time.monotonic()
            self._idle.put(slot)
        return results

    def report(self, formats: tuple[str, ...]) -> SlotReport | str:
        """Ask an idle slot whether it can decode and encode certain formats: see `Slot.report`."""
        slot = self._idle.get()
        try:
            return slot.report(formats)
        finally:
            self._idle.put(slot)

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._all)

    @contextlib.contextmanager
    def hold(self, task: Task, wave: int, worker: str) -> Iterator[Slot]:
        """Wait for a slot, and have it for one file. Raises `SlotKilledError` when that may not begin any more."""
        slot = self._idle.get()
        try:
            self.refuse_drained(wave)  # meanwhile
            self._note(Running(task.number, worker, time.time()))
            yield slot
        finally:
            self._forget(task)
            self._used_s = time.monotonic()
            self._idle.put(slot)

    def may_begin(self, wave: float) -> bool:
        """Tell whether files of a wave may begin: a job's end drains all of them, and ``math.inf`` too."""
        return wave > self._drained_wave

    def refuse_drained(self, wave: float) -> None:
        """Raise `SlotKilledError` when files of a wave may not begin."""
        if not self.may_begin(wave):
            raise SlotKilledError

    def attempt(self, slot: Slot, task: Task, work: Callable[[Task], FileResult]) -> FileResult:
        """Let a slot work on one file: whatever goes wrong with it costs no other its result.

        Raises
        ------
        SlotKilledError, NoSlotError
            When nothing came of it.
        """
        try:
            result = work(task)
        except (SlotKilledError, NoSlotError):
            raise
        except Exception as error:  # noqa: BLE001 - it would end the whole chunk, with what is done already
            return FileResult(task.number, failure=failure_of(error, task))
        if slot.exposure and not self._exposure_is_told:
            self._exposure_is_told = True
            warning = f"slots work without their sandbox: {slot.exposure}; see dmedia doctor"
            return replace(result, warnings=(*result.warnings, warning))
        return result

    def running(self) -> list[Running]:
        """Tell what the slots are working on now."""
        with self._lock:
            return list(self._running.values())

    @property
    def is_busy(self) -> bool:
        """Whether a file has been in a slot, or on its way from or to a store, for longer than a refusal takes."""
        before_s = time.time() - BUSY_AFTER_S
        return any(entry.started_at < before_s for entry in self.running()) or (
            self._carriage is not None and self._carriage.is_busy(BUSY_AFTER_S)
        )

    def rest(self, after_s: float) -> None:
        """End the child processes when there was nothing to do for a while; the next file starts one.

        Parameters
        ----------
        after_s : float
            Seconds without a file. A launcher that was killed leaves its slots so, and a paused job too.
        """
        if self.running() or time.monotonic() - self._used_s < after_s:
            return
        self._rest_idle()

    def drain(self, wave: int) -> None:
        """Begin no further file of the chunks submitted up to a wave; those being worked on end by themselves."""
        self._drained_wave = max(self._drained_wave, wave)
        if self._carriage is not None:
            self._carriage.wake()

    def close(self) -> None:
        """End all child processes, and begin nothing further."""
        self._drained_wave = math.inf
        if self._carriage is not None:
            self._carriage.close()
        for slot in self._all:
            slot.close()
        self._rest_idle()  # of one that works, its thread lets the child go
        self._scratch.close()

    def _rest_idle(self) -> None:
        resting = []
        with contextlib.suppress(Empty):
            while True:
                resting.append(self._idle.get_nowait())
                resting[-1].rest()
        for slot in resting:
            self._idle.put(slot)

    def _order_of_slot(self, number: int) -> WorkOrder:
        if not (self._stages or any(map(is_url, self.order.roots))):
            return self.order
        from dmedia.run.transport.staging import order_of_slot

        return order_of_slot(self.order, self._scratch.path, number)

    def _with_stores(self) -> Carriage:
        """Prepare for files of stores, with the first of them: a job without pays nothing."""
        from dmedia.run.transport.carriage import Carriage

        with self._lock:
            if self._carriage is None:
                self._carriage = Carriage(self, len(self._all), self._scratch.path)
            return self._carriage

    def _note(self, running: Running) -> None:
        with self._lock:
            self._running[running.number] = running

    def _forget(self, task: Task) -> None:
        with self._lock:
            self._running.pop(task.number, None)
