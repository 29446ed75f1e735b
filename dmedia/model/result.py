"""What became of it: renditions, failures, results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dmedia.errors import ErrorCode, MediaError, Stage


@dataclass(frozen=True, slots=True)
class Output:
    """A rendition as it was published.

    Attributes
    ----------
    path : bytes
        Absolute path, or a URL.
    width, height : int
        Pixels.
    format : str
        One of ``operations.parameters.ImageFormat``, as found by opening the file again.
    size_bytes, mtime_ns : int
        The file as written; in a store ``mtime_ns`` is 0 where unknown.
    sha256 : str
        Checksum of its bytes, hexadecimal.
    duration_s : float or None
        Of a film.
    version : str
        What a store calls these bytes, an ETag or a version; empty for a local file, and where a store does not say.
    frames : int or None
        Of an animation, as found by opening the file again.
    quality : int or None
        Of a lossy encoder, 1-100; ``None`` where none was at work: without loss, and of an original that was kept.
    ssim : float or None
        Structural similarity of its luma to that of the pixels that were encoded, 0-1, where a quality was searched.
    identical : bool or None
        ``True`` where source and rendition were both decoded and have the same pixels; ``None`` where nobody asked.
    """

    path: bytes
    width: int
    height: int
    format: str
    size_bytes: int
    mtime_ns: int
    sha256: str
    duration_s: float | None = None
    version: str = ""
    frames: int | None = None
    quality: int | None = None
    ssim: float | None = None
    identical: bool | None = None


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

    @classmethod
    def of(cls, error: MediaError) -> Failure:
        """Make the plain data of an error that one file met."""
        return cls(error.code, error.message, error.stage, error.hint)


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
        Wall time of the attempt; without the ways from a store and to one, on which other files are in its slot.
    worker : str
        Address of the Dask worker, empty outside a cluster.
    decoder : str
        What decoded the source: ``libvips``, ``pillow``, ``pyav``, ...; empty where nothing was decoded.
    bytes_in : int
        The source's size in bytes when it was read.
    warnings : tuple of str
        What a person should know although the file completed.
    gps_removed : bool
        Whether the source states where it was taken, and what was published does not.
    """

    number: int
    outputs: tuple[Output, ...] = ()
    failure: Failure | None = None
    seconds: float = 0.0
    worker: str = ""
    decoder: str = ""
    bytes_in: int = 0
    warnings: tuple[str, ...] = ()
    gps_removed: bool = False


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
