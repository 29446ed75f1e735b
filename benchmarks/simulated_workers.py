"""Dask workers whose slots only pretend: what ``scale.py`` puts in the place of machines.

::

    python benchmarks/simulated_workers.py ADDRESS WORKERS SLOTS FILE_S

One process with that many real ``distributed.Worker`` objects, of SLOTS slots each, at the scheduler at ADDRESS. All
between launcher and slot is the real thing: plugin, census, chunks, wire, live channel. A slot sleeps FILE_S seconds a
file instead of decoding, and answers what a real one would: a rendition with size, time and checksum, or, for one file
of a hundred, a failure. It writes nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import math
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from distributed import Client, Worker

from dmedia.model import Failure, FileResult, Output, Running
from dmedia.run import worker as seam
from dmedia.run.answers import SlotReport

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dmedia.model import Task, WorkOrder

FAILING = 100
"""One file of so many fails."""

RENDITION_BYTES = 60_000
"""What a photo of 800 pixels takes as WebP."""

MOST_PROCESSES = 4
"""Processes that the workers share."""

START_LIMIT_S = 120
"""Seconds after which workers that have not come count as hanging."""

HINT = "The file is damaged: fetch it again from where it came from; a copy that was cut short is a usual cause."


class SimulatedSlots:
    """Stands where `dmedia.run.slots.Slots` does.

    Parameters
    ----------
    order : WorkOrder
        The job.
    count : int
        How many.
    file_s : float
        Seconds that a file takes.
    """

    def __init__(self, order: WorkOrder, count: int, file_s: float) -> None:
        self.order, self.count = order, count
        self._file_s = file_s
        self._running: dict[int, Running] = {}
        self._drained_wave: float = -1

    def work(self, tasks: tuple[Task, ...], wave: int, worker: str) -> list[FileResult]:
        """Take the time that a chunk takes, and say what became of each file."""
        if wave <= self._drained_wave:
            return []
        mine = threading.get_ident()
        self._running[mine] = Running(tasks[0].number, worker, time.time())
        time.sleep(self._file_s * len(tasks))
        self._running.pop(mine, None)
        return [pretend(task, worker, self._file_s) for task in tasks]

    def report(self, formats: tuple[str, ...]) -> SlotReport:
        """Say that all can be decoded and encoded."""
        return SlotReport(0, "simulated", (), is_tight=False, versions={}, font="", reads=formats, writes=formats)

    def running(self) -> list[Running]:
        """Tell what is being worked on."""
        return list(self._running.values())

    @property
    def is_busy(self) -> bool:
        """Whether a file has been worked on for long: here none is."""
        return False

    def rest(self, after_s: float) -> None:
        """Do nothing: there are no child processes."""

    def drain(self, wave: int) -> None:
        """Begin no further chunk submitted up to a wave."""
        self._drained_wave = max(self._drained_wave, wave)

    def close(self) -> None:
        """Begin nothing further."""
        self._drained_wave = math.inf


def pretend(task: Task, worker: str, seconds: float) -> FileResult:
    """Make the result that a slot would have sent, as large as a real one."""
    if task.number % FAILING == FAILING - 1:
        failure = Failure("corrupt_input", "Corrupt input: VipsJpeg: premature end of JPEG image", "decode", HINT)
        return FileResult(task.number, (), failure, seconds, worker, "libvips", task.size_bytes)
    sha256 = hashlib.sha256(task.rendition).hexdigest()
    output = Output(task.rendition, 800, 600, "webp", RENDITION_BYTES, time.time_ns(), sha256)
    return FileResult(task.number, (output,), None, seconds, worker, "libvips", task.size_bytes)


@contextlib.contextmanager
def simulated_cluster(workers: int, slots: int, file_s: float, scratch: Path) -> Iterator[tuple[str, int]]:
    """Start a scheduler and simulated workers as processes, and end them afterwards.

    Parameters
    ----------
    workers, slots : int
        How many, and slots of each.
    file_s : float
        Seconds that a slot takes for a file.
    scratch : Path
        A directory for their log, and to work in.

    Yields
    ------
    str, int
        The scheduler's address and its process id.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    scheduler = ["-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", str(port)]
    commands = [[*scheduler, "--dashboard-address", "127.0.0.1:0"]]
    processes = min(MOST_PROCESSES, workers)
    shares = [workers // processes + (number < workers % processes) for number in range(processes)]
    commands += [[__file__, address, str(share), str(slots), str(file_s)] for share in shares]
    with contextlib.ExitStack() as stack:
        log = stack.enter_context((scratch / "cluster.log").open("ab"))
        started: list[subprocess.Popen[bytes]] = []
        stack.callback(_end, started)
        for command in commands:
            process = subprocess.Popen([sys.executable, *command], stdout=log, stderr=log, cwd=scratch)
            started.append(process)
        with Client(address, timeout=START_LIMIT_S, set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=START_LIMIT_S)
        yield address, started[0].pid


def _end(started: list[subprocess.Popen[bytes]]) -> None:
    for process in started:
        process.terminate()
    for process in started:
        process.wait()


async def _serve(address: str, workers: int, slots: int, file_s: float) -> None:
    """Be that many workers until the scheduler is gone."""

    def claim(order: WorkOrder, count: int) -> Any:
        return SimulatedSlots(order, count, file_s)

    vars(seam)["claim_slots"] = claim
    started = [await Worker(address, nthreads=slots, dashboard=False, memory_limit=0) for _ in range(workers)]
    await asyncio.gather(*(worker.finished() for worker in started))


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])))
