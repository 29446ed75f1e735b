"""What any process can know about jobs at any time, while they run too. Nothing here writes a record's database."""

from __future__ import annotations

import json
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from dmedia.errors import RecordError, UnknownJobError
from dmedia.model import ENDED, JobReport, JobState
from dmedia.record import documents, home
from dmedia.record.lock import STALE_S, host, is_held
from dmedia.record.rows import WARNED, read_rows
from dmedia.record.schema import PENDING, decoded, notes_place, open_for_reading, translated

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

    from dmedia.model import FileReport, FileStatus, Inputs, NotedPlace

JOB = """
SELECT id, created_at, operation, preset, given, output_directory, base, ignored,
  json_extract(request, '$.inputs.shard'), json_extract(request, '$.rendition'), json_extract(request, '$.also')
FROM job
"""

STATE = f"""
SELECT *,
  (SELECT COUNT(*) FROM running n CROSS JOIN file f ON f.number = n.number AND f.status = {PENDING}) AS processing
FROM state
"""  # noqa: S608  # our own words


def read_job(job: str) -> JobReport:
    """Tell where a job stands.

    Parameters
    ----------
    job : str
        Its id.

    Returns
    -------
    JobReport
        Of one moment. A job whose launcher is gone is ``INTERRUPTED``: on this host its lock tells, on another one a
        heartbeat older than 10 s.

    Raises
    ------
    UnknownJobError
        When there is no such job.
    DamagedRecordError
        When its record cannot be read; the message names the file.
    """
    with _opened(job) as connection:
        return _read(connection, home.record_path(job))


def read_files(job: str, statuses: Collection[FileStatus] | None = None) -> Iterator[FileReport]:
    """Read a job's files in the order of their numbers.

    Parameters
    ----------
    job : str
        Its id.
    statuses : collection of FileStatus or None
        Which; ``None`` for all. Failed files are found without looking at the others.

    Yields
    ------
    FileReport
        Page by page, each as it stands when its page is read.

    Raises
    ------
    UnknownJobError, DamagedRecordError
        See `read_job`.
    """
    with _opened(job) as connection:
        active = _read(connection, home.record_path(job)).state in {JobState.RUNNING, JobState.PAUSED}
        yield from read_rows(connection, statuses, active=active)


def read_warned(job: str) -> Iterator[FileReport]:
    """Read the files of a job that were completed with warnings. See `read_files`."""
    with _opened(job) as connection:
        yield from read_rows(connection, None, where=WARNED)


def read_inputs(job: str) -> Inputs:
    """Read what a job was asked to work on.

    Parameters
    ----------
    job : str
        Its id.

    Returns
    -------
    Inputs
        As it was asked: files, directories and globs, before anybody looks what there is.

    Raises
    ------
    UnknownJobError, DamagedRecordError
        See `read_job`.
    """
    with _opened(job) as connection:
        ((request,),) = connection.execute("SELECT request FROM job")
        return documents.read_inputs(request)


def read_noted_place(job: str) -> NotedPlace | None:
    """Read which cluster a job was last taken to; ``None`` where it was none, or nobody has noted it.

    Raises
    ------
    UnknownJobError, DamagedRecordError
        See `read_job`.
    """
    with _opened(job) as connection:
        if not notes_place(connection):
            return None
        ((text,),) = connection.execute("SELECT place FROM state")
        return documents.read_place(text)


def list_jobs(
    recent: int = 20, wanted: Callable[[JobReport], bool] = lambda _: True
) -> tuple[list[JobReport], tuple[str, ...]]:
    """List all jobs that somebody works on and the newest of the others, newest first.

    Parameters
    ----------
    recent : int
        How many of the others: ended and interrupted ones.
    wanted : callable, optional
        Tells whether a job is to be listed at all.

    Returns
    -------
    tuple of (list of JobReport, tuple of str)
        The jobs, and a warning for each record that cannot be read: it does not hide the others.
    """
    listed: list[JobReport] = []
    others = 0
    warnings: list[str] = []
    for job in home.job_ids():
        if others >= recent and (home.job_folder(job) / home.ENDED_FILE).exists():
            continue
        try:
            report = read_job(job)
        except RecordError as error:
            if home.job_folder(job).is_dir():  # otherwise it was removed since the folder was listed
                warnings.append(error.message)
            continue
        over = report.state in ENDED or report.state is JobState.INTERRUPTED
        if (over and others >= recent) or not wanted(report):
            continue
        others += over
        listed.append(report)
    return listed, tuple(warnings)


