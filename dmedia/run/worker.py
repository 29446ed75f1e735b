"""What runs inside a Dask worker: a plugin that owns the job's slots, and the function that every future calls."""

from __future__ import annotations

import contextlib
import logging
import pickle
import threading
from dataclasses import astuple
from functools import partial
from typing import TYPE_CHECKING, Any

import dask.config
from distributed import get_worker

from dmedia.operations import find_operation, package_of
from dmedia.run.early_slots import claim_slots
from dmedia.run.fitness.checkup import Checkup
from dmedia.run.fitness.demand import Lack, in_singular
from dmedia.run.fitness.examination import examine
from dmedia.run.slot import NoSlotError
from dmedia.run.wire import pack_results, unpack_tasks

if TYPE_CHECKING:
    from distributed import Worker

    from dmedia.model import FileResult, Task, WorkOrder
    from dmedia.run.fitness.demand import Demand
    from dmedia.run.slots import Slots

logger = logging.getLogger(__name__)

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


class UnfitWorkerError(NoSlotError):
    """The worker lacks something that the job needs: that says nothing about the file."""


class SlotsPlugin:
    """Owns a job's slots on one worker, and tells the launcher what they are doing. An `Envoy` brings it there.

    Parameters
    ----------
    order : WorkOrder
        The job.
    demand : Demand or None
        What it demands of a worker; ``None`` of a worker in the launcher's own process.
    launch : str
        Tells this launcher's slots from those of one before it.
    """

    def __init__(self, order: WorkOrder, demand: Demand | None, launch: str) -> None:
        operations = [recipe.operation for recipe in order.recipes]
        self._job, self._operation = order.job, next(filter(package_of, operations), order.operation)
        self._package = package_of(self._operation)
        self._order = pickle.dumps(order)  # a worker that lacks a package can still read all the rest, and say so
        self._demand, self._launch = demand, launch
        self._slots: Slots | None = None
        self._lacks: tuple[Lack, ...] | None = None

    def setup(self, worker: Worker) -> None:
        """Start one slot for each thread of the worker, unless the launcher has already done so in this process."""
        self._worker = worker
        self._ended, self._examined = threading.Event(), threading.Event()
        try:
            self._slots = claim_slots(self._read_order(), worker.state.nthreads)
        except Exception as error:
            if self._demand is None:
                raise  # in the launcher's own process nobody waits for what this worker says of itself
            expected = isinstance(error, LackError)
            logger.warning("dmedia: the worker %s gets no files: %s", worker.address, error, exc_info=not expected)
            prepares = Lack("cannot prepare slots", f"{type(error).__name__}: {error}")
            self._lacks = (error.lack if isinstance(error, LackError) else prepares,)
        try:
            threading.Thread(target=self._live, name=f"dmedia-live-{self._job}", daemon=True).start()
        except RuntimeError as error:  # the system has no further thread: nobody else examines this worker
            self._lacks = (*(self._lacks or ()), Lack("cannot examine itself", str(error)))
            self._examined.set()
            if self._demand is None:
                raise
            logger.warning("dmedia: the worker %s gets no files: %s", worker.address, error)
            self._tell(None)

    @property
    def slots(self) -> Slots:
        """The job's slots here.

        Raises
        ------
        UnfitWorkerError
            When there are none, because `setup` has failed: Dask keeps the plugin, and sends chunks nevertheless.
        """
        if self._slots is None:
            raise self._unfit()
        return self._slots

    def work(self, tasks: tuple[Task, ...], wave: int) -> list[FileResult]:
        """Process a chunk, when it is known that this worker is fit: see `Slots.work`.

        Raises
        ------
        UnfitWorkerError
            When it is not, or when its examination does not end.
        """
        self._examined.wait()
        if self._lacks:
            raise self._unfit()
        return self.slots.work(tasks, wave, self._worker.address)

    def teardown(self, worker: Worker) -> None:  # noqa: ARG002 - Dask's signature
        """End the slots."""
        self._ended.set()
        if self._slots is not None:
            self._slots.close()
        self._examined.set()  # nobody waits any longer for slots that are gone

    def _unfit(self) -> UnfitWorkerError:
        lacks = "; ".join(told(lack) for lack in self._lacks or ())
        return UnfitWorkerError(f"the worker {self._worker.address} gets no files: it {lacks}")

    def _read_order(self) -> WorkOrder:
        try:
            order: WorkOrder = pickle.loads(self._order)  # noqa: S301 - it comes from the launcher, with the plugin
            for recipe in order.recipes:
                find_operation(recipe.operation)
        except Exception as error:
            if not self._package:
                raise
            raise LackError(
                Lack(
                    f"cannot do {self._operation!r}, which {self._package} brings",
                    f"{type(error).__name__}: {error}",
                    f"install {self._package} in every worker's environment",
                )
            ) from None
        return order

    def _live(self) -> None:
        """Examine this worker, and then tell what is being worked on, while it changes; what is lost harms nothing."""
        checkup = None
        if self._slots is not None and self._demand is not None:
            checkup = Checkup(partial(examine, self._demand, self._slots), self._worker.address)
            self._lacks = checkup.first()
        self._examined.set()
        told_last = self._tell(None)
        rest_after_s = float(dask.config.get("dmedia.slot-rest-s", REST_AFTER_S))
        repeats = 1  # the launcher may not have listened yet, or Dask not been ready
        while not self._ended.wait(LIVE_PERIOD_S):
            if self._slots is not None:
                self._slots.rest(rest_after_s)
            if checkup:
                self._lacks = checkup.again(self._lacks or ())
            told_last = self._tell(None if repeats else told_last)
            repeats = 0

    def _tell(self, before: dict[str, Any] | None) -> dict[str, Any]:
        """Send what there is to tell if it has changed; return it."""
        words = {
            "worker": self._worker.address,
            "launch": self._launch,
            "running": [astuple(entry) for entry in self._slots.running()] if self._slots else [],
            "busy": self._slots is not None and self._slots.is_busy,
            "slots": self._slots.count if self._slots else 0,
            "lacks": [astuple(lack) for lack in self._lacks or ()],
        }
        if words != before:
            with contextlib.suppress(Exception):  # a worker that is leaving or has lost its scheduler
                self._worker.log_event(live_topic(self._job), words)
        return words


