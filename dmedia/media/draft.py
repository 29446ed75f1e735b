"""Drafts: the renditions of one run of a task, written beside their places, and what is done to them there."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from dmedia import formats
from dmedia.errors import MediaError
from dmedia.media import metadata
from dmedia.media.animation import STILL
from dmedia.media.decoders.vips import VipsPicture
from dmedia.media.encoders import encode
from dmedia.media.geometry import Size
from dmedia.media.search import NOT_TOLD
from dmedia.storage import local

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dmedia.media.animation import Motion
    from dmedia.media.opened import Notes, OpenSource
    from dmedia.media.search import Accuracy
    from dmedia.model import Task, WorkOrder
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

    @property
    def size_bytes(self) -> int:
        """What has been written."""
        return os.fstat(self.descriptor).st_size

    def encode(self, image: Any, parameters: Encoding) -> None:
        """Write a picture with its metadata; what was there is replaced. Raises what ``encoders.encode`` does."""
        encode(image, self.descriptor, self.format, parameters)
        if self.format == "tiff":
            metadata.complete_tiff(self.path, image)
        if self.format == "webp":
            metadata.complete_webp(self.descriptor, image)
        if self.format == "png":
            metadata.complete_png(self.descriptor, image)

    def decode(self) -> Any:
        """Give the pixels that were written, as stored: a ``pyvips.Image`` that can be read once."""
        return stored_pixels(self.descriptor, self.format)

    def read(self) -> bytes:
        """Give the bytes that were written."""
        return metadata.read_whole(self.descriptor)

    def replace(self, data: bytes) -> None:
        """Write these bytes; what was there is replaced."""
        os.ftruncate(self.descriptor, 0)
        metadata.write_at(self.descriptor, 0, data)


@dataclass(frozen=True, slots=True)
class Measures:
    """A finished picture's width and height in pixels, its frames, and what is told of them.

    Attributes
    ----------
    stored : Size
        As the file says.
    upright : Size
        As it is seen: differs only for an original that was kept with its orientation.
    motion : Motion
        How its frames follow each other.
    accuracy : Accuracy
        How near it is to its pixels.
    """

    stored: Size
    upright: Size
    motion: Motion = STILL
    accuracy: Accuracy = NOT_TOLD


def stored_pixels(descriptor: int, image_format: ImageFormat) -> Any:
    """Decode a file that is open, of a format that is written here, at its own size and as it is stored."""
    picture = VipsPicture(descriptor, image_format)
    return picture.decode(Size(picture.width, picture.height))


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
