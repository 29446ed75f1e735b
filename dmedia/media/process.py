"""The work on one file: open, decode, operate, encode, verify, publish. Never raises, never leaves half a file."""

from __future__ import annotations

import contextlib
import functools
import time
from typing import TYPE_CHECKING

from dmedia.errors import MediaError
from dmedia.media import faults, guard
from dmedia.media.animation import animation_of
from dmedia.media.decoders import decoders_for, raw, svg
from dmedia.media.decoders.poster import open_poster
from dmedia.media.decoders.shared import MOST_PIXELS as MOST_SHARED_PIXELS
from dmedia.media.decoders.shared import SharedPicture
from dmedia.media.draft import Attempt, open_draft
from dmedia.media.encoders import ENCODERS
from dmedia.media.encoding import write_rendition
from dmedia.media.geometry import Size
from dmedia.media.opened import Notes, check_bytes, look_at
from dmedia.media.publication import publish
from dmedia.media.sizing import wanted_size
from dmedia.media.verification import verify
from dmedia.model import FileResult
from dmedia.operations import find_operation
from dmedia.operations.parameters import Box
from dmedia.storage import local

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dmedia.media.decoders import Opener
    from dmedia.media.decoders.picture import Picture
    from dmedia.media.draft import Draft, Measures
    from dmedia.media.opened import OpenSource
    from dmedia.model import Failure, Output, Task, WorkOrder


def process(order: WorkOrder, task: Task, temporaries: tuple[bytes, ...], descriptor: int) -> FileResult:
    """Do one task.

    Parameters
    ----------
    order : WorkOrder
        What all tasks of the job have in common.
    task : Task
        The source and where its renditions go.
    temporaries : tuple of bytes
        Where each is written before it is published: ``local.temporary_path``. They are gone afterwards.
    descriptor : int
        The source, from ``local.open_source``; the caller closes it.

    Returns
    -------
    FileResult
        What was published, or why nothing was. Whatever goes wrong becomes a ``Failure``, a bug of dmedia too.
    """
    started = time.perf_counter()
    notes = Notes()
    outputs: tuple[Output, ...] = ()
    failure: Failure | None = None
    try:
        outputs = _make(Attempt(order, task, temporaries, descriptor, notes))
    except Exception as error:  # noqa: BLE001  # one file's failure must never become the slot's
        guard.check_memory()
        failure = faults.failure_of(error, task)
    finally:
        for temporary in temporaries:
            local.discard(temporary)
    return FileResult(
        number=task.number,
        outputs=outputs,
        failure=failure,
        seconds=time.perf_counter() - started,
        decoder=notes.decoder,
        bytes_in=notes.bytes_in,
        warnings=tuple(notes.warnings),
        gps_removed=notes.gps_removed and failure is None,
    )


def _make(attempt: Attempt) -> tuple[Output, ...]:
    """Make all renditions and look at all of them, then publish one after the other."""
    source = look_at(attempt.descriptor, attempt.task.source, attempt.notes)
    check_bytes(source.size_bytes, source.sniffed.kind, attempt.order.limits)
    openers = _choose_decoders(source, attempt)
    with contextlib.ExitStack() as held:
        drafts = [held.enter_context(open_draft(source, attempt, rank)) for rank in range(len(attempt.temporaries))]
        measures = _write(source, openers, drafts, attempt)
        frames = [
            verify(draft.descriptor, draft.format, measured.stored, measured.motion)
            for draft, measured in zip(drafts, measures, strict=True)
        ]
        return publish(drafts, measures, frames, attempt)


def _choose_decoders(source: OpenSource, attempt: Attempt) -> Sequence[Opener]:
    recipes = attempt.order.recipes
    wanted = [recipe.parameters for recipe in recipes]
    if source.sniffed.format == "svg" and attempt.order.limits.allow_svg:
        return (svg.open_picture,)
    if source.sniffed.format == "raw" and any(getattr(one, "raw", "") == "strict" for one in wanted):
        return (functools.partial(raw.open_picture, strict=True),)
    if source.sniffed.kind != "film":
        return decoders_for(source)
    for recipe in recipes:
        if "film" not in find_operation(recipe.operation).accepts:
            message = f"Unsupported format: this is a film; {recipe.operation} works on images"
            raise MediaError("unsupported_format", message, "open", "thumbnail makes a picture of a film")
    return (functools.partial(open_poster, wanted=wanted),)


def _write(
    source: OpenSource, openers: Sequence[Opener], drafts: Sequence[Draft], attempt: Attempt
) -> tuple[Measures, ...]:
    """Decode and encode with the first decoder that can; where none can, the first one's reason counts."""
    refusals: list[MediaError] = []
    for opener in openers:
        try:
            return tuple(
                write_rendition(picture, again, source, draft, attempt)
                for (picture, again), draft in zip(_pictures(opener, source, drafts, attempt), drafts, strict=True)
            )
        except MediaError as error:
            if refusals:
                raise refusals[0] from None
            if error.code != "unsupported_format":
                raise
            refusals.append(error)
    raise refusals[0]


def _pictures(
    opener: Opener, source: OpenSource, drafts: Sequence[Draft], attempt: Attempt
) -> Iterator[tuple[Picture, Callable[[], Picture]]]:
    """Open the source for each draft: once, and decoded once, where that fits into memory. And how to open it again."""
    limits = attempt.order.limits
    if source.sniffed.format == "svg":  # as large as each rendition wants it: it has no pixels to share
        for draft in drafts:
            drawing = functools.partial(svg.open_picture, source, limits, draft.parameters)
            yield drawing(), drawing
        return
    picture = opener(source, limits)
    if len(drafts) > 1:
        alone = any(isinstance(one.parameters, Box) and one.parameters.trim is not None for one in drafts)
        alone |= any(animation_of(picture, ENCODERS[draft.format], draft.parameters) for draft in drafts)
        wanted = [wanted_size(picture, draft.format, draft.parameters, limits) for draft in drafts]
        largest = Size(max(size.width for size in wanted), max(size.height for size in wanted))
        if largest.pixels <= MOST_SHARED_PIXELS and not alone:
            picture = SharedPicture(picture, largest)
    again = (lambda: picture) if isinstance(picture, SharedPicture) else functools.partial(opener, source, limits)
    yield picture, again
    for _ in drafts[1:]:
        yield again(), again
