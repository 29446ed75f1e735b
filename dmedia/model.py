"""Frozen records that cross a wire or a disk.

Everything here is plain data: it pickles small, and no codec, Dask type, open handle or exception is part of
it. Paths are bytes, because file names need not be UTF-8. Times are seconds since the epoch unless they end
in ``_ns``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dmedia.errors import ErrorCode, Stage
    from dmedia.operations.parameters import Parameters


class FileStatus(StrEnum):
    """Where one file of a job stands."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


class JobState(StrEnum):
    """Where a job stands. ``INTERRUPTED`` is never stored: readers see it when the launcher is gone."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


ENDED = frozenset({JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED})


class Standing(StrEnum):
    """What stood at a rendition's path when the job was planned."""

    NOTHING = "nothing"
    OURS = "ours"
    FOREIGN = "foreign"


class OnCollision(StrEnum):
    """What to do when two tasks would write the same rendition."""

    ERROR = "error"
    KEEP_EXT = "keep-ext"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may cost. Checked from the header, before anything is decoded.

    Attributes
    ----------
    max_page_pixels : int
        Width x height of one page or frame. Default 268,402,689, sharp's ``limitInputPixels``
        (0x3FFF squared).
    max_file_pixels : int
        Pixels of all pages or frames that are decoded.
    max_frames : int
        Frames read of an animated picture.
    max_image_bytes, max_film_bytes : int
        Size of the source in bytes.
    image_slot_bytes, film_slot_bytes : int
        Resident memory of a slot in bytes, while it works on a picture or on a film.
    timeout_s : float or None
        Deadline of one file in seconds; ``None`` takes it from the file's size (pictures: the greater of 30 s
        and 1 s a megapixel; films: the greater of 120 s and 10 x the duration).
    """

    max_page_pixels: int = 0x3FFF * 0x3FFF
    max_file_pixels: int = 800_000_000
    max_frames: int = 300
    max_image_bytes: int = 512 * 2**20
    max_film_bytes: int = 50 * 2**30
    image_slot_bytes: int = 2**30
    film_slot_bytes: int = 2 * 2**30
    timeout_s: float | None = None


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a job reads.

    Attributes
    ----------
    paths : tuple of bytes
        Files, directories and globs as they were given.
    listing : bytes or None
        A file that lists sources (``--files-from``), ``b"-"`` for standard input.
    null_separated : bool
        Whether the listing is separated by NUL bytes instead of newlines.
    recursive : bool
        Whether directories are walked into.
    include, exclude : tuple of str
        Globs over the path below its input; what matches no ``include`` or any ``exclude`` is left out.
    limit : int or None
        Take at most this many sources.
    """

    paths: tuple[bytes, ...] = ()
    listing: bytes | None = None
    null_separated: bool = False
    recursive: bool = False
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Policies:
    """What a job does where there is a choice.

    Attributes
    ----------
    overwrite : bool
        Whether a foreign file at a rendition's path may be replaced.
    on_collision : OnCollision
        What happens when two renditions have one path.
    portable_names : bool
        Whether names that differ only in case or Unicode form collide, whatever the file system says.
    name_template : str
        Where a rendition goes below the output directory.
    """

    overwrite: bool = False
    on_collision: OnCollision = OnCollision.ERROR
    portable_names: bool = False
    name_template: str = "{dir}/{stem}.{ext}"


@dataclass(frozen=True, slots=True)
class JobSpec:
    """One request: sources, operation, parameters, output directory, policies.

    Attributes
    ----------
    operation : str
        Name of the operation.
    parameters : Parameters
        Its validated arguments.
    inputs : Inputs
        What to read.
    output_directory : bytes
        Absolute path below which every rendition is written.
    policies : Policies
        What to do where there is a choice.
    limits : Limits
        What one file may cost.
    preset : str or None
        Name of the preset the operation and the parameters came from.
    accepts : frozenset of str
        Kinds of media (``image``, ``film``) taken from directories.
    """

    operation: str
    parameters: Parameters
    inputs: Inputs
    output_directory: bytes
    policies: Policies = field(default_factory=Policies)
    limits: Limits = field(default_factory=Limits)
    preset: str | None = None
    accepts: frozenset[str] = frozenset({"image"})