class LackError(Exception):
    """A worker lacks something.

    Parameters
    ----------
    lack : Lack
        What.
    """

    def __init__(self, lack: Lack) -> None:
        super().__init__(told(lack))
        self.lack = lack


def told(lack: Lack) -> str:
    """Tell what one worker lacks, as the end of a sentence about it."""
    return in_singular(lack.phrase) + (f": {lack.detail}" if lack.detail else "")


def run_chunk(job: str, packed: bytes, wave: int) -> bytes:
    """Process a chunk: what a Dask future carries.

    Parameters
    ----------
    job : str
        The job's id; its plugin owns the slots.
    packed : bytes
        The chunk's tasks, see `wire`.
    wave : int
        The submissions that it belongs to.

    Returns
    -------
    bytes
        A result for each task that was tried, see `wire`.
    """
    return pack_results(plugin_of(get_worker(), job).work(unpack_tasks(packed), wave))


def drain(job: str, wave: int, dask_worker: Worker) -> None:
    """Begin no further file of the chunks of a job that were submitted up to a wave."""
    plugin_of(dask_worker, job).slots.drain(wave)


def kill(job: str, dask_worker: Worker) -> None:
    """End a job's slots on this worker now, with the files they are working on."""
    plugin_of(dask_worker, job).slots.close()


def plugin_of(worker: Worker, job: str) -> SlotsPlugin:
    """Find what owns a job's slots on this worker.

    Raises
    ------
    UnfitWorkerError
        When there is nothing.
    """
    plugin = getattr(worker.plugins.get(plugin_name(job)), "plugin", None)
    if not isinstance(plugin, SlotsPlugin):
        raise UnfitWorkerError(f"the worker {worker.address} has no slots for {job}")
    return plugin
