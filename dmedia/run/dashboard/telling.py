"""The parts of what a launcher tells: workers, and the end of a job before its record has it."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from dmedia.model import ENDED, JobState
from dmedia.record.life import choose_end
from dmedia.record.schema import CANCELLED, COMPLETED, FAILED, SKIPPED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dmedia.model import JobReport, Running
    from dmedia.run.dashboard.shapes import WorkerTold

MOST_WORKERS_TOLD = 512
"""Workers in a message, those with the most to tell: about 50 kB."""


def first_begun(running: Sequence[Running]) -> dict[str, Running]:
    """Choose for each worker what it has been working on for the longest time, for as many as are told of."""
    firsts: dict[str, Running] = {}
    for entry in running:
        known = firsts.get(entry.worker)
        if known is None and len(firsts) >= MOST_WORKERS_TOLD:
            continue
        if known is None or entry.started_at < known.started_at:
            firsts[entry.worker] = entry
    return firsts


def tell_workers(
    running: Sequence[Running], firsts: dict[str, Running], files_per_s: dict[str, float], paths: dict[int, str]
) -> dict[str, WorkerTold]:
    """Tell what each worker does that does something.

    Parameters
    ----------
    running : sequence of Running
        All that is being worked on.
    firsts : dict of str to Running
        Of each worker, what it began first.
    files_per_s : dict of str to float
        By worker.
    paths : dict of int to str
        Sources by the number of their task.

    Returns
    -------
    dict
        By the worker's address.
    """
    processing = Counter(entry.worker for entry in running)
    told: dict[str, WorkerTold] = {}
    for worker in [*firsts, *(name for name in files_per_s if name not in firsts)][:MOST_WORKERS_TOLD]:
        first = firsts.get(worker)
        told[worker] = {
            "files_per_s": files_per_s.get(worker, 0.0),
            "processing": processing[worker],
            "path": paths.get(first.number) if first else None,
            "since_s": first.started_at if first else None,
        }
    return told


def as_it_ends(report: JobReport, *, cancelled: bool) -> JobReport:
    """Tell how a job stands when its launcher leaves: its record says so a moment later, when there is no connection.

    Parameters
    ----------
    report : JobReport
        At the end of the work.
    cancelled : bool
        Whether it was cancelled.

    Returns
    -------
    JobReport
        Ended, or interrupted.
    """
    if report.state in ENDED:
        return report
    if cancelled:
        left = report.pending + report.processing
        report = replace(report, cancelled=report.cancelled + left)
    elif report.done < report.total:
        return replace(report, state=JobState.INTERRUPTED, processing=0, eta_s=None)
    counted = {
        COMPLETED: report.completed,
        FAILED: report.failed,
        SKIPPED: report.skipped,
        CANCELLED: report.cancelled,
    }
    state = choose_end(Counter(counted), JobState.CANCELLED if cancelled else None)
    return replace(report, state=state, ended_at=time.time(), processing=0, eta_s=None)
