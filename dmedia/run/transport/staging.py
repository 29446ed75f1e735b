"""Staging: where slots write renditions that go to a store, and how the worker takes them from there.

A slot writes files of its machine and reaches nothing else, so it is told that its output directory is one of its own
in the worker's scratch. What it leaves there is taken without trust: only a regular file of that very directory is put.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from dmedia import formats
from dmedia.errors import MediaError
from dmedia.model import Failure
from dmedia.storage import local as storage
from dmedia.storage.locations import is_url

if TYPE_CHECKING:
    from dmedia.errors import Stage
    from dmedia.model import FileResult, Task, WorkOrder

STAGED = b"rendition-%d"
"""The name of a rendition for a store in its slot's directory, with its rank: a slot works on one file at a time."""

SCRATCH_HINT = (
    "Free space where workers keep temporary files, or let TMPDIR name another directory there; then resume the job"
)


def order_of_slot(order: WorkOrder, scratch: str | None, number: int) -> WorkOrder:
    """Make what a slot is told of a job: it knows this machine's directories only.

    Parameters
    ----------
    order : WorkOrder
        The job.
    scratch : str or None
        The worker's directory for temporary files.
    number : int
        The slot's, within its worker.

    Returns
    -------
    WorkOrder
        The same where renditions stay on this machine and roots are directories. Otherwise renditions go into a
        directory of this slot alone, and URLs are no roots.
    """
    if is_url(order.output_directory):
        directory = os.path.join(os.fsencode(scratch or os.devnull), b"renditions-%d" % number)
        return replace(order, output_directory=directory, roots=())
    directories = tuple(root for root in order.roots if not is_url(root))
    return replace(order, roots=directories) if directories else order  # none at all would let it go anywhere


def staged(task: Task, directory: bytes) -> Task:
    """Make what a slot is told of a task.

    Parameters
    ----------
    task : Task
        As it was planned.
    directory : bytes
        The output directory of the slot.

    Returns
    -------
    Task
        The same where renditions stay on this machine; otherwise they go into the slot's directory.
    """
    if not is_url(task.rendition):
        return task
    first, *others = (
        place._replace(rendition=os.path.join(directory, STAGED % rank + _dotted(place.rendition)))
        for rank, place in enumerate(task.places)
    )
    return replace(task, rendition=first.rendition, also=tuple(others))


def _dotted(rendition: bytes) -> bytes:
    extension = formats.extension(rendition).encode()
    return b"." + extension if extension else b""


def take(staged: bytes) -> int:
    """Take a rendition that is on its way to a store out of its slot's directory.

    Parameters
    ----------
    staged : bytes
        Where the slot was told to put it; it says that it has.

    Returns
    -------
    int
        A descriptor, to be closed by the caller.

    Raises
    ------
    MediaError
        When what is there is no file of that directory, for the slot was taken over and shall not publish others:
        ``not_found`` when nothing is there, ``permission_denied`` when it leads elsewhere, ``unsupported_format`` when
        it is no regular file; ``io_error`` when it cannot be opened.
    """
    try:
        return storage.open_source(staged, (os.path.realpath(os.path.dirname(staged)),))
    finally:
        storage.discard(staged)


def about_scratch(error: MediaError, scratch: str | None) -> MediaError:
    """Name the directory that has no room, where that is not the one that renditions go to; leave others as they are.

    Parameters
    ----------
    error : MediaError
        What a file met in the scratch.
    scratch : str or None
        The worker's directory for temporary files.
    """
    if error.code != "disk_full":
        return error
    message = f"Disk full: the worker's directory for temporary files, {scratch}, has no room for the file"
    return MediaError("disk_full", message, error.stage, SCRATCH_HINT)


def is_about_scratch(failure: Failure) -> bool:
    """Tell whether a failure for want of room was met in a worker's scratch, not where renditions go to."""
    return failure.code == "disk_full" and failure.hint == SCRATCH_HINT


def told(result: FileResult, scratch: str | None) -> FileResult:
    """Say of a result that the scratch had no room, when that was why a rendition could not be staged."""
    failure = result.failure
    if failure is None or failure.code != "disk_full":
        return result
    error = about_scratch(MediaError("disk_full", failure.message, failure.stage), scratch)
    return replace(result, failure=Failure.of(error))


def no_scratch(stage: Stage) -> MediaError:
    """Make the error about a worker that cannot keep files for a moment."""
    message = "Input or output error: the worker has no directory for temporary files, which stores need"
    return MediaError("io_error", message, stage, "let TMPDIR name a directory that it may write")
