"""What runs inside a Dask worker: a plugin that owns the job's slots, and the function that every future calls."""

from __future__ import annotations

import contextlib
import pickle
import threading
from dataclasses import astuple
from typing import TYPE_CHECKING

import dask.config
from distributed import get_worker
from distributed.diagnostics.plugin import WorkerPlugin

from dmedia.errors import UnknownOperationError
from dmedia.operations import find_operation, package_of
from dmedia.run.slot import NoSlotError
from dmedia.run.slots import claim_slots

if TYPE_CHECKING:
    from distributed import Worker

    from dmedia.model import FileResult, Task, WorkOrder
    from dmedia.run.slots import Slots

LIVE_PERIOD_S = 1.0
"""Seconds between two reports of what a worker is working on: at most one Dask event a second and worker."""


REST_AFTER_S = 60.0
"""Seconds without a file after which slots end until there is one: Dask's setting ``dmedia.slot-rest-s``, on a worker
also ``DASK_DMEDIA__SLOT_REST_S``, changes it."""


def plugin_name(job: str) -> str:
    """Name a job's plugin on the workers."""
    return f"dmedia-slots-{job}"


def live_topic(job: str) -> str:
    """Name the Dask event topic on which workers tell what they are working on."""
    return f"dmedia-live-{job}"


class SlotsPlugin(WorkerPlugin):
    """Owns a job's slots on one worker, and tells the launcher what they are doing.

    Parameters
    ----------
    order : WorkOrder
        The job.
    """

    def __init__(self, order: WorkOrder) -> None:
        self.name = plugin_name(order.job)
        self._job, self._operation, self._package = order.job, order.operation, package_of(order.operation)
        self._order = pickle.dumps(order)  # a worker that lacks a package can still read all the rest, and say so
        self._hindrance = "its set-up of the job has failed"
        self._slots: Slots | None = None

    def setup(self, worker: Worker) -> None:
        """Start one slot for each thread of the worker, unless the launcher has already done so in this process.

        Raises
        ------
        UnknownOperationError
            When this worker lacks the package that brings the operation, or has one that is broken.
        """
        self._worker = worker
        self._ended = threading.Event()
        self._slots = claim_slots(self._read_order(worker.address), worker.state.nthreads)
        threading.Thread(target=self._tell, name=f"dmedia-live-{self._job}", daemon=True).start()

    @property
    def slots(self) -> Slots:
        """The job's slots here.

        Raises
        ------
        NoSlotError
            When there are none, because `setup` has failed: Dask keeps the plugin, and sends chunks nevertheless.
        """
        if self._slots is None:
            raise NoSlotError(self._hindrance)
        return self._slots

    def _read_order(self, worker: str) -> WorkOrder:
        try:
            order: WorkOrder = pickle.loads(self._order)  # noqa: S301 - it comes from the launcher, with the plugin
            find_operation(order.operation)
        except Exception as error:
            if not self._package:
                raise
            self._hindrance = (
                f"The worker {worker} cannot do {self._operation!r}, which {self._package} brings: "
                f"{type(error).__name__}: {error}"
            )
            raise UnknownOperationError(
                self._hindrance, f"install {self._package} in every worker's environment"
            ) from None
        return order

    def teardown(self, worker: Worker) -> None:  # noqa: ARG002 - Dask's signature
        """End the slots."""
        self._ended.set()
        if self._slots is not None:
            self._slots.close()

    def _tell(self) -> None:
        """Send what is being worked on, once a period while it changes; losing a message harms nothing."""
        told: list[tuple[object, ...]] = []
        rest_after_s = float(dask.config.get("dmedia.slot-rest-s", REST_AFTER_S))
        while not self._ended.wait(LIVE_PERIOD_S):
            self.slots.rest(rest_after_s)
            running = [astuple(entry) for entry in self.slots.running()]
            if running != told:
                with contextlib.suppress(Exception):  # a worker that is leaving or has lost its scheduler
                    self._worker.log_event(live_topic(self._job), {"worker": self._worker.address, "running": running})
                told = running


def run_chunk(job: str, tasks: tuple[Task, ...], wave: int) -> list[FileResult]:
    """Process a chunk: what a Dask future carries.

    Parameters
    ----------
    job : str
        The job's id; its plugin owns the slots.
    tasks : tuple of Task
        The chunk.
    wave : int
        The submissions that it belongs to.

    Returns
    -------
    list of FileResult
        One for each task that was tried.
    """
    worker = get_worker()
    return slots_of(worker, job).work(tasks, wave, worker.address)


def drain(job: str, wave: int, dask_worker: Worker) -> None:
    """Begin no further file of the chunks of a job that were submitted up to a wave."""
    slots_of(dask_worker, job).drain(wave)


def kill(job: str, dask_worker: Worker) -> None:
    """End a job's slots on this worker now, with the files they are working on."""
    slots_of(dask_worker, job).close()


def slots_of(worker: Worker, job: str) -> Slots:
    """Find a job's slots on this worker."""
    plugin = worker.plugins[plugin_name(job)]
    assert isinstance(plugin, SlotsPlugin), "ours by its name"
    return plugin.slots
