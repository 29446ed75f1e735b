"""The work on one file: open, decode, operate, encode, verify, publish. Never raises, never leaves half a file."""

from __future__ import annotations

import contextlib
import functools
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from dmedia import formats
from dmedia.errors import MediaError
from dmedia.media import faults
from dmedia.media.decoders import decoders_for
from dmedia.media.decoders.poster import open_poster
from dmedia.media.draft import Draft
from dmedia.media.framing import turned
from dmedia.media.geometry import Size
from dmedia.media.libvips import pyvips
from dmedia.media.lossless import compress_exactly, refuse_jpeg
from dmedia.media.opened import Notes, check_bytes, look_at
from dmedia.media.originals import keep_fitting, keep_frames, keep_original
from dmedia.media.rendering import render
from dmedia.media.search import NOT_TOLD, Accuracy, refuse_too_large, write_or_tell
from dmedia.media.trials import HELD_SHARE, Pixels
from dmedia.media.verification import verify
from dmedia.media.work import load_work
from dmedia.model import FileResult, Output
from dmedia.operations import find_operation
from dmedia.storage import local
from dmedia.storage.faults import fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dmedia.media.decoders import Opener
    from dmedia.media.decoders.picture import Picture
    from dmedia.media.opened import OpenSource
    from dmedia.media.rendering import Rendered
    from dmedia.model import Failure, Task, WorkOrder
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
    temporary : bytes
        Where the rendition is written first.
    descriptor : int
        The source, open for reading.
    notes : Notes
        What is learned on the way.
    """

    order: WorkOrder
    task: Task
    temporary: bytes
    descriptor: int
    notes: Notes

    @property
    def parameters(self) -> Encoding:
        """The operation's parameters."""
        return cast("Encoding", self.order.parameters)


@dataclass(frozen=True, slots=True)
class Measures:
    """A finished picture's width and height in pixels, and what is told of them.

    Attributes
    ----------
    stored : Size
        As the file says.
    upright : Size
        As it is seen: differs only for an original that was kept with its orientation.
    accuracy : Accuracy
        How near it is to its pixels.
    """

    stored: Size
    upright: Size
    accuracy: Accuracy = NOT_TOLD


