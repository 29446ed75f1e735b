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
from dmedia.media import faults, metadata, originals
from dmedia.media.attempt import Attempt, Draft
from dmedia.media.decoders import decoders_for, raw, svg
from dmedia.media.decoders.poster import open_poster
from dmedia.media.encoders import encode
from dmedia.media.framing import turned
from dmedia.media.gain_map import DROPPED, has_gain_map
from dmedia.media.geometry import Size
from dmedia.media.libvips import pyvips
from dmedia.media.opened import Notes, check_bytes, look_at
from dmedia.media.rendering import render
from dmedia.media.verification import verify
from dmedia.media.work import load_work
from dmedia.model import FileResult, Output
from dmedia.operations import find_operation
from dmedia.storage import local
from dmedia.storage.faults import fault
from dmedia.storage.locations import is_url

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dmedia.media.decoders import Opener
    from dmedia.media.decoders.picture import Picture
    from dmedia.media.opened import OpenSource
    from dmedia.model import Failure, Task, WorkOrder
    from dmedia.operations.parameters import ImageFormat


@dataclass(frozen=True, slots=True)
class Measures:
    """A finished picture's width and height in pixels.

    Attributes
    ----------
    stored : Size
        As the file says.
    upright : Size
        As it is seen: differs only for an original that was kept with its orientation.
    """

    stored: Size
    upright: Size


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
        gps_removed=notes.gps_removed and failure is None,
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
        replaces, mtime_ns = task.replaces or task.renews, _date(attempt)
        local.publish(draft.path, task.rendition, order.job, replaces=replaces, mtime_ns=mtime_ns)
        written = os.fstat(draft.descriptor)
    return Output(task.rendition, *measures.upright, draft.format, written.st_size, written.st_mtime_ns, sha256)


def _date(attempt: Attempt) -> int | None:
    """Tell when the rendition shall have been changed last; of a source from a store, its copy here does not know."""
    if not getattr(attempt.parameters, "keep_dates", False):  # of a film, an operation may know no such thing
        return None
    if is_url(attempt.task.source):
        attempt.notes.warn("the source's date was not kept: it lies in a store")
        return None
    return os.fstat(attempt.descriptor).st_mtime_ns


def _choose_decoders(source: OpenSource, attempt: Attempt) -> Sequence[Opener]:
    operation = attempt.order.operation
    if source.sniffed.format == "svg" and attempt.order.limits.allow_svg:
        return (functools.partial(svg.open_picture, parameters=attempt.parameters),)
    if source.sniffed.format == "raw" and attempt.parameters.raw == "strict":
        return (functools.partial(raw.open_picture, strict=True),)
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
            return _encode(opener(source, attempt.order.limits), source, draft, attempt)
        except MediaError as error:
            if refusals:
                raise refusals[0] from None
            if error.code != "unsupported_format":
                raise
            refusals.append(error)
    raise refusals[0]


def _encode(picture: Picture, source: OpenSource, draft: Draft, attempt: Attempt) -> Measures:
    notes, parameters = attempt.notes, attempt.parameters
    notes.decoder = picture.decoder
    stored = Size(picture.width, picture.height)
    try:
        if originals.keep_frames(picture, source, draft, attempt):
            return Measures(stored, turned(stored, picture.orientation))
        work = load_work(attempt.order.operation)
        rendered = render(picture, draft.format, parameters, attempt.order.limits, notes, work)
        encode(rendered.image, draft.descriptor, draft.format, parameters)
        if draft.format == "tiff":
            metadata.complete_tiff(draft.path, rendered.image)
        if draft.format == "png":
            metadata.complete_png(draft.descriptor, rendered.image)
        is_copy = not rendered.changed and originals.keep_smaller(picture, source, draft, attempt)
        if not (is_copy and parameters.metadata == "keep") and has_gain_map(source):
            notes.warn(DROPPED)
        if is_copy:
            return Measures(stored, turned(stored, picture.orientation))
    except pyvips.Error as error:
        raise faults.media_error(str(error), "encode") from None
    except OSError as error:
        raise fault(error, "encode") from None
    return Measures(rendered.size, rendered.size)
