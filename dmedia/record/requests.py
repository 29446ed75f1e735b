"""What other processes ask of a job's launcher. Each request is an empty file: no second process writes a database."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from dmedia.errors import UsageError
from dmedia.model import ENDED, JobState
from dmedia.record import home
from dmedia.record.reader import read_job

if TYPE_CHECKING:
    from pathlib import Path

KINDS = ("cancel", "pause")
"""What can be asked."""


def request(job: str, kind: str) -> None:
    """Ask a job's launcher for something; it looks every half second.

    Parameters
    ----------
    job : str
        The job's id.
    kind : str
        ``cancel`` or ``pause``.

    Raises
    ------
    UnknownJobError, DamagedRecordError
        See `read_job`.
    UsageError
        When nobody works on the job.
    """
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is no request; there are {', '.join(KINDS)}")
    state = read_job(job).state
    if state in ENDED or state is JobState.INTERRUPTED:
        raise UsageError(f"The job {job} is not running, it is {state}: there is nothing to {kind}")
    (home.job_folder(job) / kind).touch()


def withdraw(job: str, kind: str) -> bool:
    """Take a request back.

    Parameters
    ----------
    job, kind : str
        See `request`.

    Returns
    -------
    bool
        Whether it had been asked for, of a launcher that is there.
    """
    asked = kind in requests_in(home.job_folder(job))
    _remove(home.job_folder(job), kind)
    return asked and read_job(job).state not in ENDED | {JobState.INTERRUPTED}


def requests_in(folder: Path) -> frozenset[str]:
    """Tell what is asked of the job that has this folder."""
    return frozenset(kind for kind in KINDS if (folder / kind).exists())


def dated_requests(folder: Path) -> frozenset[tuple[str, int]]:
    """Tell what is asked of the job that has this folder, and when: nanoseconds since 1970."""
    found = set()
    for kind in KINDS:
        with suppress(FileNotFoundError):
            found.add((kind, (folder / kind).stat().st_mtime_ns))
    return frozenset(found)


def forget_requests(folder: Path, dated: frozenset[tuple[str, int]] | None = None) -> None:
    """Take back what was asked of the job that has this folder.

    Parameters
    ----------
    folder : Path
        The job's.
    dated : frozenset of (str, int), optional
        Only these: what has been asked again since stays. Otherwise all.
    """
    chosen = KINDS if dated is None else [kind for kind, _ in dated & dated_requests(folder)]
    _remove(folder, *chosen)


def _remove(folder: Path, *kinds: str) -> None:
    for kind in kinds:
        (folder / kind).unlink(missing_ok=True)
