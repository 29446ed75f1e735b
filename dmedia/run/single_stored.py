"""One file at a time that lies in a store or goes to one: fetched, worked on by a slot and put, in this process."""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from typing import TYPE_CHECKING

from dmedia.errors import MediaError
from dmedia.model import Failure, FileResult, Limits, Task, WorkOrder
from dmedia.operations.convert import Convert
from dmedia.run.scratch import Scratch
from dmedia.run.transport.staging import order_of_slot
from dmedia.run.transport.transfers import Transfers
from dmedia.storage import local as storage
from dmedia.storage.locations import is_url
from dmedia.storage.stores import store_of
from dmedia.words import shown

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from dmedia.model import MediaInfo
    from dmedia.run.slot import Slot

    Held = Callable[[WorkOrder, Scratch], AbstractContextManager[Slot]]


def process_stored(order: WorkOrder, task: Task, held: Held) -> FileResult:
    """Do one task of which the source or the rendition lies in a store.

    Parameters
    ----------
    order : WorkOrder
        What to do; ``job`` marks the rendition.
    task : Task
        The source and where its rendition goes.
    held : callable
        Holds a slot for an order, in a scratch directory.

    Returns
    -------
    FileResult
        What was published, or why nothing was.

    Raises
    ------
    MediaError
        ``output_exists``, before anything is read, where something stands that is not known to be dmedia's.
    UsageError
        When a package for a store is not installed.
    PreflightError
        When no slot can be started here.
    """
    for location in filter(is_url, (task.source, task.rendition)):
        store_of(location)  # which says what is missing to reach it
    task = replace(task, renews=_stands(task))
    scratch = Scratch()
    transfers = Transfers(order, scratch.path)
    with held(order_of_slot(order, scratch.path, 0), scratch) as slot, contextlib.ExitStack() as descriptors:
        try:
            with transfers.source(task) as source:
                staged = transfers.staged(task, slot.output_directory)
                result, renditions = transfers.take(staged, slot.work_on(source, staged), descriptors)
            return transfers.put(task, result, renditions) if renditions else result
        except MediaError as error:
            return FileResult(task.number, failure=Failure.of(error))


def describe_stored(slot: Slot, source: bytes, roots: tuple[bytes, ...]) -> MediaInfo:
    """Read what an object says about itself; all of it is fetched for that.

    Parameters
    ----------
    slot : Slot
        From `single.describing`.
    source : bytes
        Its URL.
    roots : tuple of bytes
        Absolute real paths and URLs outside of which nothing is read; none: anything may be.

    Raises
    ------
    MediaError
        When it cannot be fetched, and as by `Slot.describe`.
    UsageError
        When a package for its store is not installed.
    """
    store_of(source)
    largest = replace(Limits(), max_image_bytes=Limits().max_film_bytes)  # what it is, is what is asked
    order = WorkOrder("info", "convert", Convert(format="jpg"), os.fsencode(os.devnull), largest, roots)
    scratch = Scratch()
    try:
        with Transfers(order, scratch.path).source(Task(0, source, b"", -1)) as descriptor:
            return slot.describe_open(descriptor, source)
    finally:
        scratch.close()


def _stands(task: Task) -> bool:
    """Tell whether a rendition of ours stands at the rendition's place, and refuse what else does."""
    if task.replaces:
        return False
    if not is_url(task.rendition):
        ours = storage.marked_by(task.rendition)
        there = os.path.lexists(task.rendition)
    else:
        store = store_of(task.rendition)
        there = store.look(task.rendition) is not None
        ours = store.mark_of(task.rendition) if there else None
    if there and not ours:
        message = f"Output exists: {shown(task.rendition)} is not known to be dmedia's own"
        raise MediaError("output_exists", message, "publish", "choose another path, or allow overwriting")
    return there
