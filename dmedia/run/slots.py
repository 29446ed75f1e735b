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

if TYPE_CHECKING:
    from dmedia.model import Task, WorkOrder

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
        self._all = [Slot(order, self._scratch.path) for _ in range(count)]
        self._idle: LifoQueue[Slot] = LifoQueue()  # the one used last is warm
        for slot in self._all:
            self._idle.put(slot)
        self._running: dict[int, Running] = {}
        self._lock = threading.Lock()
        self._drained_wave: float = -1
        self._used_s = time.monotonic()
        self._exposure_is_told = False

    def start(self) -> None:
        """Start all child processes, so that they load their codecs while the cluster starts and the job is planned.

        Those that the system cannot give now are started by their first file.
        """
        for slot in self._all:
            slot.start()

    def work(self, tasks: tuple[Task, ...], wave: int, worker: str) -> list[FileResult]:
        """Process the tasks of a chunk one after the other in one slot.

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
        results: list[FileResult] = []
        slot = self._idle.get()
        try:
            for task in tasks:
                if wave <= self._drained_wave:
                    break
                self._note(Running(task.number, worker, time.time()))
                result = self._try(slot, task)
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

    def close(self) -> None:
        """End all child processes, and begin nothing further."""
        self._drained_wave = math.inf
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

    def _try(self, slot: Slot, task: Task) -> FileResult:
        """Process one file: whatever goes wrong with it costs no other its result."""
        try:
            result = slot.work(task)
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
