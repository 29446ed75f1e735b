"""Carriage: the files of one worker that come from stores or go to them, from their source to their rendition."""

from __future__ import annotations

import contextlib
import math
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from dmedia.media.faults import failure_of
from dmedia.model import FileResult
from dmedia.run.slot import NoSlotError, SlotKilledError
from dmedia.run.transport.lanes import Lanes
from dmedia.run.transport.transfers import Transfers

if TYPE_CHECKING:
    from dmedia.model import Task
    from dmedia.run.slots import Slots


class Carriage:
    """Fetches, lets a slot work, and puts: several files at once.

    Parameters
    ----------
    slots : Slots
        Of the worker and job.
    count : int
        How many those are.
    scratch : str or None
        The worker's directory for temporary files, ``None`` where none can be made.
    """

    def __init__(self, slots: Slots, count: int, scratch: str | None) -> None:
        self._slots = slots
        self._lanes = Lanes(count, slots.order.limits.max_image_bytes, slots.may_begin)
        self._transfers = Transfers(slots.order, scratch)

    def work(self, tasks: tuple[Task, ...], wave: int, worker: str) -> list[FileResult]:
        """Process the tasks of a chunk, in any order. As `Slots.work`."""
        return self._lanes.work(tasks, wave, lambda task: self._carry(task, wave, worker))

    def is_busy(self, for_s: float) -> bool:
        """Tell whether a file has been under way for so many seconds."""
        return self._lanes.is_busy(for_s)

    def wake(self) -> None:
        """Let files that have not begun ask again whether they may."""
        self._lanes.wake()

    def close(self) -> None:
        """Begin nothing further, and wait for no transfer: fetches end with their next block."""
        self._lanes.close()

    def _carry(self, task: Task, wave: int, worker: str) -> FileResult:
        """Process one file: whatever goes wrong with it is its own result.

        Raises
        ------
        SlotKilledError, NoSlotError
            When nothing came of it.
        """
        result = FileResult(task.number, worker=worker)
        try:
            with contextlib.ExitStack() as held:
                wanted = partial(self._slots.refuse_drained, wave)  # a large object comes for an hour
                with self._transfers.source(task, wanted) as source, self._slots.hold(task, wave, worker) as slot:
                    staged = self._transfers.staged(task, slot.output_directory)
                    told = self._slots.attempt(slot, staged, lambda asked: slot.work_on(source, asked))
                    result = replace(told, worker=worker)
                    result, renditions = self._transfers.take(staged, result, held)
                if not renditions:
                    return result
                self._slots.refuse_drained(math.inf)  # after a job's end nothing is put
                return self._transfers.put(task, result, renditions)
        except (SlotKilledError, NoSlotError):
            raise
        except Exception as error:  # noqa: BLE001 - it would end the whole chunk, with what is done already
            return replace(result, outputs=(), failure=failure_of(error, task))