def process(order: WorkOrder, task: Task, temporary: bytes, descriptor: int) -> FileResult:
    """Do one task.

    Parameters
    ----------
    order : WorkOrder
        What all tasks of the job have in common.
    task : Task
        The source and where its rendition goes.
    temporary : bytes
        Where the rendition is written before it is published: ``local.temporary_path``. It is gone afterwards.
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
        outputs = (_make(Attempt(order, task, temporary, descriptor, notes)),)
    except Exception as error:  # noqa: BLE001  # one file's failure must never become the slot's
        failure = faults.failure_of(error, task)
    finally:
        local.discard(temporary)
    return FileResult(
        number=task.number,
        outputs=outputs,
        failure=failure,
        seconds=time.perf_counter() - started,
        decoder=notes.decoder,
        bytes_in=notes.bytes_in,
        warnings=tuple(notes.warnings),
    )


def _make(attempt: Attempt) -> Output:
    order, task = attempt.order, attempt.task
    source = look_at(attempt.descriptor, task.source, attempt.notes)
    check_bytes(source.size_bytes, source.sniffed.kind, order.limits)
    openers = _choose_decoders(source, attempt)
    with _draft(source, attempt) as draft:
        measures = _write(source, openers, draft, attempt)
        verify(draft.descriptor, draft.format, measures.stored)
        sha256 = local.checksum(draft.path)
        local.publish(draft.path, task.rendition, order.job, replaces=task.replaces or task.renews)
        written = os.fstat(draft.descriptor)
    return Output(
        task.rendition,
        *measures.upright,
        draft.format,
        written.st_size,
        written.st_mtime_ns,
        sha256,
        quality=measures.accuracy.quality,
        ssim=measures.accuracy.ssim,
        identical=measures.accuracy.identical,
    )


def _choose_decoders(source: OpenSource, attempt: Attempt) -> Sequence[Opener]:
    operation = attempt.order.operation
    if source.sniffed.kind != "film":
        return decoders_for(source)
    if "film" not in find_operation(operation).accepts:
        message = f"Unsupported format: this is a film; {operation} works on images"
        raise MediaError("unsupported_format", message, "open", "thumbnail makes a picture of a film")
    return (functools.partial(open_poster, parameters=attempt.parameters),)


@contextlib.contextmanager
def _draft(source: OpenSource, attempt: Attempt) -> Iterator[Draft]:
    task = attempt.task
    if local.same_file(attempt.descriptor, task.rendition):
        message = "Output exists: the rendition would replace its own source"
        raise MediaError("output_exists", message, "publish", "Choose another output directory or name")
    local.prepare_parent(task.rendition, attempt.order.output_directory, attempt.order.roots)
    descriptor = local.create(attempt.temporary, attempt.order.roots)
    try:
        yield Draft(attempt.temporary, descriptor, _rendition_format(source, attempt))
    finally:
        os.close(descriptor)


def _rendition_format(source: OpenSource, attempt: Attempt) -> ImageFormat:
    """Follow the extension: it was planned from the format asked for, or from the same sniffing."""
    planned = formats.EXTENSION_FORMAT.get(formats.extension(attempt.task.rendition))
    if planned in formats.RENDITION_EXTENSION:
        return cast("ImageFormat", planned)
    return attempt.parameters.format or formats.rendition_format(source.sniffed)


def _write(source: OpenSource, openers: Sequence[Opener], draft: Draft, attempt: Attempt) -> Measures:
    """Decode and encode with the first decoder that can; where none can, the first one's reason counts."""
    refusals: list[MediaError] = []
    for opener in openers:
        try:
            return _encode(functools.partial(opener, source, attempt.order.limits), source, draft, attempt)
        except MediaError as error:
            if refusals:
                raise refusals[0] from None
            if error.code != "unsupported_format":
                raise
            refusals.append(error)
    raise refusals[0]


def _encode(open_again: Callable[[], Picture], source: OpenSource, draft: Draft, attempt: Attempt) -> Measures:
    notes, parameters = attempt.notes, attempt.parameters
    picture = open_again()
    notes.decoder = picture.decoder
    stored = Size(picture.width, picture.height)
    as_stored = Measures(stored, turned(stored, picture.orientation))
    try:
        if keep_frames(picture, source, draft, attempt):
            refuse_too_large(draft, parameters)
            notes.warn(f"the animation was kept as it is: {picture.frames} frames are not encoded anew")
            return as_stored
        refuse_jpeg(source, draft, attempt)
        if attempt.order.operation == "compress" and parameters.lossless:
            exact = compress_exactly(picture, open_again, source, draft, attempt)
            size = as_stored.upright if exact.is_upright else stored
            return Measures(size, as_stored.upright, exact.accuracy)
        rendered = _render(picture, draft, attempt)
        if keep_fitting(source, rendered, draft, attempt):
            notes.warn("original kept: it is not larger than was asked for")
            return as_stored
        pixels = Pixels(
            rendered.image,
            lambda: _render(open_again(), draft, attempt).image,
            attempt.order.limits.image_slot_bytes // HELD_SHARE,
        )
        accuracy, unmet = write_or_tell(pixels, draft, parameters)
        if keep_original(source, rendered, draft, attempt, is_needed=unmet is not None):
            notes.warn("original kept: it is smaller" if unmet is None else f"original kept: {unmet.reason}")
            return as_stored
        if unmet is not None:
            raise unmet
    except pyvips.Error as error:
        raise faults.media_error(str(error), "encode") from None
    except OSError as error:
        raise fault(error, "encode") from None
    return Measures(rendered.size, rendered.size, accuracy)


def _render(picture: Picture, draft: Draft, attempt: Attempt) -> Rendered:
    work = load_work(attempt.order.operation)
    return render(picture, draft.format, attempt.parameters, attempt.order.limits, attempt.notes, work)