@contextmanager
def _opened(job: str) -> Iterator[sqlite3.Connection]:
    path = home.record_path(job)
    if not home.JOB_ID.fullmatch(job) or not path.parent.is_dir():
        raise UnknownJobError(f"No job {job!r}", "`dmedia status` lists the jobs.")
    with translated(path), decoded(path), closing(open_for_reading(path)) as connection:
        yield connection


def _read(connection: sqlite3.Connection, path: Path) -> JobReport:
    state = _state(connection)
    seen = _seen_state(state, path)
    if seen is JobState.INTERRUPTED:
        # A launcher that ended after our first look has let its lock go: only a second look tells that from a death.
        state = _state(connection)
        seen = _seen_state(state, path)
    job = connection.execute(JOB).fetchone()
    warnings = tuple(text for (text,) in connection.execute("SELECT text FROM warning ORDER BY rowid"))
    return _report(job, state, seen, warnings)


def _state(connection: sqlite3.Connection) -> dict[str, Any]:
    cursor = connection.execute(STATE)
    names = [column[0] for column in cursor.description]
    return dict(zip(names, cursor.fetchone(), strict=True))


def _seen_state(state: dict[str, Any], path: Path) -> JobState:
    stored = JobState(state["state"])
    if stored in ENDED:
        return stored
    age = time.time() - state["heartbeat"]
    if not state["host"]:  # let go: a new job, which nobody has planned, waits for its launcher for a moment
        is_new = stored is JobState.QUEUED and state["planning"] and age < STALE_S
        return stored if is_new else JobState.INTERRUPTED
    held = is_held(path.with_name(home.LOCK_FILE)) if state["host"] == host() else None
    if held is None:
        return stored if age < STALE_S else JobState.INTERRUPTED
    return stored if held else JobState.INTERRUPTED


def _report(job: tuple[Any, ...], state: dict[str, Any], seen: JobState, warnings: tuple[str, ...]) -> JobReport:
    identity, created_at, operation, preset, given, output_directory, base, ignored, shard, first, also = job
    elapsed_s, files_per_s = _pace(state, seen)
    left = state["total"] - sum(state[name] for name in ("completed", "failed", "skipped", "cancelled"))
    return JobReport(
        id=identity,
        operation=operation,
        state=seen,
        planning=bool(state["planning"]),
        processing=state["processing"] if seen in {JobState.RUNNING, JobState.PAUSED} else 0,
        created_at=created_at,
        elapsed_s=elapsed_s,
        files_per_s=files_per_s,
        eta_s=left / files_per_s if files_per_s and seen is JobState.RUNNING else None,
        output_directory=output_directory,
        base=base,
        parameters=json.loads(given),
        preset=preset,
        errors=json.loads(state["errors"]),
        ignored=json.loads(ignored),
        warnings=warnings,
        shard=shard,
        renditions=_renditions((first or "", preset or "", operation, json.loads(given)), json.loads(also or "[]")),
        gps_removed=state.get("gps_removed", 0),  # older records do not count them
        **{name: state[name] for name in ("total", "completed", "failed", "skipped", "cancelled", "warned")},
        **{name: state[name] for name in ("started_at", "ended_at", "bytes_in", "bytes_out", "scheduler", "dashboard")},
    )


def _renditions(first: tuple[Any, ...], also: list[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    """List how each rendition of a source is made; nothing where it is one."""
    if not also:
        return ()
    names = ("name", "preset", "operation", "parameters")
    others = ((one["name"], one["preset"], one["operation"], one["given"]) for one in also)
    return tuple(dict(zip(names, one, strict=True)) for one in (first, *others))


def _pace(state: dict[str, Any], seen: JobState) -> tuple[float, float | None]:
    """Tell the time worked on a job in seconds, and files a second since its present or last launcher started."""
    until = state["ended_at"] or (state["heartbeat"] if seen is JobState.INTERRUPTED else time.time())
    elapsed_s = state["worked_s"] if state["ended_at"] else state["worked_s"] + max(0.0, until - state["taken_at"])
    if state["run_started_at"] is None or until <= state["run_started_at"]:
        return elapsed_s, None
    done = state["completed"] + state["failed"] - state["run_done"]
    return elapsed_s, done / (until - state["run_started_at"]) if done > 0 else None
