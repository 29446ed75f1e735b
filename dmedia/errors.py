"""The error tree.

::

    DmediaError                      exit status, code
    ├── UsageError                    2  usage               what was asked for does not exist or makes no sense
    │   ├── UnknownOperationError     2  unknown_operation
    │   ├── ParameterError            2  invalid_parameter
    │   ├── PresetError               2  invalid_preset
    │   └── OutsideRootsError         2  outside_roots       a path leads out of the directories that may be used
    ├── NoInputError                  4  no_input            no input matched
    ├── PreflightError                5  preflight_refused   disk space, permissions, workers; nothing was written
    ├── CollisionError                6  collision           rendition paths collide; nothing was written
    ├── ClusterError                  7  cluster_lost        cluster unreachable or lost; can be taken up again
    │   └── ClusterLostError          7  cluster_lost        the scheduler of a running job is gone: may be back soon
    ├── TooManyFailedError            7  too_many_failed     --max-failures was reached; can be taken up again
    ├── JobHeldError                  8  job_held            another launcher works on the job
    ├── LauncherError           its own  its own             a launcher in a process of its own has refused the job
    ├── StoppedError            129-143  stopped             a signal came before the plan was complete
    ├── RecordError                  10  record
    │   ├── RecordFullError           5  record_full         its disk has no room: a running job waits for some
    │   ├── UnknownJobError          10  unknown_job
    │   └── DamagedRecordError       10  damaged_record
    └── MediaError                    -  its own             one file failed: becomes that file's result

Exit statuses without an exception: 0 all done or up to date, 3 finished and some files failed, 9 cancelled,
129/130/143 a running job ended by a signal. Anything outside this tree is a bug in dmedia and exits with 1.
"""

from __future__ import annotations

from typing import Literal

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

    Attributes
    ----------
    exit_status : int
        Of the command line.
    code : str
        One word for programs.
    """

    exit_status: int = 1
    code: str = "internal"

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[object, ...]:
        """Let it pass to another process, whatever a constructor takes."""
        return _restore, (type(self), self.args), self.__dict__


class UsageError(DmediaError):
    """What was asked for does not exist or makes no sense."""

    exit_status = 2
    code = "usage"


class UnknownOperationError(UsageError):
    """No operation has this name."""

    code = "unknown_operation"


class ParameterError(UsageError):
    """A parameter is unknown, out of its range or contradicts another."""

    code = "invalid_parameter"


class PresetError(UsageError):
    """A preset is unknown or its file is not valid."""

    code = "invalid_preset"


class OutsideRootsError(UsageError):
    """A path leads, by itself or by a link, out of the directories that may be used."""

    code = "outside_roots"


class NoInputError(DmediaError):
    """No input matched."""

    exit_status = 4
    code = "no_input"


class PreflightError(DmediaError):
    """The job cannot succeed here (disk space, permissions, what workers lack); nothing was written."""

    exit_status = 5
    code = "preflight_refused"


class CollisionError(DmediaError):
    """Several tasks would write the same rendition, or one would write over a source; nothing was written."""

    exit_status = 6
    code = "collision"


class ClusterError(DmediaError):
    """The cluster cannot be reached or was lost; the record is intact."""

    exit_status = 7
    code = "cluster_lost"


class ClusterLostError(ClusterError):
    """The scheduler of a running job is gone or silent; another one may soon be at its address."""


class TooManyFailedError(DmediaError):
    """As many files have failed as the job was to bear; the rest is still to be done."""

    exit_status = 7
    code = "too_many_failed"


class JobHeldError(DmediaError):
    """Another launcher works on this job."""

    exit_status = 8
    code = "job_held"


class LauncherError(DmediaError):
    """A launcher in a process of its own has refused the job.

    Parameters
    ----------
    message, hint
        What it said.
    exit_status : int
        How it ended.
    code : str
        That of the error that it told of.
    """

    code = "launcher_ended"

    def __init__(self, message: str, hint: str | None, exit_status: int, code: str) -> None:
        super().__init__(message, hint)
        self.exit_status = exit_status
        self.code = code


class StoppedError(DmediaError):
    """A signal came before the plan was complete: there is no job, and nothing was written.

    Parameters
    ----------
    signal : int
        Its number.
    """

    code = "stopped"

    def __init__(self, signal: int) -> None:
        super().__init__("Stopped while planning: nothing was written")
        self.exit_status = 128 + signal  # shells report a process ended by a signal so


class RecordError(DmediaError):
    """A job's record cannot be used."""

    exit_status = 10
    code = "record"


class RecordFullError(RecordError):
    """The disk that a record lies on has no room."""

    exit_status = 5
    code = "record_full"


class UnknownJobError(RecordError):
    """No job, or more than one, has this id."""

    code = "unknown_job"


class DamagedRecordError(RecordError):
    """A record is not one of ours, is damaged or is of a newer version. It is never overwritten."""

    code = "damaged_record"


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


def _restore(kind: type[DmediaError], args: tuple[object, ...]) -> DmediaError:
    error = kind.__new__(kind)
    error.args = args
    return error


def error_of_launcher(message: str, hint: str | None, status: int, code: str) -> DmediaError:
    """Make the error again that a launcher in a process of its own has ended with.

    Parameters
    ----------
    message, hint : str or None
        What it said.
    status : int
        Its exit status.
    code : str
        The code that it told.

    Returns
    -------
    DmediaError
        Of the class that has this code, where it takes no more than a message and a hint; else a `LauncherError`.
    """
    for kind in (
        UsageError, UnknownOperationError, ParameterError, PresetError, OutsideRootsError, NoInputError, PreflightError,
        CollisionError, ClusterError, TooManyFailedError, JobHeldError, RecordFullError, UnknownJobError,
        DamagedRecordError,
    ):  # fmt: skip
        if kind.code == code:
            return kind(message, hint)
    return LauncherError(message, hint, status, code)
