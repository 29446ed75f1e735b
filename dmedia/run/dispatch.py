"""Dispatch: from pending tasks to Dask futures, a bounded window of chunks at a time."""

from __future__ import annotations

import itertools
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from dmedia.run.pace import Pace, weigh
from dmedia.run.patience import Call
from dmedia.run.wire import pack_tasks, unpack_tasks
from dmedia.run.worker import run_chunk

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from distributed import Client, Future

    from dmedia.model import Task
    from dmedia.record.writer import RecordWriter
    from dmedia.run.fleet import Fleet

CHUNK_S = 0.25
"""Seconds of work a future should carry: a future costs the launcher about 4 ms of CPU whatever it carries
(measured on a job of photos), and its files are told when all of them are done."""

MOST_FUTURES_PER_S = 400
"""Chunks grow with the number of slots so that there are not more: each costs the launcher 0.5 ms of CPU and the
scheduler 0.4 ms (``benchmarks/scale.py``), and both have one thread. From 100 slots on chunks are longer than
``CHUNK_S``, with a thousand 2.5 s."""

LONGEST_CHUNK = 256
"""Tasks: what is lost and done again when a worker dies."""

SMALLEST_WINDOW = 64
"""Chunks; with more slots, four for each."""

FIRST_CHUNKS_PER_SLOT = 2
"""Chunks of one file each, from which the pace is learned before the window is filled."""

MOST_NAMED = 64
"""Workers that a chunk names at most when not all of a cluster are fit. Dask keeps the names with each chunk: 64 took
2 KB of memory and no time that could be told, 1,000 took 105 KB and 1.5 ms of CPU (a thousand empty tasks, client and
scheduler in one process). Where more workers are fit, chunks are dealt out to groups of so many."""

FETCH_PER_SLOT = 256
"""Tasks read from the record at once, for each slot: enough to see whether the end of the job is near."""

MOST_HELD = 500_000
"""Tasks that Dask holds at most: their results, which may all come before the launcher has noted any, take 0.2 KB each
of its memory. Only thousands of slots and tiny files come near it, and then the launcher is what is slow."""

MOST_FETCHED = 16_384
"""Tasks read at once at most, however many slots there are: each takes 0.4 KB of the launcher's memory."""


