"""The slots of one Dask worker for one job: as many as the worker has threads."""

from __future__ import annotations

import contextlib
import math
import os
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
    from collections.abc import Callable

    from dmedia.model import Task, WorkOrder
    from dmedia.run.answers import SlotReport
    from dmedia.run.lanes import Lanes
    from dmedia.run.transfers import Transfers

STARTED_EARLY: dict[str, Slots] = {}
"""Slots by job, started by the launcher for the worker that its own process is going to have."""


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
        self._carriage: tuple[Lanes, Transfers] | None = None

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
            lanes, transfers = self._with_stores()
            return lanes.work(tasks, wave, lambda task: self._carry(transfers, task, wave, worker))
        results: list[FileResult] = []
        slot = self._idle.get()
        try:
            for task in tasks:
                if wave <= self._drained_wave:
                    break
                self._note(Running(task.number, worker, time.time()))
                result = self._try(slot, task, slot.work)
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

    def running(self) -> list[Running]:
        """Tell what the slots are working on now."""
        with self._lock:
            return list(self._running.values())

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
            self._carriage[0].wake()

    def close(self) -> None:
        """End all child processes, and begin nothing further."""
        self._drained_wave = math.inf
        if self._carriage is not None:
            self._carriage[0].close()
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
        from dmedia.run.staging import order_of_slot

        return order_of_slot(self.order, self._scratch.path, number)

    def _with_stores(self) -> tuple[Lanes, Transfers]:
        """Prepare for files of stores, with the first of them: a job without pays nothing."""
        from dmedia.run.lanes import Lanes
        from dmedia.run.transfers import Transfers

        with self._lock:
            if self._carriage is None:
                lanes = Lanes(len(self._all), lambda wave: wave > self._drained_wave)
                self._carriage = lanes, Transfers(self.order, self._scratch.path)
            return self._carriage

    def _carry(self, transfers: Transfers, task: Task, wave: int, worker: str) -> FileResult:
        """Process one file that comes from a store or goes to one: whatever goes wrong is its own result."""
        result = FileResult(task.number, worker=worker)
        rendition: int | None = None
        try:
            with transfers.source(task) as source:
                slot = self._idle.get()
                try:
                    self._refuse_drained(wave)  # meanwhile
                    self._note(Running(task.number, worker, time.time()))
                    staged = transfers.staged(task, slot.output_directory)
                    result = replace(self._try(slot, staged, lambda told: slot.work_on(source, told)), worker=worker)
                    result, rendition = transfers.take(staged, result)
                finally:
                    self._forget(task)
                    self._idle.put(slot)
            self._used_s = time.monotonic()
            if rendition is None:
                return result
            self._refuse_drained(math.inf)
            return transfers.put(task, result, rendition)
        except (SlotKilledError, NoSlotError):
            raise
        except Exception as error:  # noqa: BLE001 - see _try
            return replace(result, outputs=(), failure=failure_of(error, task))
        finally:
            if rendition is not None:
                os.close(rendition)

    def _refuse_drained(self, wave: float) -> None:
        """Begin nothing further of a wave that was drained. After the job's end all were, and nothing is put."""
        if wave <= self._drained_wave:
            raise SlotKilledError

    def _try(self, slot: Slot, task: Task, work: Callable[[Task], FileResult]) -> FileResult:
        """Process one file: whatever goes wrong with it costs no other its result."""
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

    def _note(self, running: Running) -> None:
        with self._lock:
            self._running[running.number] = running

    def _forget(self, task: Task) -> None:
        with self._lock:
            self._running.pop(task.number, None)


def claim_slots(order: WorkOrder, count: int) -> Slots:
    """Take the slots that the launcher in this process has started for a job, or start some.

    Parameters
    ----------
    order : WorkOrder
        The job.
    count : int
        How many slots to start where there are none.

    Returns
    -------
    Slots
    """
    slots = STARTED_EARLY.pop(order.job, None)
    if slots is None:
        slots = Slots(order, count)
        slots.start()
    return slots
