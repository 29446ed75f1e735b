"""One run of a task, and the rendition that is being written in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from dmedia.media.opened import Notes
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
    """

    path: bytes
    descriptor: int
    format: ImageFormat