class Window:
    """The chunks that Dask holds now: never more than a few a slot, however many files the job has.

    Parameters
    ----------
    client : distributed.Client
        Where futures go.
    record : RecordWriter
        Where pending tasks come from.
    operation : str
        Names the futures, so that Dask's dashboard groups them.
    fleet : Fleet
        The workers and their slots, as they come and go: the window follows them.
    alone : container of int
        Numbers of tasks that go alone in their chunk; may change meanwhile.

    Attributes
    ----------
    pace : Pace
        How long files take.
    wave : int
        Counts the submissions between two drains, so that workers can tell what was submitted before one.
    """

    def __init__(
        self, client: Client, record: RecordWriter, operation: str, fleet: Fleet, alone: Container[int] = ()
    ) -> None:
        self.pace = Pace()
        self.wave = 0
        self._alone = alone
        self._client = client
        self._record = record
        self._key = f"{operation}-{record.job}"
        self._fleet = fleet
        self._slots = fleet.slots
        # A scheduler may still hold chunks of a launcher or a connection before this one: no key is used twice.
        self._numbers = itertools.count(time.time_ns())
        self._ready: deque[Task] = deque()
        self._ready_bytes = 0
        self._is_near_end = False
        self._held: dict[Future[Any], bytes] = {}  # packed: a hundredth of the memory
        self._held_tasks = 0
        self._bound: dict[Future[Any], frozenset[str]] = {}
        self._first_group = 0
        self._seen = 0

    def __len__(self) -> int:
        return len(self._held)

    @property
    def is_held(self) -> bool:
        """Whether nothing is submitted because no worker here is fit. One that is to come finds it waiting."""
        return self._fleet.allowed() == []

    def refill(self, most: int | None = None) -> list[Future[Any]]:
        """Submit chunks until the window is full or no task is pending.

        Parameters
        ----------
        most : int
            Tasks that all slots together may work on before they tell; a chunk has its slot's share, and at least one.

        Returns
        -------
        list of distributed.Future
            The new ones. Nothing happens while the window is more than half full, because a batch of futures costs Dask
            less than the same futures one by one.
        """
        self._follow_fleet()
        allowed = self._fleet.allowed()
        if allowed == []:
            return []
        longest = LONGEST_CHUNK if most is None else max(1, most // self._slots)
        known = self.pace.known
        size = max(SMALLEST_WINDOW, 4 * self._slots) if known else FIRST_CHUNKS_PER_SLOT * self._slots
        if len(self._held) > size // 2:
            return []
        chunks = self._next_chunks(size - len(self._held), longest)
        if not chunks:
            return []
        return [future for hand, named in self._dealt(chunks, allowed) for future in self._submit(hand, named)]

    def take(self, future: Future[Any]) -> tuple[Task, ...]:
        """Let a finished future go, with its result in the worker's memory.

        Returns
        -------
        tuple of Task
            The chunk it carried.
        """
        tasks = unpack_tasks(self._held.pop(future))
        self._held_tasks -= len(tasks)
        self._bound.pop(future, None)
        future.release()
        return tasks

    def next_wave(self) -> int:
        """Let what is submitted from now on belong to another wave.

        Returns
        -------
        int
            The wave that ends.
        """
        self.wave += 1
        return self.wave - 1

    def abandon(self) -> list[int]:
        """Give up all that Dask was asked to do, and what was going to be.

        Returns
        -------
        list of int
            Numbers of the tasks, which nobody works on now.
        """
        tasks = [*itertools.chain.from_iterable(map(unpack_tasks, self._held.values())), *self._ready]
        self._held.clear()
        self._held_tasks = 0
        self._bound.clear()
        self._ready.clear()
        self._ready_bytes = 0
        return [task.number for task in tasks]

    def _dealt(self, chunks: list[bytes], allowed: list[str] | None) -> Iterator[tuple[list[bytes], list[str] | None]]:
        """Deal chunks out to groups of workers, or to all where all may have them."""
        if allowed is None:
            yield chunks, None
            return
        groups = -(-len(allowed) // MOST_NAMED)
        self._first_group += 1  # few chunks do not always come to the same
        for number in range(groups):
            if hand := chunks[(number + self._first_group) % groups :: groups]:
                yield hand, allowed[number::groups]

    def _submit(self, chunks: list[bytes], named: list[str] | None) -> list[Future[Any]]:
        futures: list[Future[Any]] = self._client.map(
            run_chunk,
            [self._record.job] * len(chunks),
            chunks,
            [self.wave] * len(chunks),
            key=[(self._key, next(self._numbers)) for _ in chunks],
            pure=False,
            retries=0,
            workers=named,
        )
        self._held.update(zip(futures, chunks, strict=True))
        if named is not None:
            self._bound.update(dict.fromkeys(futures, frozenset(named)))
        return futures

    def _follow_fleet(self) -> None:
        """See how many slots there are now, and give up chunks that may go to certain workers only, all of them gone.

        Dask would keep such chunks until one of those is back, though others have come. They end as cancelled.
        """
        if self._seen == self._fleet.generation:
            return
        self._seen, self._slots = self._fleet.generation, max(1, self._fleet.slots)
        if self._bound:
            here = self._fleet.examined.keys() - self._fleet.unfit.keys()
            if stranded := [future for future, allowed in self._bound.items() if allowed.isdisjoint(here)]:
                Call(lambda: self._client.cancel(stranded))

    def _next_chunks(self, most: int, longest: int) -> list[bytes]:
        chunks: list[bytes] = []
        while len(chunks) < most and self._held_tasks < MOST_HELD and (chunk := self._next_chunk(longest)):
            chunks.append(pack_tasks(chunk))
            self._held_tasks += len(chunk)
        return chunks

    def _next_chunk(self, longest: int) -> tuple[Task, ...]:
        """Take the next tasks that together take a chunk's time, less towards the end so that no slot idles.

        Until the pace is known a chunk is one file: the first of a slow kind would otherwise be told of much too late.
        """
        wanted = min(FETCH_PER_SLOT * max(4, self._slots), MOST_FETCHED)
        if len(self._ready) < wanted // 2:
            fetched = self._record.pending(wanted)
            self._ready.extend(fetched)
            self._ready_bytes += sum(weigh(task.size_bytes) for task in fetched)
            self._is_near_end = len(fetched) < wanted
        budget_s = max(CHUNK_S, self._slots / MOST_FUTURES_PER_S)
        if self._is_near_end:
            budget_s = min(budget_s, self._ready_bytes * self.pace.s_per_byte / (4 * self._slots))
        chunk: list[Task] = []
        while self._ready and len(chunk) < min(longest, LONGEST_CHUNK):
            budget_s -= self.pace.forecast_s(self._ready[0])
            alone = self._ready[0].number in self._alone
            if chunk and (budget_s < 0 or alone or not self.pace.known):
                break
            chunk.append(self._ready.popleft())
            self._ready_bytes -= weigh(chunk[-1].size_bytes)
            if alone:
                break
        return tuple(chunk)
