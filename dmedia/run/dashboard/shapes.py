"""The shapes of what is told of jobs: the event that a launcher sends, and the document of ``/dmedia.json``.

Programs rely on the document: keys are added, and none changes. Rates are those of the last seconds
(`rates.RATE_S`), times are ISO 8601 in UTC. Nothing at run time but a check of these shapes needs this module.
"""

from __future__ import annotations

from typing_extensions import TypedDict  # see `dmedia.report.shapes`

from dmedia.report.shapes import JobDocument


class FailureTold(TypedDict):
    """A file that failed: its source, the error's code and sentence, the worker, and seconds since the epoch."""

    path: str
    code: str
    error: str
    worker: str
    at_s: float


class WorkerTold(TypedDict):
    """What a job has of one worker: files a second, files being worked on, the one begun first, and when it was."""

    files_per_s: float
    processing: int
    path: str | None
    since_s: float | None


class RatesTold(TypedDict):
    """A job's rates in the last seconds; ``None`` until there are two looks to compare."""

    files_per_s: float | None
    bytes_in_per_s: float | None
    bytes_out_per_s: float | None


class JobTold(TypedDict):
    """The event: one job at one moment, as its launcher sees it."""

    version: int
    launcher: str  # the id of its Dask client: when that has left, nobody works on the job
    begun: JobDocument  # as it was when the launcher connected: what was done before was not done here
    job: JobDocument
    rates: RatesTold
    workers: dict[str, WorkerTold]  # by address, those that do something
    failures: list[FailureTold]  # the latest, newest first


class JobShown(JobDocument):
    """A job on the board: what ``dmedia status JOB --json`` tells, then what its launcher knows of the last seconds.

    Rates are 0 when nobody works on it.
    """

    files_per_s_now: float | None
    bytes_in_per_s: float | None
    bytes_out_per_s: float | None
    heard_at: str  # when its launcher last told


class FileAtWork(TypedDict):
    """A file that a worker has been working on since a moment; of several of one job, the one begun first."""

    job: str
    path: str
    since: str


class WorkerShown(TypedDict):
    """A worker of the scheduler."""

    address: str
    name: str
    threads: int
    files_per_s: float  # of all jobs together
    processing: int  # files being worked on
    files: list[FileAtWork]  # one for each job


class FailureShown(TypedDict):
    """A file that failed."""

    job: str
    path: str
    code: str
    error: str
    worker: str
    at: str


class TotalsShown(TypedDict):
    """What was done since the page was put on the scheduler; these only grow."""

    files: dict[str, dict[str, int]]  # by operation, then by outcome: completed, failed, cancelled
    failures: dict[str, int]  # by error code
    bytes_read: int
    bytes_written: int


class BoardDocument(TypedDict):
    """``/dmedia.json``."""

    version: int
    at: str
    jobs: list[JobShown]  # those at work first, then the newest first
    workers: list[WorkerShown]
    failures: list[FailureShown]  # newest first
    totals: TotalsShown
