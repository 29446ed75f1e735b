"""What a slot says to its worker: about itself, about a file it was asked about, or that it cannot start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dmedia.model import Failure, FileResult, MediaInfo


@dataclass(frozen=True, slots=True)
class Deadline:
    """A slot has begun a file, or learned how long it may take.

    Attributes
    ----------
    deadline_s : float
        Seconds from the file's begin.
    """

    deadline_s: float


@dataclass(frozen=True, slots=True)
class Answer:
    """A file is done.

    Attributes
    ----------
    result : FileResult
        Its outcome.
    is_last : bool
        Whether the slot now ends by itself.
    exposure : str
        Why the slot works without the sandbox that this system has; empty when it is in it, or there is none to have.
    """

    result: FileResult
    is_last: bool
    exposure: str = ""


@dataclass(frozen=True, slots=True)
class Description:
    """A file is described.

    Attributes
    ----------
    info : MediaInfo or None
        What it says about itself.
    failure : Failure or None
        Why it says nothing; exactly one of the two is there.
    is_last, exposure
        As of an `Answer`.
    """

    info: MediaInfo | None
    failure: Failure | None
    is_last: bool
    exposure: str = ""


@dataclass(frozen=True, slots=True)
class Hindrance:
    """A slot cannot start.

    Attributes
    ----------
    reason : str
        What keeps it.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class SlotReport:
    """What a slot knows of itself.

    Attributes
    ----------
    abi : int
        Version of the kernel's Landlock interface that narrows it; 0 where nothing does.
    reason : str
        Why nothing does, or not all; see ``media.sandbox.Sandbox``.
    refuses : tuple of str
        What it is refused.
    is_tight : bool
        Whether it was really refused what it tried.
    versions : dict of str
        Of the libraries that decode and encode, by name.
    font : str
        File of the font that texts are written with; empty where it cannot be read.
    reads, writes : tuple of str
        Formats that it can decode and encode.
    """

    abi: int
    reason: str
    refuses: tuple[str, ...]
    is_tight: bool
    versions: dict[str, str]
    font: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trials:
    """What a slot has really decoded and encoded.

    Attributes
    ----------
    reads, writes : dict of str
        By format: empty where it works, else a sentence that says why it does not.
    """

    reads: dict[str, str]
    writes: dict[str, str]


Said = Deadline | Answer | Description | Hindrance | SlotReport | Trials
