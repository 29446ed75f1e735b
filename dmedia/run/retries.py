"""Retries: which failures may pass, and when their files are tried again."""

from __future__ import annotations

import heapq
import random
import time
from collections import Counter
from typing import TYPE_CHECKING

from dmedia.run.post_mortem import KILLED_FROM_OUTSIDE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dmedia.errors import ErrorCode
    from dmedia.model import FileResult, Persistence

TRANSIENT: frozenset[ErrorCode] = frozenset({"io_error", "remote_error"})
"""A disk, a network or a host was busy or away: tried again after a while."""

SUSPECT: frozenset[ErrorCode] = frozenset({"decoder_crash"})
"""Tried again once, at once, in a chunk of its own: the crash may have been the aftermath of another file."""

UNCHARGED: frozenset[ErrorCode] = frozenset({"disk_full"})
"""Says nothing about the file: it is pending again, and the attempt does not count."""

BACKOFF_FACTOR = 4
"""Each wait to the one before it: 1, 4, 16 s."""

REFUSED_WAIT_S = 1.0
"""Seconds after which a file is sent again that a worker could not begin: it may come to another worker."""

JITTER = 0.25
"""A wait is longer by up to this share, chosen by chance: files that failed together do not come back together."""


class Retries:
    """The files of a job that are going to be tried again.

    Parameters
    ----------
    persistence : Persistence
        How often, and how long to wait.

    Attributes
    ----------
    alone : set of int
        Numbers of files that go alone in their chunk.
    """

    def __init__(self, persistence: Persistence) -> None:
        self.alone: set[int] = set()
        self._persistence = persistence
        self._tried: Counter[int] = Counter()
        self._waiting: list[tuple[float, int]] = []

    def __len__(self) -> int:
        """Tell how many files wait for their next attempt."""
        return len(self._waiting)

    def claim(self, result: FileResult) -> bool:
        """Take a failed file for another attempt, if its reason and its number of attempts allow one.

        Parameters
        ----------
        result : FileResult
            Of an attempt.

        Returns
        -------
        bool
            Whether `due` will name it.
        """
        code = result.failure.code if result.failure else None
        if code in TRANSIENT:
            most, wait_s = self._persistence.retries, self._next_wait_s(result.number)
        elif code in SUSPECT or (result.failure and result.failure.message == KILLED_FROM_OUTSIDE):
            most, wait_s = min(1, self._persistence.retries), 0.0
        else:
            return False
        if self._tried[result.number] >= most:
            return False
        self._tried[result.number] += 1
        self.alone.add(result.number)
        heapq.heappush(self._waiting, (time.monotonic() + wait_s, result.number))
        return True

    def postpone(self, numbers: Iterable[int]) -> None:
        """Let files wait that a worker has refused; it is not charged to them."""
        due_s = time.monotonic() + REFUSED_WAIT_S
        for number in numbers:
            heapq.heappush(self._waiting, (due_s, number))

    def due(self) -> list[int]:
        """Name the files whose wait is over, once."""
        now_s = time.monotonic()
        numbers = []
        while self._waiting and self._waiting[0][0] <= now_s:
            numbers.append(heapq.heappop(self._waiting)[1])
        return numbers

    def forget(self, results: Iterable[FileResult]) -> None:
        """Forget files that have their outcome."""
        for result in results:
            self.alone.discard(result.number)
            self._tried.pop(result.number, None)

    def _next_wait_s(self, number: int) -> float:
        wait_s = self._persistence.retry_wait_s * float(BACKOFF_FACTOR ** self._tried[number])
        return wait_s * random.uniform(1, 1 + JITTER)  # noqa: S311 - not a secret
