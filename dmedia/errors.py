"""The error tree.

::

    DmediaError                      exit status
    ├── UsageError                    2   what was asked for does not exist or makes no sense
    │   ├── UnknownOperationError     2
    │   ├── ParameterError            2
    │   └── PresetError               2
    ├── NoInputError                  4   no input matched
    ├── PreflightError                5   disk space or permissions; nothing was written
    ├── CollisionError                6   rendition paths collide; nothing was written
    ├── ClusterError                  7   cluster unreachable or lost; the job can be taken up again
    │   └── ClusterLostError          7   the scheduler of a running job is gone: may be there again soon
    ├── TooManyFailedError            7   --max-failures was reached; the job can be taken up again
    ├── JobHeldError                  8   another launcher works on the job
    ├── LauncherError           its own   a launcher in a process of its own has refused the job
    ├── StoppedError            129-143   a signal came before the plan was complete; nothing was written
    ├── RecordError                  10
    │   ├── RecordFullError           5   its disk has no room: a running job waits for some
    │   ├── UnknownJobError          10
    │   └── DamagedRecordError       10
    └── MediaError                    -   one file failed: becomes that file's result, never an exit status

Exit statuses without an exception: 0 all done or up to date, 3 finished and some files failed, 9 cancelled,
129/130/143 a running job ended by a signal. Anything outside this tree is a bug in dmedia and exits with 1.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

ErrorCode = Literal[
    "unsupported_format",
    "corrupt_input",
    "incomplete_input",
    "not_found",
    "permission_denied",
    "disk_full",
    "too_large",
    "timeout",
    "out_of_memory",
    "decoder_crash",
    "output_exists",
    "encode_failed",
    "verify_failed",
    "io_error",
    "remote_error",
    "cancelled",
    "internal",
]

Stage = Literal["plan", "open", "decode", "process", "encode", "verify", "publish", "run"]


class DmediaError(Exception):
    """What dmedia tells a person instead of a traceback.

    Parameters
    ----------
    message : str
        One sentence that names the thing and what is wrong with it.
    hint : str, optional
        What to do about it.
    """

    exit_status: int = 1

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(DmediaError):
    """What was asked for does not exist or makes no sense."""

    exit_status = 2


class UnknownOperationError(UsageError):
    """No operation has this name."""


class ParameterError(UsageError):
    """A parameter is unknown, out of its range or contradicts another."""


class PresetError(UsageError):
    """A preset is unknown or its file is not valid."""


class NoInputError(DmediaError):
    """No input matched."""

    exit_status = 4


class PreflightError(DmediaError):
    """The job cannot succeed here (disk space, permissions); nothing was written."""

    exit_status = 5


class CollisionError(DmediaError):
    """Several tasks would write the same rendition, or one would write over a source; nothing was written."""

    exit_status = 6


class ClusterError(DmediaError):
    """The cluster cannot be reached or was lost; the record is intact."""

    exit_status = 7


class ClusterLostError(ClusterError):
    """The scheduler of a running job is gone or silent; another one may soon be at its address."""


class TooManyFailedError(DmediaError):
    """As many files have failed as the job was to bear; the rest is still to be done."""

    exit_status = 7


class JobHeldError(DmediaError):
    """Another launcher works on this job."""

    exit_status = 8


class LauncherError(DmediaError):
    """A launcher in a process of its own has refused the job.

    Parameters
    ----------
    message, hint
        What it said.
    exit_status : int
        How it ended.
    """

    def __init__(self, message: str, hint: str | None, exit_status: int) -> None:
        super().__init__(message, hint)
        self.exit_status = exit_status


class StoppedError(DmediaError):
    """A signal came before the plan was complete: there is no job, and nothing was written.

    Parameters
    ----------
    signal : int
        Its number.
    """

    def __init__(self, signal: int) -> None:
        super().__init__("Stopped while planning: nothing was written")
        self.exit_status = 128 + signal  # shells report a process ended by a signal so


class RecordError(DmediaError):
    """A job's record cannot be used."""

    exit_status = 10


class RecordFullError(RecordError):
    """The disk that a record lies on has no room."""

    exit_status = 5


class UnknownJobError(RecordError):
    """No job, or more than one, has this id."""


class DamagedRecordError(RecordError):
    """A record is not one of ours, is damaged or is of a newer version. It is never overwritten."""


class MediaError(DmediaError):
    """One file failed.

    Parameters
    ----------
    code : ErrorCode
        The reason, one of a closed list.
    message : str
        A sentence beginning with the reason: ``Unsupported format: ...``.
    stage : Stage
        Where on the file's way it happened.
    hint : str, optional
        What to do about it.
    """

    def __init__(self, code: ErrorCode, message: str, stage: Stage, hint: str | None = None) -> None:
        super().__init__(message, hint)
        self.code: ErrorCode = code
        self.stage: Stage = stage


def nearest(word: str, known: Iterable[str]) -> str:
    """Name the known words closest to an unknown one.

    Parameters
    ----------
    word : str
        What was typed.
    known : iterable of str
        What exists.

    Returns
    -------
    str
        ``"did you mean 'resize'?"``, or the whole list where nothing is close.
    """
    known = sorted(known)
    close = difflib.get_close_matches(word.lower(), known, n=2, cutoff=0.6)
    if close:
        return "did you mean " + " or ".join(repr(name) for name in close) + "?"
    return "known are: " + ", ".join(known)


def shown(path: bytes) -> str:
    """Write a path into a message, with U+FFFD for bytes that are not UTF-8."""
    return path.decode("utf-8", "replace")


def quoted(path: bytes) -> str:
    """Quote a path in a message: on one line, whatever its bytes are."""
    return repr(shown(path))
