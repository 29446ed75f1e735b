"""Drafts: the renditions of one run of a task, written beside their places and published when all are complete."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from dmedia import formats
from dmedia.errors import MediaError
from dmedia.media.animation import STILL
from dmedia.model import Output
from dmedia.model.info import LARGEST_COUNT
from dmedia.storage import local
from dmedia.storage.locations import is_url

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dmedia.media.animation import Motion
    from dmedia.media.geometry import Size
    from dmedia.media.opened import Notes, OpenSource
    from dmedia.model import Place, Task, WorkOrder
    from dmedia.operations.parameters import Encoding, ImageFormat


@dataclass(frozen=True, slots=True)
class Attempt:
    """One run of a task.

    Attributes
    ----------
    order : WorkOrder
        What all tasks of the job have in common.
    task : Task
        The source and where its rendition goes.
    temporaries : tuple of bytes
        Where each rendition is written first.
    descriptor : int
        The source, open for reading.
    notes : Notes
        What is learned on the way.
    """

    order: WorkOrder
    task: Task
    temporaries: tuple[bytes, ...]
    descriptor: int
    notes: Notes


@dataclass(frozen=True, slots=True)
class Draft:
    """A rendition that is being written.

    Attributes
    ----------
    path : bytes
        The temporary file.
    descriptor : int
        It, open for reading and writing.
    format : ImageFormat
        What it becomes.
    operation : str
        How it is made.
    parameters : Encoding
        The operation's.
    """

    path: bytes
    descriptor: int
    format: ImageFormat
    operation: str
    parameters: Encoding


@dataclass(frozen=True, slots=True)
class Measures:
    """A finished picture's width and height in pixels, and its frames.

    Attributes
    ----------
    stored : Size
        As the file says.
    upright : Size
        As it is seen: differs only for an original that was kept with its orientation.
    motion : Motion
        How its frames follow each other.
    """

    stored: Size
    upright: Size
    motion: Motion = STILL


@contextlib.contextmanager
def open_draft(source: OpenSource, attempt: Attempt, rank: int) -> Iterator[Draft]:
    """Create the temporary file of a rendition, and the directories it goes into.

    Parameters
    ----------
    source : OpenSource
        What it is made of.
    attempt : Attempt
        The run that makes it.
    rank : int
        Which of the task's renditions, from 0.

    Yields
    ------
    Draft
        Empty.

    Raises
    ------
    MediaError
        ``output_exists`` when it would replace its own source; as `local.prepare_parent` and `local.create` do.
    """
    rendition, temporary = attempt.task.places[rank].rendition, attempt.temporaries[rank]
    recipe = attempt.order.recipes[rank]
    parameters = cast("Encoding", recipe.parameters)
    if local.same_file(attempt.descriptor, rendition):
        message = "Output exists: the rendition would replace its own source"
        raise MediaError("output_exists", message, "publish", "Choose another output directory or name")
    local.prepare_parent(rendition, attempt.order.output_directory, attempt.order.roots)
    descriptor = local.create(temporary, attempt.order.roots)
    try:
        chosen = _rendition_format(source, rendition, parameters)
        yield Draft(temporary, descriptor, chosen, recipe.operation, parameters)
    finally:
        os.close(descriptor)


def _rendition_format(source: OpenSource, rendition: bytes, parameters: Encoding) -> ImageFormat:
    """Follow the extension: it was planned from the format asked for, or from the same sniffing."""
    planned = formats.EXTENSION_FORMAT.get(formats.extension(rendition))
    if planned in formats.RENDITION_EXTENSION:
        return cast("ImageFormat", planned)
    return parameters.format or formats.rendition_format(source.sniffed)


def publish(
    drafts: Sequence[Draft], measures: Sequence[Measures], frames: Sequence[int], attempt: Attempt
) -> tuple[Output, ...]:
    """Publish the finished renditions of a task, one after the other, when all of them are there.

    Parameters
    ----------
    drafts : sequence of Draft
        Complete and looked at.
    measures : sequence of Measures
        What each measures.
    frames : sequence of int
        How many each was found to have.
    attempt : Attempt
        The run that made them.

    Returns
    -------
    tuple of Output
        As they were published.

    Raises
    ------
    MediaError
        As `local.publish` does. Where somebody else's file stands in the way of one, none is published.
    """
    task = attempt.task
    checksums = [local.checksum(draft.path) for draft in drafts]
    for place in task.also:
        if not (task.replaces or place.renews):
            local.refuse_foreign(place.rendition)  # before the first is published: all are, or none
    each = zip(drafts, measures, frames, checksums, task.places, strict=True)
    return tuple(_publish(*one, attempt) for one in each)


def _publish(draft: Draft, measures: Measures, frames: int, sha256: str, place: Place, attempt: Attempt) -> Output:
    replaces, mtime_ns = attempt.task.replaces or place.renews, _date(draft, attempt)
    local.publish(draft.path, place.rendition, attempt.order.job, replaces=replaces, mtime_ns=mtime_ns)
    written = os.fstat(draft.descriptor)
    told = frames if 1 < frames <= LARGEST_COUNT else None
    size = measures.upright
    return Output(place.rendition, *size, draft.format, written.st_size, written.st_mtime_ns, sha256, frames=told)


def _date(draft: Draft, attempt: Attempt) -> int | None:
    """Tell when the rendition shall have been changed last; of a source from a store, its copy here does not know."""
    if not getattr(draft.parameters, "keep_dates", False):  # of a film, an operation may know no such thing
        return None
    if is_url(attempt.task.source):
        attempt.notes.warn("the source's date was not kept: it lies in a store")
        return None
    return os.fstat(attempt.descriptor).st_mtime_ns
