"""Plans of which nothing is done: what a batch would write, and whether it could."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from queue import Empty, Queue
from threading import Thread
from typing import TYPE_CHECKING, Any, Unpack

from dmedia.api.options import further_presets
from dmedia.api.request import read_spec
from dmedia.api.work import read_work
from dmedia.report.documents import plan_document, planned_file_document

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dmedia.api.options import AnyPath, BatchOptions
    from dmedia.model import JobSpec
    from dmedia.report.shapes import PlanDocument, PreviewDocument

MOST_PLANNED = 1000
"""Files that a plan tells of."""

STOPPING_S = 0.3
"""Seconds in which a plan that goes well notices that it was stopped."""


def plan(
    input_pattern: AnyPath | Sequence[AnyPath],
    operation: str,
    output_directory: AnyPath,
    parameters: Mapping[str, Any] | None = None,
    **options: Unpack[BatchOptions],
) -> PreviewDocument:
    """Plan a batch and do nothing: which renditions it would write, and whether it could.

    Parameters
    ----------
    input_pattern, operation, output_directory, parameters, **options
        See `dmedia.batch_process`.

    Returns
    -------
    dict
        Numbers, forecast and ``files``, of which only the first thousand are told.

    Raises
    ------
    UsageError, NoInputError, CollisionError, PreflightError
        What would keep the batch from starting.
    """
    work = read_work(operation, parameters, options.get("preset"), further_presets(options))
    return preview(read_spec(input_pattern, work, output_directory, options), MOST_PLANNED)


class _EnoughError(Exception):
    """A plan took longer than somebody wants to wait."""


@dataclass
class _Counting:
    """How far a plan is.

    Attributes
    ----------
    total : int
        Files found so far.
    is_enough : bool
        Whether nobody waits for more.
    """

    total: int = 0
    is_enough: bool = False

    def __call__(self, total: int) -> None:
        self.total = total
        if self.is_enough:
            raise _EnoughError


def preview(spec: JobSpec, most_files: int, limit_s: float | None = None) -> PreviewDocument:
    """Plan a job, tell the plan and forget it.

    Parameters
    ----------
    spec : JobSpec
        What is asked for.
    most_files : int
        How many files to tell of.
    limit_s : float, optional
        Seconds after which the plan is stopped, and what was found so far is told.

    Returns
    -------
    dict
        See `plan`.
    """
    counting = _Counting()
    if limit_s is None:
        return _look_ahead(spec, most_files, counting)
    ended: Queue[PreviewDocument | BaseException] = Queue()

    def plan() -> None:
        try:
            ended.put(_look_ahead(spec, most_files, counting))
        except BaseException as error:  # noqa: BLE001 - raised by whoever waits
            ended.put(error)

    # A thread of its own: where nothing matches for long, a plan does not notice that it was stopped.
    Thread(target=plan, name="dmedia preview", daemon=True).start()
    try:
        outcome = ended.get(timeout=limit_s)
    except Empty:
        counting.is_enough = True
        try:
            outcome = ended.get(timeout=STOPPING_S)
        except Empty:
            return {**_unfinished(counting.total), "files_shown": 0, "files": []}
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome


def _look_ahead(spec: JobSpec, most_files: int, counting: _Counting) -> PreviewDocument:
    from dmedia.planning import plan_job
    from dmedia.record.writer import RecordWriter

    with RecordWriter.create(spec, ephemeral=True) as record:
        try:
            document = plan_document(plan_job(record, counting))
        except _EnoughError:
            document = _unfinished(record.plan.total())
        files = [planned_file_document(file) for file in itertools.islice(record.files(), most_files)]
    return {**document, "files_shown": len(files), "files": files}


def _unfinished(total: int) -> PlanDocument:
    return {
        "planning": True,
        "total": total,
        "pending": total,
        "skipped": 0,
        "failed": 0,
        "bytes_in": None,
        "forecast_bytes": None,
        "free_bytes": None,
        "no_forecast": None,
        "ignored": {},
        "warnings": ["the plan was stopped while files were counted: up to date, collisions and space are not known"],
    }
