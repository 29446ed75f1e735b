"""What decoders and encoders say when they fail, as error codes: the one map.

libvips reports failures as text without errno, and its loaders and savers share one buffer: a picture that turns out
damaged while it is being encoded fails the encoder's call with the decoder's words. Tests hold this map with real
faults.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from dmedia import words
from dmedia.errors import MediaError
from dmedia.model import Failure, Task
from dmedia.storage import faults as storage_faults
from dmedia.storage.locations import is_read_only
from dmedia.words import quoted

if TYPE_CHECKING:
    from dmedia.errors import ErrorCode, Stage

REASON: dict[ErrorCode, str] = {
    **storage_faults.REASON,
    "too_large": "Too large",
    "unsupported_format": "Unsupported format",
    "corrupt_input": "Corrupt input",
    "encode_failed": "Encoding failed",
    "verify_failed": "Verification failed",
}

READS = (
    "This build reads jpg png webp gif tiff avif heif raw bmp ico psd tga jp2 fli, svg with --allow-svg, "
    "and films for thumbnails"
)

HINTS: dict[ErrorCode, str] = {
    "unsupported_format": READS,
    "corrupt_input": (
        "The file is damaged: fetch it again from where it came from; if other programs open it, please report it"
    ),
    "incomplete_input": "A part is missing at the end: copy or download the file again",
    "not_found": "The file was moved, renamed or removed after the job was planned: run the command again",
    "permission_denied": "The account that runs dmedia must be able to read the source and to write the output",
    "disk_full": "Free space, or choose another output directory; then resume the job",
    "too_large": "Raise the limit: --max-pixels, --max-frames or --max-input-bytes",
    "timeout": "Give it longer with --timeout",
    "out_of_memory": "Allow more with --slot-memory, or use fewer workers",
    "output_exists": "Choose another output directory, or remove what is in the way",
    "encode_failed": "Try another --format or a smaller size",
    "verify_failed": "The rendition was not published; try again, and report it if it happens again",
    "remote_error": "The server or the network failed: retry the failed files once it answers again",
    "io_error": "The disk or the network failed: check it, then retry the failed files",
    "internal": "This is a bug in dmedia: please report it",
}
"""What to do about a failure, where nobody who knew more has said it."""

NEVER_SEEN = "It was not there, or could not be looked at, when the job was planned: check its name"
"""Of a source that is not found, and whose size the plan does not know."""

NO_GLOBS = "Pages have no globs: name each, or list them with --files-from"

ABOUT_JOBS: frozenset[ErrorCode] = frozenset({"not_found", "too_large", "timeout", "out_of_memory", "disk_full"})
"""Codes whose hints speak of a job and of its options."""

WORDS: tuple[tuple[ErrorCode, str], ...] = (
    ("disk_full", r"no space left|disk quota"),
    ("corrupt_input", r"out of memory reading of \""),  # of libtiff, for a tag that says it has billions of values
    ("too_large", r"exceeds (the )?(maximum image size|security limit)"),  # libheif calls it an allocation error too
    ("out_of_memory", r"(out of|unsufficient) memory|cannot allocate|memory allocation|bad_alloc"),
    ("io_error", r"system error: (input/output error|stale file handle|remote i/o)|too many open files"),
    ("too_large", r"security limit|exceeds? (the )?limit|decompression bomb"),
    ("encode_failed", r"write (error|failed)|unable to write|save\w*: |maximum supported image dimension|encoder"),
    ("unsupported_format", r"un-?supported|not (supported|configured|implemented)|no decod|bad labq"),
    ("unsupported_format", r"(samples|bits|bands) out of range|unknown (compression|photometric|data layout)"),
    ("unsupported_format", r"not a whole number of bytes|required field 262 missing"),  # libvips' words, not Pillow's
)
PATTERNS = tuple((code, re.compile(words, re.IGNORECASE)) for code, words in WORDS)
"""First match decides; text that matches nothing speaks of damaged content."""

NOISE = re.compile(
    r"SETGET_UNDEFINED|Unknown error -1|bad seek|unable to (call|copy to memory|write to target)|^\s*$", re.IGNORECASE
)
"""Lines that say nothing to a person: warnings of libtiff, follow-ups, and what pyvips puts in front."""

FOLLOW_UP = re.compile(r"unable to call|unable to write to target", re.IGNORECASE)
"""Lines that follow from an earlier one: pngsave says it cannot write when it is the source that ended too early."""

LONGEST_TEXT = 200
"""Characters of a library's text that are passed on."""


