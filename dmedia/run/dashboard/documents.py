"""What ``/dmedia.json`` answers, made of the board and of the workers that the scheduler has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dmedia.run.dashboard.board import VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dmedia.run.dashboard.board import Board, JobOnBoard, Totals
    from dmedia.run.dashboard.shapes import BoardDocument, FailureShown, FileAtWork, JobShown, TotalsShown, WorkerShown

MOST_FAILURES_SHOWN = 20
"""Latest failures of all jobs together."""


@dataclass(frozen=True, slots=True)
class WorkerOnBoard:
    """A worker that the scheduler has.

    Attributes
    ----------
    address, name : str
        As Dask has them.
    threads : int
        At least 1.
    """

    address: str
    name: str
    threads: int


def board_document(board: Board, workers: Sequence[WorkerOnBoard], at_s: float) -> BoardDocument:
    """Make the document of all that is known.

    Parameters
    ----------
    board : Board
        The jobs.
    workers : sequence of WorkerOnBoard
        Those of the scheduler.
    at_s : float
        Seconds since the epoch.

    Returns
    -------
    dict
        See `shapes.BoardDocument`.
    """
    jobs = board.jobs()
    return {
        "version": VERSION,
        "at": moment(at_s),
        "jobs": [_job(job) for job in jobs],
        "workers": workers_shown(jobs, workers),
        "failures": failures_shown(jobs),
        "totals": _totals(board.totals),
    }


def workers_shown(jobs: Sequence[JobOnBoard], workers: Sequence[WorkerOnBoard]) -> list[WorkerShown]:
    """Tell what each worker does, for all jobs together, in the order given."""
    active = [job for job in jobs if job.active]
    shown: list[WorkerShown] = []
    for worker in workers:
        told = [(job, job.told["workers"][worker.address]) for job in active if worker.address in job.told["workers"]]
        files: list[FileAtWork] = [
            {"job": job.document["id"], "path": entry["path"], "since": moment(entry["since_s"] or job.heard_s)}
            for job, entry in told
            if entry["path"] is not None
        ]
        shown.append(
            {
                "address": worker.address,
                "name": worker.name,
                "threads": worker.threads,
                "files_per_s": round(sum(entry["files_per_s"] for _, entry in told), 3),
                "processing": sum(entry["processing"] for _, entry in told),
                "files": files,
            }
        )
    return shown


def failures_shown(jobs: Sequence[JobOnBoard]) -> list[FailureShown]:
    """Tell the latest failures of all jobs, newest first."""
    told = [(entry["at_s"], job.document["id"], entry) for job in jobs for entry in job.told["failures"]]
    newest = sorted(told, key=lambda one: one[0], reverse=True)[:MOST_FAILURES_SHOWN]
    return [
        {
            "job": job,
            "path": entry["path"],
            "code": entry["code"],
            "error": entry["error"],
            "worker": entry["worker"],
            "at": moment(at_s),
        }
        for at_s, job, entry in newest
    ]


def moment(seconds: float) -> str:
    """Write a moment as ISO 8601 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _job(job: JobOnBoard) -> JobShown:
    rates = job.rates
    return {
        **job.told["job"],
        "files_per_s_now": rates["files_per_s"],
        "bytes_in_per_s": rates["bytes_in_per_s"],
        "bytes_out_per_s": rates["bytes_out_per_s"],
        "heard_at": moment(job.heard_s),
    }


def _totals(totals: Totals) -> TotalsShown:
    files: dict[str, dict[str, int]] = {}
    for (operation, outcome), count in sorted(totals.files.items()):
        files.setdefault(operation, {})[outcome] = count
    return {
        "files": files,
        "failures": dict(sorted(totals.failures.items())),
        "bytes_read": totals.bytes_read,
        "bytes_written": totals.bytes_written,
    }
