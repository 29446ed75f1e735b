"""Dask clusters of a kind that a cluster file may name: one that talks, one that fails, one without an end.

It is a module of the user's: it lies on the path of the command that is tested.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
from typing import Any

from dask.distributed import LocalCluster, Scheduler, SpecCluster
from distributed.deploy.spec import ProcessInterface


class Talkative(LocalCluster):
    """Says on standard output what it does, as some do."""

    def __init__(self, **options: Any) -> None:
        print("asking the queue for workers")
        super().__init__(threads_per_worker=1, dashboard_address=None, **options)  # type: ignore[no-untyped-call]

    def close(self, timeout: float | None = None) -> Any:
        print("telling the queue to end them")
        return super().close(timeout)


class Refused(ProcessInterface):
    """A worker that no machine wants."""

    async def start(self) -> None:
        raise RuntimeError("no partition is called 'gpu'")


class Queued(ProcessInterface):
    """A worker that waits for a machine."""

    async def start(self) -> None:
        logging.getLogger("distributed.deploy").warning("the queue is long")
        await super().start()  # type: ignore[no-untyped-call]


class _Farm(SpecCluster):
    worker_class: type[ProcessInterface] = Queued

    def __init__(self, n_workers: int = 0) -> None:
        options = {"host": "127.0.0.1", "port": 0, "dashboard": False}
        super().__init__(scheduler={"cls": Scheduler, "options": options}, worker={"cls": self.worker_class})  # type: ignore[no-untyped-call]
        self.scale(n_workers)  # type: ignore[no-untyped-call]


class Refusing(_Farm):
    """A cluster whose queue takes no job, and which has put a key where workers would find it."""

    worker_class = Refused

    def __init__(self) -> None:
        self.key = tempfile.NamedTemporaryFile(dir=".", prefix=".worker.key.")  # noqa: SIM115 - as queues do
        super().__init__()


class Waiting(_Farm):
    """A cluster whose workers do not come."""


class Endless(_Farm):
    """A cluster that is never there."""

    async def _start(self) -> None:
        await asyncio.sleep(3600)


class Named(SpecCluster):
    """A cluster whose workers are named one by one, as those of ssh are."""

    def __init__(self) -> None:
        options = {"host": "127.0.0.1", "port": 0, "dashboard": False}
        workers = {number: {"cls": Queued} for number in range(2)}
        super().__init__(workers, {"cls": Scheduler, "options": options})  # type: ignore[no-untyped-call]
