"""What the operating system and servers say when they refuse, as error codes: the one map."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from dmedia.errors import MediaError

if TYPE_CHECKING:
    from dmedia.errors import ErrorCode, Stage

ERRNO_CODE: dict[int, ErrorCode] = {
    errno.ENOSPC: "disk_full",
    errno.EDQUOT: "disk_full",
    errno.EACCES: "permission_denied",
    errno.EPERM: "permission_denied",
    errno.EROFS: "permission_denied",
    errno.ENOENT: "not_found",
    errno.ENOTDIR: "not_found",
    errno.ELOOP: "not_found",
    errno.ENAMETOOLONG: "not_found",
    errno.ENOMEM: "out_of_memory",
    errno.EISDIR: "output_exists",
    errno.EEXIST: "output_exists",
    errno.ENOTEMPTY: "output_exists",
}
"""Error code by errno; everything else is ``io_error``."""

WRITING: frozenset[Stage] = frozenset({"encode", "verify", "publish"})
"""Stages in which what is missing is not the source."""

REASON: dict[ErrorCode, str] = {
    "disk_full": "Disk full",
    "permission_denied": "Permission denied",
    "not_found": "Not found",
    "out_of_memory": "Out of memory",
    "output_exists": "Output exists",
    "io_error": "Input or output error",
    "remote_error": "Remote error",
    "too_large": "Too large",
}

STATUS_CODE: dict[int, ErrorCode] = {
    401: "permission_denied",
    403: "permission_denied",
    404: "not_found",
    407: "permission_denied",
    410: "not_found",
    412: "output_exists",
    507: "disk_full",
}
"""Error code by HTTP status (RFC 9110, and 507 of RFC 4918); everything else is ``remote_error``."""

PASSING_STATUS = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 509, 529})
"""HTTP statuses of a server that is busy, restarts, or works on another request for the same object."""


def fault(error: OSError, stage: Stage) -> MediaError:
    """Turn what the operating system says into a file's failure: the one map from errno to error code.

    Parameters
    ----------
    error : OSError
        As it was raised.
    stage : Stage
        Where on the file's way it happened.

    Returns
    -------
    MediaError
        To be raised by the caller.
    """
    code = ERRNO_CODE.get(error.errno or 0, "io_error")
    if code == "not_found" and stage in WRITING:
        return MediaError("io_error", "Input or output error: the output directory went away meanwhile", stage)
    return MediaError(code, f"{REASON[code]}: {error.strerror or error}", stage)


def taken() -> MediaError:
    """Make the failure of a rendition whose place somebody else has taken, to be raised by the caller."""
    message = "Output exists: somebody has put it there since the job was planned"
    hint = "Move it away and retry, or use --overwrite in a new job."
    return MediaError("output_exists", message, "publish", hint)


def remote_fault(status: int, said: str, stage: Stage, hint: str | None = None) -> MediaError:
    """Turn a server's refusal into a file's failure: the one map from HTTP status to error code.

    Parameters
    ----------
    status : int
        HTTP status; 0: the server could not be reached or did not answer as it should.
    said : str
        What it said, or what is wrong; without secrets.
    stage : Stage
        Where on the file's way it happened.
    hint : str, optional
        What to do about it.

    Returns
    -------
    MediaError
        To be raised by the caller.
    """
    code = STATUS_CODE.get(status, "remote_error")
    return MediaError(code, f"{REASON[code]}: {said or f'the server answered with status {status}'}", stage, hint)