def classify(text: str) -> ErrorCode:
    """Tell what a library's text means.

    Parameters
    ----------
    text : str
        All that the library said.

    Returns
    -------
    ErrorCode
        ``corrupt_input`` where no pattern matches.
    """
    lines = text.splitlines()
    said = "\n".join(line for line in lines if not FOLLOW_UP.search(line))
    return next((code for code, pattern in PATTERNS if pattern.search(said)), "corrupt_input")


def media_error(text: str, stage: Stage) -> MediaError:
    """Make a failure from what a library said.

    Parameters
    ----------
    text : str
        All that the library said.
    stage : Stage
        Where on the file's way it happened; an encoder's call that fails with a decoder's words becomes ``decode``.

    Returns
    -------
    MediaError
        To be raised by the caller.
    """
    code = classify(text)
    if stage == "encode" and code in {"corrupt_input", "unsupported_format", "too_large"}:
        stage = "decode"
    return MediaError(code, f"{REASON.get(code, code)}: {gist(text)}", stage)


def gist(text: str) -> str:
    """Shorten what a library said to its last telling lines.

    Parameters
    ----------
    text : str
        All that the library said.

    Returns
    -------
    str
        One line, never empty.
    """
    lines = dict.fromkeys(line.strip() for line in text.splitlines() if not NOISE.search(line))
    return "; ".join(list(lines)[-2:])[-LONGEST_TEXT:] or "the content cannot be read"


def failure_of(error: Exception, task: Task) -> Failure:
    """Make a file's failure of what was raised while it was worked on.

    Parameters
    ----------
    error : Exception
        Any: what is not expected is a bug of dmedia.
    task : Task
        What was worked on.

    Returns
    -------
    Failure
        With a hint in every case.
    """
    known = _known(error)
    return replace(known, message=_with_place(known, task), hint=known.hint or _hint(known, task))


def failure_outside_jobs(error: Exception, source: bytes) -> Failure:
    """Make a failure of what was raised while a file was only looked at.

    Parameters
    ----------
    error : Exception
        Any.
    source : bytes
        What was looked at.

    Returns
    -------
    Failure
        Without a hint that would be about a job.
    """
    known = failure_of(error, Task(0, source, b"", -1))
    return replace(known, hint=None) if known.code in ABOUT_JOBS else known


def _hint(failure: Failure, task: Task) -> str | None:
    if failure.code != "not_found" or task.size_bytes >= 0:
        return HINTS.get(failure.code)
    is_glob = is_read_only(task.source) and b"*" in task.source
    return NO_GLOBS if is_glob else NEVER_SEEN


def _known(error: Exception) -> Failure:
    if isinstance(error, MediaError):
        return Failure.of(error)
    if isinstance(error, MemoryError):
        return Failure("out_of_memory", "Out of memory: the picture does not fit", "process")
    if isinstance(error, OSError) and error.errno:
        return Failure.of(storage_faults.fault(error, "process"))
    return Failure("internal", f"Internal error: {type(error).__name__}: {words.gist(str(error))}", "process")


def _with_place(failure: Failure, task: Task) -> str:
    """Say what may not be read or written, where the operating system repeats only that it may not."""
    if failure.message != "Permission denied: Permission denied":
        return failure.message
    if failure.stage in {"open", "decode"}:
        return f"Permission denied: {quoted(task.source)} may not be read"
    return f"Permission denied: {quoted(os.path.dirname(task.rendition))} may not be written"