@dataclass(frozen=True, slots=True)
class Source:
    """A media file that is read.

    Attributes
    ----------
    path : bytes
        Absolute path.
    base : bytes
        The input's directory, below which the tree is mirrored.
    size_bytes, mtime_ns : int
        The file's identity; both -1 where it could not be looked at (the task then fails with the reason).
    name : str or None
        The rendition's name a listing asked for, without extension.
    """

    path: bytes
    base: bytes
    size_bytes: int
    mtime_ns: int
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """One source through one operation: the unit that succeeds or fails.

    Attributes
    ----------
    number : int
        The task's number within its job, from 0.
    source, rendition : bytes
        Absolute paths.
    size_bytes : int
        The source's size when the job was planned, -1 when it could not be looked at.
    """

    number: int
    source: bytes
    rendition: bytes
    size_bytes: int


@dataclass(frozen=True, slots=True)
class WorkOrder:
    """What all tasks of a job have in common: sent once to every slot.

    Attributes
    ----------
    job : str
        The job's id.
    operation : str
        Name of the operation.
    parameters : Parameters
        Its validated arguments.
    output_directory : bytes
        Absolute path; every rendition's real parent lies inside it.
    limits : Limits
        What one file may cost.
    """

    job: str
    operation: str
    parameters: Parameters
    output_directory: bytes
    limits: Limits


@dataclass(frozen=True, slots=True)
class Output:
    """A rendition as it was published.

    Attributes
    ----------
    path : bytes
        Absolute path.
    width, height : int
        Pixels.
    format : str
        One of ``operations.parameters.ImageFormat``, as found by opening the file again.
    size_bytes, mtime_ns : int
        The file as written.
    sha256 : str
        Checksum of its bytes, hexadecimal.
    duration_s : float or None
        Of a film.
    """

    path: bytes
    width: int
    height: int
    format: str
    size_bytes: int
    mtime_ns: int
    sha256: str
    duration_s: float | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a file failed.

    Attributes
    ----------
    code : ErrorCode
        The reason, one of a closed list.
    message : str
        A sentence beginning with the reason.
    stage : Stage
        Where on the file's way it happened.
    hint : str or None
        What to do about it.
    """

    code: ErrorCode
    message: str
    stage: Stage
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class FileResult:
    """What became of one task in one attempt.

    Attributes
    ----------
    number : int
        The task's number within its job.
    outputs : tuple of Output
        What was published; empty after a failure.
    failure : Failure or None
        Why it failed; ``None`` when it completed.
    seconds : float
        Wall time of the attempt.
    worker : str
        Address of the Dask worker, empty outside a cluster.
    decoder : str
        What decoded the source: ``libvips``, ``pillow``, ``pyav``, ...; empty where nothing was decoded.
    bytes_in : int
        The source's size in bytes when it was read.
    warnings : tuple of str
        What a person should know although the file completed.
    """

    number: int
    outputs: tuple[Output, ...] = ()
    failure: Failure | None = None
    seconds: float = 0.0
    worker: str = ""
    decoder: str = ""
    bytes_in: int = 0
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Running:
    """A task that a slot is working on now.

    Attributes
    ----------
    number : int
        The task's number within its job.
    worker : str
        Address of the Dask worker.
    started_at : float
        Seconds since the epoch.
    """

    number: int
    worker: str
    started_at: float


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """One row of a plan: a source, where its rendition goes and what stands there.

    Attributes
    ----------
    number : int
        The task's number within its job, from 0.
    source : Source
        What is read.
    rendition : bytes
        Absolute path of what is written.
    standing : Standing
        What stood at that path when the job was planned.
    status : FileStatus
        ``PENDING``; ``SKIPPED`` when it is up to date; ``FAILED`` when it cannot be tried.
    failure : Failure or None
        Why it cannot be tried.
    outputs : tuple of Output
        Of a skipped file: the renditions that are up to date.
    """

    number: int
    source: Source
    rendition: bytes
    standing: Standing = Standing.NOTHING
    status: FileStatus = FileStatus.PENDING
    failure: Failure | None = None
    outputs: tuple[Output, ...] = ()


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
    created_at, started_at, ended_at : float or None
        Seconds since the epoch.
    elapsed_s : float
        Time worked on the job: until now, until it ended, or up to the last heartbeat of an interrupted job.
    bytes_in, bytes_out : int
        Bytes read and written by completed files.
    files_per_s, eta_s : float or None
        Rate since the start, and seconds left at that rate; ``None`` where unknown.
    output_directory, base : bytes
        Where renditions go, and the directory whose tree is mirrored.
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
