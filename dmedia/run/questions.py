"""What a slot is asked: about a file, whose descriptor comes with the question, or about itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dmedia.model import Task


@dataclass(frozen=True, slots=True)
class Assignment:
    """Process a file.

    Attributes
    ----------
    task : Task
        What to do.
    temporaries : tuple of bytes
        Where each rendition is written first, in the order of the task's places.
    """

    task: Task
    temporaries: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Inquiry:
    """Describe a file.

    Attributes
    ----------
    source : bytes
        Absolute path, to compare its name with the content.
    """

    source: bytes


@dataclass(frozen=True, slots=True)
class Introspection:
    """Tell about itself.

    Attributes
    ----------
    formats : tuple of str or None
        Only these are looked at, and no versions: libraries that nobody asks for are not loaded, and the slot
        is not yet in its sandbox. ``None``: everything.
    """

    formats: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """Decode and encode a specimen of each format."""


Question = Assignment | Inquiry
