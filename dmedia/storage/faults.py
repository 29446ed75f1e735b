"""What the operating system says when it refuses, as error codes: the one map."""

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
}


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
