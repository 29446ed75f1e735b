"""Collect: whatever a future ends with becomes results for the record, or tasks that are pending again."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections import deque
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from distributed import as_completed
from distributed.scheduler import KilledWorker

from dmedia.run.wire import unpack_results

if TYPE_CHECKING:
    from collections.abc import Iterable

    from distributed import Client, Future

    from dmedia.model import FileResult, Task
    from dmedia.run.dispatch import Window


MOST_AT_ONCE = 4_000
"""Results that are noted at once: it takes about 0.1 s and 5 MB, and between two times requests are heeded."""


@dataclass
class Outcome:
    """What a batch of futures comes to.

    Attributes
    ----------
    results : list of FileResult
        For the record.
    lost : list of Task
        Nothing is known of these: they are pending again, and it is not charged to them.
    refused : list of Task
        A worker could not even begin these: pending again too, after a while.
    refusal : str
        What one of those workers said.
    """

    results: list[FileResult] = field(default_factory=list)
    lost: list[Task] = field(default_factory=list)
    refused: list[Task] = field(default_factory=list)
    refusal: str = ""


class Harvest:
    """Collects what a window's futures end with, and has a clock: it returns although no file finishes.

    Parameters
    ----------
    client : distributed.Client
        Whose futures these are.
    window : Window
        Holds them.
    """

    def __init__(self, client: Client, window: Window) -> None:
        self._window = window
        self._stream = as_completed(loop=client.loop, with_results=True, raise_errors=False)
        self._batches: queue.SimpleQueue[list[tuple[Future[Any], Any]]] = queue.SimpleQueue()
        self._completed: deque[tuple[Future[Any], Any]] = deque()
        self._added = threading.Event()
        self._closed = False
        threading.Thread(target=self._follow, name="dmedia-collect", daemon=True).start()

    def expect(self, futures: Iterable[Future[Any]]) -> None:
        """Watch these futures too."""
        self._stream.update(futures)
        self._added.set()

    def next(self, timeout_s: float) -> Outcome:
        """Wait for futures to complete.

        Parameters
        ----------
        timeout_s : float
            Seconds to wait at most.

        Returns
        -------
        Outcome
            Of all that completed, or as much of it as shall be noted at once; empty after the timeout.
        """
        outcome = Outcome()
        with contextlib.suppress(queue.Empty):
            if not self._completed:
                self._completed.extend(self._batches.get(timeout=timeout_s))
            while len(outcome.results) < MOST_AT_ONCE:
                while not self._completed:
                    self._completed.extend(self._batches.get_nowait())
                future, ended_with = self._completed.popleft()
                status = future.status
                judge(outcome, self._window.take(future), status, ended_with)
        return outcome

    def close(self) -> None:
        """Watch nothing further."""
        self._closed = True
        self._stream.clear()
        self._added.set()

    def _follow(self) -> None:
        while not self._closed:
            self._added.wait()
            self._added.clear()
            for batch in self._stream.batches():
                self._batches.put(batch)


def judge(outcome: Outcome, tasks: tuple[Task, ...], status: str | None, ended_with: Any) -> None:
    """Add one future's end to an outcome: usually it says nothing about its files.

    Parameters
    ----------
    outcome : Outcome
        Is added to.
    tasks : tuple of Task
        The chunk.
    status : str
        The future's: ``finished``, ``error``, ``cancelled`` or ``lost``.
    ended_with : object
        Its result, or what Dask gives instead.
    """
    if status == "finished" and isinstance(ended_with, bytes):
        try:
            results = unpack_results(ended_with)
        except Exception as fault:  # noqa: BLE001 - whatever it is, it says nothing about the files
            outcome.refused.extend(tasks)
            outcome.refusal = f"an answer cannot be read: {type(fault).__name__}: {fault}"
            return
        outcome.results.extend(results)
        known = {result.number for result in results}
        outcome.lost.extend(task for task in tasks if task.number not in known)
        return
    error = ended_with[1] if isinstance(ended_with, tuple) else ended_with
    if status != "error" or isinstance(error, (KilledWorker, CancelledError)):
        outcome.lost.extend(tasks)
        return
    # What a file does is in a result, whatever it is: an error is the worker's (no dmedia, no slots, no memory).
    outcome.refused.extend(tasks)
    outcome.refusal = f"{type(error).__name__}: {error}"
