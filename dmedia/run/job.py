"""A job from its request to its end. Starting, resuming and retrying are the same: run what the record has pending."""

from __future__ import annotations

import contextlib
import gc
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from dmedia.errors import ClusterError, DmediaError
from dmedia.model import JobState, WorkOrder
from dmedia.plan import plan_job
from dmedia.record.reader import read_job
from dmedia.record.unfinished import UnfinishedJobs
from dmedia.record.writer import RecordWriter
from dmedia.run.cluster import connect, load_dask
from dmedia.run.slots import STARTED_EARLY, Slots
from dmedia.storage import local as storage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dmedia.model import FileStatus, JobReport, JobSpec
    from dmedia.report.observer import Observer
    from dmedia.run.cluster import ClusterChoice, ConnectedCluster
    from dmedia.run.stop import Stop

T = TypeVar("T")

TICK_S = 0.2
"""Seconds without a result after which the record gets its heartbeat all the same."""

OBSERVE_PERIOD_S = 0.25
"""Seconds between two looks of the observer."""


def run_job(spec: JobSpec, choice: ClusterChoice, observer: Observer, stop: Stop) -> JobReport:
    """Run a new job to its end.

    Parameters
    ----------
    spec : JobSpec
        What is asked for.
    choice : ClusterChoice
        Where it runs.
    observer : Observer
        Is told how it goes.
    stop : Stop
        Ends it early; what is pending then stays so.

    Returns
    -------
    JobReport
        As the record has it at the end.

    Raises
    ------
    NoInputError, CollisionError, PreflightError
        From the plan; then there is no job, and nothing was written.
    StoppedError
        When a signal came before the plan was complete.
    ClusterError
        When the cluster cannot be reached, and there is no job; or when it was lost, and what is done is in the record.
    """
    with RecordWriter.create(spec) as record, early_start(order_of(record), choice):
        _plan(record, observer, stop)
        try:
            _run(record, choice, observer, stop)
        except ClusterError:
            if read_job(record.job).started_at is None:
                record.discard()
            raise
    return read_job(record.job)


def resume_job(job: str, again: Again, choice: ClusterChoice, observer: Observer, stop: Stop) -> JobReport:
    """Take up a job that was interrupted, or do some of its files again.

    Parameters
    ----------
    job : str
        Its id.
    again : Again
        Which files that have an outcome are done again.
    choice, observer, stop
        See `run_job`.

    Returns
    -------
    JobReport
        As the record has it at the end.

    Raises
    ------
    UnknownJobError, DamagedRecordError
        When there is no such record, or it cannot be used.
    JobHeldError
        When another launcher works on the job.
    StoppedError, ClusterError
        See `run_job`; a plan that was never complete can be refused like a new one.
    """
    with RecordWriter.open(job) as record, early_start(order_of(record), choice):
        record.withdraw_requests()
        if not record.is_planned():
            _plan(record, observer, stop)
        else:
            record.retry(again.statuses, again.codes)
        for directory in record.rendition_directories():
            storage.sweep(directory, job)
        _run(record, choice, observer, stop)
    return read_job(job)


@dataclass(frozen=True)
class Again:
    """Which files that have an outcome are done again.

    Attributes
    ----------
    statuses : frozenset of FileStatus
        ``FAILED``, ``CANCELLED`` or both.
    codes : frozenset of str or None
        Of failed files, only those with one of these error codes.
    """

    statuses: frozenset[FileStatus]
    codes: frozenset[str] | None = None


def order_of(record: RecordWriter) -> WorkOrder:
    """Tell what all tasks of a job have in common."""
    spec = record.spec
    return WorkOrder(record.job, spec.operation, spec.parameters, spec.output_directory, spec.limits)


def told(look: Callable[[T], None], what: T) -> None:
    """Let an observer look; one whose terminal or pipe is gone sees nothing, and the job goes on."""
    with contextlib.suppress(OSError):
        look(what)


def _plan(record: RecordWriter, observer: Observer, stop: Stop) -> None:
    def found(total: int) -> None:
        stop.raise_if_asked()
        told(observer.found, total)

    try:
        plan_job(record, found)
    except DmediaError:
        record.discard()
        raise


def _run(record: RecordWriter, choice: ClusterChoice, observer: Observer, stop: Stop) -> None:
    """Run what is pending, and declare the job ended unless it was stopped."""
    planned = read_job(record.job)
    told(observer.planned, planned)
    sweep_abandoned(record)
    end: JobState | None = None
    if planned.pending:
        with connect(choice) as cluster:
            end = _work(record, cluster, observer, stop)
    else:
        record.start(None, None)
    if end is JobState.CANCELLED:
        record.cancel_pending()
    if stop.signal is None or end:
        record.finish(end)


@contextlib.contextmanager
def early_start(order: WorkOrder, choice: ClusterChoice) -> Iterator[None]:
    """Load Dask, and start the slots of a cluster in this process, while the job is being planned.

    Parameters
    ----------
    order : WorkOrder
        The job.
    choice : ClusterChoice
        Where it runs.
    """
    slots = Slots(order, choice.slots) if choice.local else None
    if slots:
        slots.start()
        STARTED_EARLY[order.job] = slots
    threading.Thread(target=load_dask, name="dmedia-load-dask", daemon=True).start()
    try:
        yield
    finally:
        if slots:
            STARTED_EARLY.pop(order.job, None)
            slots.close()


def sweep_abandoned(record: RecordWriter) -> None:
    """Remove the temporary files of jobs of this output directory whose launcher was killed; warn of those at work.

    Parameters
    ----------
    record : RecordWriter
        Of the new job.
    """
    with contextlib.closing(UnfinishedJobs(record.spec.output_directory, besides=record.job)) as unfinished:
        for job in unfinished.working:
            record.warn(f"{job} is writing into the same directory: a rendition is of the job that comes last")
        for job, directory in unfinished.abandoned():
            storage.sweep(directory, job)


def _work(record: RecordWriter, cluster: ConnectedCluster, observer: Observer, stop: Stop) -> JobState | None:
    """Work through everything that is pending; tell how the job ends where its files do not tell."""
    from dmedia.run.collect import Harvest
    from dmedia.run.dispatch import Window
    from dmedia.run.live import Brake, Live
    from dmedia.run.pulse import Pulse

    gc.freeze()  # what was loaded until now stays
    gc.enable()
    record.start(cluster.scheduler, cluster.dashboard)
    if cluster.warning:
        record.warn(cluster.warning)
    order = order_of(record)
    window = Window(cluster.client, record, order.operation, cluster.slots)
    with Live(cluster.client, order) as live, contextlib.closing(Harvest(cluster.client, window)) as harvest:
        brake, pulse = Brake(stop, record, live), Pulse(cluster, record)
        observed_s = 0.0
        while True:
            if not brake.look():
                harvest.expect(window.refill())
            if not window or brake.expired:
                break
            outcome = harvest.next(TICK_S)
            window.pace.learn(outcome.results)
            record.give_back([task.number for task in outcome.lost])
            record.commit(outcome.results, live.running())
            if time.monotonic() - observed_s > OBSERVE_PERIOD_S:
                observed_s = time.monotonic()
                told(observer.progress, read_job(record.job))
            if outcome.results:
                pulse.heard()
            pulse.check()
    if live.worker_was_lost:  # it could not tidy up after its slots
        for directory in record.rendition_directories():
            storage.sweep(directory, order.job)
    return JobState.CANCELLED if brake.cancelled else None
