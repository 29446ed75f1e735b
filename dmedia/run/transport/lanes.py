"""Lanes: files of stores that are under way on one worker at once, more of them than there are slots.

While one file is in a slot the next ones are fetched and the last ones are put: a slot is taken only for its own part.
Each file is carried by a thread that ends with it and that nobody waits for when the job has ended.
"""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING

from dmedia.run.slot import NoSlotError, SlotKilledError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dmedia.model import FileResult, Task

LANES_PER_SLOT = 6
"""Files under way for each slot: a photo takes a slot about 0.06 s, and its way from a store with a latency of 0.1 s
and back 0.3 s and more. With 2 lanes that store gave 0.4 of a disk's files a second, with 6 it gave 0.85
(``benchmarks/stores.py``)."""

AHEAD_BYTES = 512 * 2**20
"""Bytes of sources under way for each slot, that lie in the worker's scratch. A larger file goes alone in its slot."""


class Lanes:
    """The ways of files through one worker.

    Parameters
    ----------
    slots : int
        Slots of the worker.
    unknown_bytes : int
        What a source counts for whose size nobody knows.
    may_begin : callable
        Tells whether files of a wave may still begin.
    """

    def __init__(self, slots: int, unknown_bytes: int, may_begin: Callable[[int], bool]) -> None:
        self._slots = slots
        self._unknown_bytes = unknown_bytes
        self._may_begin = may_begin
        self._changed = threading.Condition()
        self._files: dict[int, float] = {}
        self._bytes = 0
        self._closed = False

    def work(self, tasks: tuple[Task, ...], wave: int, carry: Callable[[Task], FileResult]) -> list[FileResult]:
        """Carry the files of a chunk, several at once.

        When all of them have begun, the thread is given back to Dask, so that the next chunk's files can begin.

        Parameters
        ----------
        tasks : tuple of Task
            The chunk.
        wave : int
            The submissions that it belongs to.
        carry : callable
            Does one task; raises `SlotKilledError` or `NoSlotError` when nothing came of it.

        Returns
        -------
        list of FileResult
            One for each task that was tried.

        Raises
        ------
        NoSlotError
            When none of them could be tried.
        """
        chunk = _Chunk()
        for task in tasks:
            if not self._enter(task, wave, chunk):
                break
            try:
                threading.Thread(target=self._carry, args=(task, carry, chunk), name="dmedia-lane", daemon=True).start()
            except RuntimeError as error:  # the system has no further thread
                chunk.hindrance = NoSlotError(f"no file can be carried: {error}")
                self._leave(task, chunk)
        if chunk.under_way:
            with contextlib.suppress(ValueError):  # outside of a cluster nobody waits for this thread
                _give_thread_back()
        with self._changed:
            self._changed.wait_for(lambda: self._closed or not chunk.under_way)
            results = list(chunk.results)
        if chunk.hindrance and not results:
            raise chunk.hindrance
        return results

    def is_busy(self, for_s: float) -> bool:
        """Tell whether a file has been under way for so many seconds."""
        with self._changed:
            return any(began_s < time.monotonic() - for_s for began_s in self._files.values())

    def wake(self) -> None:
        """Let those that wait for a lane ask again whether they may begin."""
        with self._changed:
            self._changed.notify_all()

    def close(self) -> None:
        """Begin nothing further, and wait for no file that is under way."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _enter(self, task: Task, wave: int, chunk: _Chunk) -> bool:
        """Wait for room for a file; tell whether it may begin."""
        size_bytes = self._weigh(task)

        def may_begin() -> bool:
            return not (self._closed or chunk.is_over) and self._may_begin(wave)

        with self._changed:
            self._changed.wait_for(lambda: self._has_room(size_bytes) or not may_begin())
            if not may_begin():
                return False
            self._files[task.number] = time.monotonic()
            self._bytes += size_bytes
            chunk.under_way += 1
            return True

    def _weigh(self, task: Task) -> int:
        return task.size_bytes if task.size_bytes >= 0 else self._unknown_bytes

    def _has_room(self, size_bytes: int) -> bool:
        if len(self._files) < self._slots:
            return True
        return len(self._files) < LANES_PER_SLOT * self._slots and self._bytes + size_bytes <= AHEAD_BYTES * self._slots

    def _carry(self, task: Task, carry: Callable[[Task], FileResult], chunk: _Chunk) -> None:
        try:
            result = carry(task)
        except SlotKilledError:
            pass
        except NoSlotError as error:
            chunk.hindrance = error
        else:
            with self._changed:
                chunk.results.append(result)
        finally:
            self._leave(task, chunk)

    def _leave(self, task: Task, chunk: _Chunk) -> None:
        with self._changed:
            self._files.pop(task.number, None)
            self._bytes -= self._weigh(task)
            chunk.under_way -= 1
            self._changed.notify_all()


class _Chunk:
    """What came of a chunk so far."""

    def __init__(self) -> None:
        self.under_way = 0
        self.results: list[FileResult] = []
        self.hindrance: NoSlotError | None = None

    @property
    def is_over(self) -> bool:
        """Whether the next of its files would only meet the same."""
        return self.hindrance is not None or any(
            result.failure is not None and result.failure.code == "disk_full" for result in self.results
        )


def _give_thread_back() -> None:
    """Let the worker begin another chunk: Dask's own way for tasks that wait. Raises `ValueError` outside of a task."""
    from distributed import secede

    secede()
