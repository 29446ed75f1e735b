"""The board: what the scheduler remembers of jobs, in bounded memory. It knows no Dask: launchers tell it."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

from dmedia.run.dashboard.history import History

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dmedia.run.dashboard.shapes import JobTold, RatesTold

VERSION = 1
"""Of the events that launchers send, and of ``/dmedia.json``."""

MOST_JOBS = 20
"""Jobs that are remembered; while more than these are not ended, up to `MOST_ACTIVE`."""

MOST_ACTIVE = 40
"""Jobs at once beyond which the one that was heard of longest ago is forgotten."""

MOST_FAILURES = 10
"""Latest failures that are remembered of a job."""

MOST_WORDS = 64
"""Operations, and error codes, that are counted by name; whatever comes beyond is ``other``."""

ENDED = frozenset({"completed", "failed", "cancelled"})
"""States of a job that nobody works on; see `dmedia.model.JobState`."""

NEEDED = frozenset(
    {"id", "operation", "preset", "status", "planning", "progress", "duration", "created_at", "eta_s", "errors"}
    | {"total", "completed", "failed", "skipped", "cancelled", "processing", "pending", "bytes_in", "bytes_out"}
    | {"output_directory", "warnings"}
)
"""Keys of a job's document that the page shows."""

IDLE: RatesTold = {"files_per_s": 0.0, "bytes_in_per_s": 0.0, "bytes_out_per_s": 0.0}
"""Rates of a job that nobody works on."""

COUNTED = ("completed", "failed", "cancelled")
"""Outcomes of files that were worked on here; what is up to date was not."""


class JobOnBoard:
    """One job as it was last told of.

    Parameters
    ----------
    told : dict
        See `shapes.JobTold`.
    at_s : float
        Seconds since the epoch.

    Attributes
    ----------
    told : dict
        The newest.
    heard_s : float
        When it came, in seconds since the epoch.
    history : History
        Its rates over time.
    """

    def __init__(self, told: JobTold, at_s: float) -> None:
        self.told = told
        self.heard_s = at_s
        self.history = History()

    @property
    def document(self) -> Mapping[str, Any]:
        """The job's status document."""
        return self.told["job"]

    @property
    def ended(self) -> bool:
        """Whether it has ended."""
        return self.document["status"] in ENDED

    @property
    def active(self) -> bool:
        """Whether a launcher works on it, or waits to."""
        return not self.ended and self.document["status"] != "interrupted"

    @property
    def rates(self) -> RatesTold:
        """Its rates now: a launcher's last word tells of the seconds before."""
        return self.told["rates"] if self.active else IDLE


class Totals:
    """What was done since the board was made; each number only grows."""

    def __init__(self) -> None:
        self.files: Counter[tuple[str, str]] = Counter()
        self.failures: Counter[str] = Counter()
        self.bytes_read = self.bytes_written = 0

    def add(self, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
        """Count what was done between two documents of a job; a retry, which takes files back, counts nothing."""
        operation = _known(now["operation"], {name for name, _ in self.files})
        for outcome in COUNTED:
            if (more := now[outcome] - before[outcome]) > 0:
                self.files[operation, outcome] += more
        for code, count in now["errors"].items():
            if (more := count - before["errors"].get(code, 0)) > 0:
                self.failures[_known(code, self.failures)] += more
        self.bytes_read += max(0, now["bytes_in"] - before["bytes_in"])
        self.bytes_written += max(0, now["bytes_out"] - before["bytes_out"])


class Board:
    """The last jobs, and what was done in all. One thread tells it, others may read it."""

    def __init__(self) -> None:
        self._jobs: dict[str, JobOnBoard] = {}
        self._lock = threading.Lock()
        self.totals = Totals()

    def hear(self, told: JobTold, at_s: float) -> None:
        """Take what a launcher told.

        Parameters
        ----------
        told : dict
            See `shapes.JobTold`.
        at_s : float
            Seconds since the epoch.

        Raises
        ------
        ValueError
            When something is missing that the page shows.
        """
        document = told["job"]
        if missing := NEEDED - document.keys():
            raise ValueError(f"a launcher of another version told of a job without {', '.join(sorted(missing))}")
        with self._lock:
            job = self._jobs.get(document["id"]) or JobOnBoard(told, at_s)
            heard_before = job.told is not told and job.told["launcher"] == told["launcher"]
            self.totals.add(job.document if heard_before else told["begun"], document)
            job.told, job.heard_s = told, at_s
            self._jobs[document["id"]] = job
            job.history.add(at_s, told["rates"], document["eta_s"])
            self._forget()

    def launcher_left(self, launcher: str) -> None:
        """Show the jobs of a launcher that has gone without ending them as interrupted."""
        with self._lock:
            for job in self._jobs.values():
                if job.told["launcher"] == launcher and job.active:
                    changed = {"status": "interrupted", "processing": 0, "eta_s": None}
                    changed["pending"] = job.document["pending"] + job.document["processing"]
                    job.told = {**job.told, "job": {**job.document, **changed}, "workers": {}}  # type: ignore[typeddict-item]

    def jobs(self) -> list[JobOnBoard]:
        """Tell the jobs: those that are worked on first, then the newest first."""
        with self._lock:
            jobs = list(self._jobs.values())
        return sorted(jobs, key=lambda job: (job.active, job.document["created_at"]), reverse=True)

    def shown(self) -> list[JobOnBoard]:
        """Choose the jobs that tiles and charts tell of: all at work, or the one that was at work last."""
        jobs = self.jobs()
        return [job for job in jobs if job.active] or sorted(jobs, key=lambda job: job.heard_s)[-1:]

    def _forget(self) -> None:
        while len(self._jobs) > MOST_JOBS:
            idle = [name for name, job in self._jobs.items() if not job.active]
            if not idle and len(self._jobs) <= MOST_ACTIVE:
                return
            del self._jobs[min(idle or self._jobs, key=lambda name: self._jobs[name].heard_s)]


def _known(word: str, known: Iterable[str]) -> str:
    """Keep the number of words that are counted by name bounded, whoever sends them."""
    words = set(known)
    return word if word in words or len(words) < MOST_WORDS else "other"
