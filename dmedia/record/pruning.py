"""Forgetting old jobs: which records go, which stay and why."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from dmedia.errors import JobHeldError, RecordError, UnknownJobError
from dmedia.model import ENDED, JobState
from dmedia.record import home
from dmedia.record.lock import JobLock, is_held
from dmedia.record.reader import read_job

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dmedia.model import JobReport

REMOVED = ".removed-"
"""Begins the name that a folder has while it is removed: whoever is killed over it leaves it to the next pruning."""

BEING_MADE_S = 3600.0
"""Seconds that a folder without a name, or a mark without a folder, may belong to a job that is being created."""


class Reason(StrEnum):
    """Why a record stays."""

    YOUNG = "young"
    LAST = "last of its output directory"
    UNFINISHED = "unfinished"
    HELD = "held"
    DAMAGED = "damaged"
    REFUSED = "cannot be removed"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of one job's record.

    Attributes
    ----------
    job : str
        Its id.
    reason : Reason or None
        Why it stays; ``None`` when it goes.
    report : JobReport or None
        What it says; ``None`` where it cannot be read.
    size_bytes : int
        What its folder takes; 0 of one that stays.
    message : str
        More about a record that is damaged or cannot be removed.
    """

    job: str
    reason: Reason | None
    report: JobReport | None = None
    size_bytes: int = 0
    message: str = ""


def prune(older_s: float, *, dry_run: bool) -> Iterator[Verdict]:
    """Remove the records of jobs that ended long ago.

    The last job of an output directory stays, and the last one that knows renditions there: by them the next job tells
    what is up to date and what is somebody else's. What can be resumed stays, for its renditions may not be noted yet;
    and so does what cannot be read.

    Parameters
    ----------
    older_s : float
        Seconds since the end of a job, 0 or more.
    dry_run : bool
        Whether to tell only.

    Yields
    ------
    Verdict
        For each job, newest first, when it is carried out.

    Raises
    ------
    RecordError
        When it cannot be read which jobs wrote into which directory.
    """
    before = time.time() - older_s
    try:
        marks = _read_marks()
    except OSError as error:
        raise RecordError(f"The marks of output directories cannot be read: {error}", "Nothing was removed.") from error
    keepers = _Keepers()
    for job in list(home.job_ids()):
        verdict = _judge(job, keepers, marks.get(job, []), before)
        if verdict and verdict.reason is None:
            verdict = replace(verdict, size_bytes=_size_bytes(home.job_folder(job)))
            if not dry_run:
                verdict = _remove(verdict, marks.get(job, []), before)
        if verdict:
            yield verdict
    if not dry_run:
        _sweep(min(before, time.time() - BEING_MADE_S))


class _Keepers:
    """The output directories, by shard, of which a younger record stays. Jobs are to be shown to it newest first."""

    def __init__(self) -> None:
        self._ended: set[tuple[Path, str | None]] = set()
        self._knowing: set[tuple[Path, str | None]] = set()

    def needs(self, report: JobReport, places: list[Path]) -> bool:
        """Tell whether a job is the last of one of its places, or the last there that knows a rendition."""
        there = {mark.parent for mark in places} or {home.marks_folder(report.output_directory)}
        folders = {(folder, report.shard) for folder in there}  # what one shard's job knows, no other's does
        needed = not folders <= self._ended
        self._ended |= folders
        if report.completed or report.skipped:
            needed = needed or not folders <= self._knowing
            self._knowing |= folders
        return needed


def _judge(job: str, keepers: _Keepers, places: list[Path], before: float) -> Verdict | None:
    """Tell what should become of a record; ``None`` when it is not there any longer."""
    try:
        report = read_job(job)
    except UnknownJobError:
        return None
    except RecordError as error:
        return Verdict(job, Reason.DAMAGED, message=error.message) if home.job_folder(job).is_dir() else None
    if report.state not in ENDED:
        return Verdict(job, Reason.UNFINISHED if report.state is JobState.INTERRUPTED else Reason.HELD, report)
    needed = keepers.needs(report, places)
    if not _ended_before(report, before):
        return Verdict(job, Reason.YOUNG, report)
    return Verdict(job, Reason.LAST if needed else None, report)


def _ended_before(report: JobReport, before: float) -> bool:
    return report.state in ENDED and report.ended_at is not None and report.ended_at <= before


def _remove(verdict: Verdict, places: list[Path], before: float) -> Verdict:
    """Remove a record while nobody can take it: at once for readers, however long its files take."""
    folder = home.job_folder(verdict.job)
    hidden = folder.with_name(REMOVED + verdict.job)
    try:
        lock = JobLock(folder / home.LOCK_FILE)
        try:
            if not _ended_before(read_job(verdict.job), before):  # taken up and let go since we looked
                return replace(verdict, reason=Reason.UNFINISHED, size_bytes=0)
            os.rename(folder, hidden)
            for mark in places:
                mark.unlink(missing_ok=True)
            shutil.rmtree(hidden)
        finally:
            lock.release()
    except JobHeldError as error:
        return replace(verdict, reason=Reason.HELD, size_bytes=0, message=error.message)
    except (OSError, RecordError) as error:
        return replace(verdict, reason=Reason.REFUSED, size_bytes=0, message=str(error))
    return verdict


def _read_marks() -> dict[str, list[Path]]:
    """Find the marks of all jobs; a job has one, unless its output directory is reached by other links today."""
    found: dict[str, list[Path]] = {}
    with suppress(FileNotFoundError):
        for folder in (home.home() / "outputs").iterdir():
            for mark in folder.iterdir():
                found.setdefault(mark.name, []).append(mark)
    return found


def _sweep(before: float) -> None:
    """Remove what killed processes have left: folders that were being made or removed, and marks without a folder."""
    with suppress(OSError):
        for folder in list(home.jobs_folder().iterdir()):
            made = folder.name.startswith(".") and _made_before(folder.name[1:], before)
            if (made or folder.name.startswith(REMOVED)) and is_held(folder / home.LOCK_FILE) is False:
                shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):
        for job, places in _read_marks().items():
            if _made_before(job, before) and not home.job_folder(job).is_dir():
                for mark in places:
                    mark.unlink(missing_ok=True)


def _made_before(name: str, before: float) -> bool:
    match = home.JOB_ID.fullmatch(name)
    return match is not None and int(match[1]) < before


def _size_bytes(folder: Path) -> int:
    total = 0
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            total += entry.stat(follow_symlinks=False).st_size
    return total
