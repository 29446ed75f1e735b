"""One file at a time without a job: a slot is started for it, and nothing is recorded."""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING

from dmedia.errors import MediaError, PreflightError
from dmedia.model import Limits, WorkOrder
from dmedia.operations.convert import Convert
from dmedia.run.scratch import Scratch
from dmedia.run.slot import NoSlotError, Slot
from dmedia.storage import local as storage
from dmedia.storage.locations import is_url
from dmedia.words import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dmedia.model import FileResult, MediaInfo, Task

SINGLE = "single"
"""What stands for the job in the names of temporary files and in the marks of renditions that no job has made."""

FORGOTTEN_S = 86_400.0
"""Seconds after which nobody works on such a temporary file any longer: a process that was killed has left it."""

DESCRIPTION_LIMIT_S = 30.0
"""Seconds in which a slot reads a header."""

_HELD: set[Slot] = set()
"""The slots at work for single files in this process."""


def process_file(order: WorkOrder, task: Task) -> FileResult:
    """Do one task in a slot of its own.

    Parameters
    ----------
    order : WorkOrder
        What to do; ``job`` names its temporary file and marks the rendition.
    task : Task
        The source and where its rendition goes; ``replaces`` says whether a file that is not ours may go.

    Returns
    -------
    FileResult
        What was published, or why nothing was.

    Raises
    ------
    MediaError
        ``output_exists``, before anything is read, where the file does not say that it is dmedia's, or nobody can tell.
    PreflightError
        When no slot can be started here.
    """
    if is_url(task.source) or is_url(task.rendition):
        from dmedia.run.single_stored import process_stored

        return process_stored(order, task, _held)
    if storage.same_file(task.source, task.rendition):
        message = "Output exists: the rendition would replace its own source"
        raise MediaError("output_exists", message, "publish", "choose another path")
    if os.path.lexists(task.rendition) and not task.replaces and not storage.marked_by(task.rendition):
        message = f"Output exists: {shown(task.rendition)} is not known to be dmedia's own"
        raise MediaError("output_exists", message, "publish", "choose another path, or allow overwriting")
    storage.sweep(os.path.dirname(task.rendition), SINGLE, order.roots, FORGOTTEN_S)
    with _held(order, Scratch()) as slot:
        return slot.work(task)


def describe_file(source: bytes, roots: tuple[bytes, ...] = ()) -> MediaInfo:
    """Read what a media file says about itself, in a slot of its own.

    Parameters
    ----------
    source : bytes
        Absolute path, or URL: then all of it is fetched.
    roots : tuple of bytes
        Absolute real paths and URLs of directories outside of which nothing is read; none: anything may be.

    Returns
    -------
    MediaInfo
        By its header: whether all of the file is there and whole is not looked at.

    Raises
    ------
    MediaError
        When the file cannot be read, is no media file or brings its slot down.
    PreflightError
        When no slot can be started here.
    """
    with describing(roots) as slot:
        return describe_by(slot, source, roots)


def describe_by(slot: Slot, source: bytes, roots: tuple[bytes, ...] = ()) -> MediaInfo:
    """Read what a media file says about itself, in a slot from `describing` of the same roots. See `describe_file`."""
    if not is_url(source):
        return slot.describe(source)
    from dmedia.run.single_stored import describe_stored

    return describe_stored(slot, source, roots)


@contextlib.contextmanager
def describing(roots: tuple[bytes, ...] = ()) -> Iterator[Slot]:
    """Hold a slot that describes one file after the other.

    Parameters
    ----------
    roots : tuple of bytes
        As for `describe_file`.

    Yields
    ------
    Slot
        For `Slot.describe` alone. It ends with the context.
    """
    with idle_slot("info", Limits(timeout_s=DESCRIPTION_LIMIT_S), roots) as slot:
        yield slot


@contextlib.contextmanager
def idle_slot(name: str, limits: Limits, roots: tuple[bytes, ...] = ()) -> Iterator[Slot]:
    """Hold a slot that has nothing to make, but something to tell.

    Parameters
    ----------
    name : str
        What stands for its job.
    limits : Limits
        What one file may cost.
    roots : tuple of bytes
        As for `describe_file`.

    Yields
    ------
    Slot
        It may write nowhere but into its scratch directory. It ends with the context.
    """
    scratch = Scratch()
    nothing = Convert(format="jpg")  # a slot's order names some work, which nobody will ask for here
    order = WorkOrder(name, "convert", nothing, os.fsencode(scratch.path or os.devnull), limits, roots)
    with _held(order, scratch) as slot:
        yield slot


@contextlib.contextmanager
def _held(order: WorkOrder, scratch: Scratch) -> Iterator[Slot]:
    slot = Slot(order, scratch.path)
    _HELD.add(slot)
    try:
        yield slot
    except NoSlotError as error:
        raise PreflightError(f"Files cannot be worked on here: {error}", "dmedia doctor says more") from None
    finally:
        slot.close()
        slot.rest()
        scratch.close()
        _HELD.discard(slot)


def give_up(limit_s: float) -> None:
    """End all work on single files in this process, and wait until what was begun of it is taken away.

    Parameters
    ----------
    limit_s : float
        Seconds to wait at most. Threads that hold slots get a `SlotKilledError`.
    """
    for slot in list(_HELD):
        slot.kill()
    until_s = time.monotonic() + limit_s
    while _HELD and time.monotonic() < until_s:
        time.sleep(0.02)
