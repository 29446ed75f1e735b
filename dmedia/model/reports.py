"""A job and its files as a reader of the record sees them at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dmedia.model.states import ENDED, JobState

if TYPE_CHECKING:
    from dmedia.model.result import Failure, Output
    from dmedia.model.states import FileStatus


@dataclass(frozen=True, slots=True)
class FileReport:
    """One file of a job as a reader of the record sees it. See `FileResult` and `Failure` for the fields."""

    number: int
    source: bytes
    status: FileStatus
    rendition: bytes
    failure: Failure | None = None
    attempts: int = 0
    seconds: float | None = None
    worker: str = ""
    decoder: str = ""
    bytes_in: int = 0
    outputs: tuple[Output, ...] = ()
    warnings: tuple[str, ...] = ()
    gps_removed: bool = False
    also: tuple[bytes, ...] = ()
    """Of a planned file, where its further renditions would go."""


@dataclass(frozen=True, slots=True)
class JobReport:
    """A job as a reader of its record sees it at one moment.

    Attributes
    ----------
    id, operation : str
        The job's id, ``batch-<unix seconds>-<6 of 0-9a-z>``, and what it does.
    state : JobState
        As stored, or ``INTERRUPTED`` when its launcher is gone.
    planning : bool
        Whether sources are still being counted; ``total`` is then what was found so far.
    total, completed, failed, skipped, cancelled, processing : int
        Files; what is in none of the last five is pending.
    warned : int
        Completed files of which something must be told.
    created_at, started_at, ended_at : float or None
        Seconds since the epoch.
    elapsed_s : float
        Time worked on the job: until now, until it ended, or up to the last heartbeat of an interrupted job.
    bytes_in, bytes_out : int
        Bytes read and written by completed files.
    files_per_s, eta_s : float or None
        Rate since the start, and seconds left at that rate; ``None`` where unknown.
    output_directory, base : bytes
        Where renditions go, and the directory whose tree is mirrored; empty where inputs lie in several places.
    parameters : dict
        Those that differ from the defaults.
    preset : str or None
        Where the parameters came from.
    errors : dict of str to int
        Failed files by error code.
    ignored : dict of str to int
        Files in walked directories that the operation does not take, by extension.
    warnings : tuple of str
        What concerns the job as a whole.
    scheduler, dashboard : str or None
        Addresses.
    shard : str or None
        Which part of the sources it is about, ``K/N``; ``None``: all.
    renditions : tuple of dict
        ``name``, ``preset``, ``operation`` and ``parameters`` of each rendition, where a source has several.
    gps_removed : int
        Completed files that state where they were taken, and whose renditions do not.
    """

    id: str
    operation: str
    state: JobState
    planning: bool
    total: int
    completed: int
    failed: int
    skipped: int
    cancelled: int
    processing: int
    warned: int
    created_at: float
    started_at: float | None
    ended_at: float | None
    elapsed_s: float
    bytes_in: int
    bytes_out: int
    files_per_s: float | None
    eta_s: float | None
    output_directory: bytes
    base: bytes
    parameters: dict[str, object]
    preset: str | None
    errors: dict[str, int]
    ignored: dict[str, int]
    warnings: tuple[str, ...]
    scheduler: str | None
    dashboard: str | None
    shard: str | None = None
    gps_removed: int = 0
    renditions: tuple[dict[str, Any], ...] = ()

    @property
    def done(self) -> int:
        """Files whose outcome is known."""
        return self.completed + self.failed + self.skipped + self.cancelled

    @property
    def pending(self) -> int:
        """Files that nobody works on yet."""
        return self.total - self.done - self.processing

    @property
    def progress(self) -> int:
        """Percent, rounded down: 100 only when the job has ended."""
        if self.state in ENDED:
            return 100
        return min(99, 100 * self.done // self.total) if self.total and not self.planning else 0
