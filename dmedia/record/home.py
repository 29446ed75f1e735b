"""Where records lie: folders, job ids and the marks that find the jobs of an output directory."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from dmedia.errors import UnknownJobError
from dmedia.storage.locations import is_url
from dmedia.words import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
JOB_ID = re.compile(r"batch-(\d+)-([0-9a-z]{6})")

RECORD_FILE = "record.db"
LOCK_FILE = "launcher.lock"
ENDED_FILE = "ended"

SHOWN = 5
"""How many jobs a message names."""


def home() -> Path:
    """Tell the folder of all records.

    Returns
    -------
    Path
        ``$DMEDIA_HOME``, else the platform's user state directory. It need not exist yet.
    """
    chosen = os.environ.get("DMEDIA_HOME")
    if chosen:
        return Path(chosen).expanduser().absolute()
    import platformdirs

    return platformdirs.user_state_path("dmedia")


def jobs_folder() -> Path:
    """Tell the folder that holds one folder a job. It need not exist."""
    return home() / "jobs"


def job_folder(job: str) -> Path:
    """Tell the folder of a job's record. It need not exist."""
    return jobs_folder() / job


def record_path(job: str) -> Path:
    """Tell the database of a job's record. It need not exist."""
    return job_folder(job) / RECORD_FILE


def new_job_id() -> str:
    """Make a job id that no other job is likely to have, and that sorts by time.

    Returns
    -------
    str
        ``batch-<unix seconds>-<6 of 0-9a-z>``. The first three of the six count 1/46656 of the second, so that jobs
        of one second still sort by age; the last three are random.
    """
    now_ns = time.time_ns()
    seconds, rest_ns = divmod(now_ns, 10**9)
    suffix = _base36(rest_ns * 36**3 // 10**9) + _base36(secrets.randbelow(36**3))
    return f"batch-{seconds}-{suffix}"


def _base36(number: int) -> str:
    return DIGITS[number // 1296] + DIGITS[number // 36 % 36] + DIGITS[number % 36]


def job_ids() -> Iterator[str]:
    """List all jobs, newest first, without opening a record."""
    yield from _newest_first(jobs_folder())


def jobs_of(output_directory: bytes) -> list[str]:
    """List the jobs that wrote into a directory, newest first, without opening a record.

    Parameters
    ----------
    output_directory : bytes
        Its path, whose links are followed, or its URL. It need not exist.
    """
    marks = marks_folder(output_directory)
    return [job for job in _newest_first(marks) if job_folder(job).is_dir()]


def marks_folder(output_directory: bytes) -> Path:
    """Tell where the jobs of an output directory are marked: below the SHA-256 of its real path, or of its URL."""
    real = output_directory if is_url(output_directory) else os.path.realpath(output_directory)
    return home() / "outputs" / hashlib.sha256(real).hexdigest()


def find_job(text: str) -> str:
    """Find the job a person means.

    Parameters
    ----------
    text : str
        An id, the beginning of one (``batch-`` may be left out), or ``last``.

    Returns
    -------
    str
        The job's id.

    Raises
    ------
    UnknownJobError
        When there is none (the nearest is named) or more than one (they are named).
    """
    known = list(job_ids())
    if text == "last" and known:
        return known[0]
    if text in known:
        return text
    found = [job for job in known if text and job.startswith((text, "batch-" + text))]
    if len(found) == 1:
        return found[0]
    if found:
        named = ", ".join(found[:SHOWN]) + (f" and {len(found) - SHOWN} more" if len(found) > SHOWN else "")
        raise UnknownJobError(f"{text!r} is the beginning of {len(found)} jobs: {named}", "Type more of the id.")
    if not known:
        raise UnknownJobError(f"No job {text!r}: there is no job in {home()} yet")
    raise UnknownJobError(f"No job {text!r}: {_nearest_job(text, known)}", "`dmedia status` lists the jobs.")


def _nearest_job(text: str, known: list[str]) -> str:
    guess = nearest(text, known)
    return guess if guess.startswith("did you mean") else f"the newest is {known[0]}"


def _newest_first(folder: Path) -> list[str]:
    with suppress(FileNotFoundError, NotADirectoryError):
        found = [match for name in os.listdir(folder) if (match := JOB_ID.fullmatch(name))]
        found.sort(key=lambda match: (int(match[1]), match[2]), reverse=True)
        return [match[0] for match in found]
    return []
