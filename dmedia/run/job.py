"""A job from its request to its end. Starting, resuming and retrying are the same: run what the record has pending."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dmedia.errors import ClusterError, DmediaError, JobHeldError, PreflightError, StoppedError, TooManyFailedError
from dmedia.model import JobState, WorkOrder
from dmedia.planning import plan_job, refuse_outside_roots
from dmedia.planning.footprint import Footprint
from dmedia.record.reader import read_job
from dmedia.record.writer import RecordWriter
from dmedia.report.observer import tell
from dmedia.run.early_slots import early_start
from dmedia.run.launcher import told_configuration
from dmedia.run.manifests import write_manifests
from dmedia.run.sweeping import sweep, sweep_abandoned

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dmedia.model import FileStatus, JobReport, JobSpec
    from dmedia.report.observer import Observer
    from dmedia.run.clusters.places import ClusterChoice
    from dmedia.run.course import Course
    from dmedia.run.stop import Stop


class CancelledError(Exception):
    """The job was cancelled while it was planned."""


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
        From the plan, or because a worker lacks something; then there is no job, and nothing was written.
    StoppedError
        When a signal came before the plan was complete.
    ClusterError
        When the cluster cannot be reached, and there is no job; or when it was lost, and what is done is in the record.
    """
    footprint = Footprint(spec.output_directory)
    with RecordWriter.create(spec) as record, early_start(WorkOrder.of(record.job, spec), choice):
        try:
            record.life.note_place(choice.noted)
            _plan(record, observer, stop)
            _run(record, choice, observer, stop)
        except CancelledError:
            record.life.end_unplanned(JobState.CANCELLED)
        except DmediaError:
            if not record.life.was_started():
                record.discard()
                footprint.erase()
            raise
    return read_job(record.job)


def resume_job(job: str, again: Again, choice: ClusterChoice, observer: Observer, stop: Stop) -> JobReport:
    """Take up a job that was interrupted or only created, or do some of its files again.

    Parameters
    ----------
    job : str
        Its id.
    again : Again
        Which files that have an outcome are done again, and what is asked otherwise than before.
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
    OutsideRootsError
        When its roots and those asked for leave nothing to use, or not its output directory. The job stays as it is.
    StoppedError, ClusterError
        See `run_job`.
    DmediaError
        When a plan that was never complete is refused like a new one; the job has then failed.
    """
    with contextlib.ExitStack() as held:
        record = held.enter_context(RecordWriter.open(job))
        record.change(again.persistence, again.roots)
        refuse_outside_roots(record.spec)
        if choice.can_be_noted:
            record.life.note_place(choice.noted)
        held.enter_context(early_start(WorkOrder.of(job, record.spec), choice))
        if record.life.was_started():
            record.withdraw_requests()  # they were made of the launcher before this one
        try:
            failed_before = 0
            if record.plan.is_complete():
                record.retry(again.statuses, again.codes)
                failed_before = read_job(job).failed
                sweep(record)
            else:
                _plan_again(record, observer, stop)
            _run(record, choice, observer, stop, failed_before)
        except CancelledError:
            record.life.end_unplanned(JobState.CANCELLED)
    return read_job(job)


def _plan_again(record: RecordWriter, observer: Observer, stop: Stop) -> None:
    """Plan a job whose id somebody knows already: when the plan is refused, its record says why."""
    try:
        _plan(record, observer, stop)
    except StoppedError:
        raise
    except DmediaError as error:
        _refuse(record, error)
        raise


def refuse_new(job: str, error: DmediaError) -> None:
    """Let the record of a new job say why its launcher could not even take it.

    Parameters
    ----------
    job : str
        Its id. A job that a launcher has, or had before, stays as it is.
    error : DmediaError
        The reason.
    """
    if read_job(job).state is JobState.QUEUED:
        with contextlib.suppress(JobHeldError), RecordWriter.open(job) as record:
            _refuse(record, error)


def _refuse(record: RecordWriter, error: DmediaError) -> None:
    record.life.warn(f"{error.message.rstrip('.')}. {error.hint}" if error.hint else error.message)
    record.life.end_unplanned(JobState.FAILED)


@dataclass(frozen=True)
class Again:
    """Which files that have an outcome are done again.

    Attributes
    ----------
    statuses : frozenset of FileStatus
        ``FAILED``, ``CANCELLED`` or both.
    codes : frozenset of str or None
        Of failed files, only those with one of these error codes.
    persistence : mapping of str to object
        Fields of `Persistence` that are asked otherwise than before.
    roots : tuple of bytes
        Absolute real paths outside of which this launcher neither reads nor writes. They narrow the job's own roots
        and never widen them. Empty: the job's own.
    """

    statuses: frozenset[FileStatus]
    codes: frozenset[str] | None = None
    persistence: Mapping[str, Any] = field(default_factory=dict)
    roots: tuple[bytes, ...] = ()


def _plan(record: RecordWriter, observer: Observer, stop: Stop) -> None:
    """Plan a job, which may be stopped and cancelled meanwhile."""

    def found(total: int) -> None:
        stop.raise_if_asked()
        if "cancel" in record.requests():
            raise CancelledError
        tell(observer.found, total)

    plan_job(record, found)


def _run(record: RecordWriter, choice: ClusterChoice, observer: Observer, stop: Stop, failed_before: int = 0) -> None:
    """Run what is pending, and declare the job ended unless it was stopped."""
    with told_configuration():
        from dmedia.run.course import Course

    planned = read_job(record.job)
    tell(observer.planned, planned)
    sweep_abandoned(record)
    course = Course(record, observer, stop, failed_before)
    try:
        if course.brake.gave_up or not planned.pending:
            course.ledger.write(lambda: record.life.start(None, None))
        else:
            course.run(choice)
        _end(record, course)
    except (ClusterError, PreflightError, TooManyFailedError) as error:
        record.life.warn(f"The launcher ended: {error.message}", passing=True)
        raise
    finally:
        course.brake.close()
        if course.left_behind:
            sweep(record)


def _end(record: RecordWriter, course: Course) -> None:
    """Declare a job ended, if it is."""
    if course.brake.cancelled:
        course.ledger.write(record.cancel_pending)
        course.ledger.write(lambda: record.life.finish(JobState.CANCELLED))
    elif (left := read_job(record.job)).done == left.total:
        course.ledger.write(lambda: write_manifests(record))
        course.ledger.write(record.life.finish)
    elif course.brake.gave_up:
        raise TooManyFailedError(
            f"{left.failed:,} of {left.total:,} files have failed: --max-failures is reached, "
            f"{left.total - left.done:,} files are not done",
            f"dmedia status {record.job} --failed says why; then dmedia resume {record.job}",
        )
    elif not course.brake.ending:
        raise RuntimeError(f"the work on {record.job} ended with {left.total - left.done:,} files not done")
