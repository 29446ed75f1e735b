"""What a job demands of a worker, and what a worker lacks of it. Plain data that crosses the wire."""

from __future__ import annotations

from dataclasses import dataclass, field

from dmedia.media.libraries import EXACTLY

CANNOT_READ = "cannot read"
"""Begins what is said of a source that is there, and that a worker may not or cannot read."""


FULL_NAMES = {
    "jpg": "JPEG", "heif": "HEIC", "raw": "camera RAW", "jp2": "JPEG 2000", "film": "films", "webp": "WebP",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sample:
    """A source that every worker must see.

    Attributes
    ----------
    location : bytes
        Absolute path, or a URL.
    size_bytes : int
        Its size; -1 where nobody knows it.
    """

    location: bytes
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Demand:
    """What a job demands of every worker.

    Attributes
    ----------
    reads, writes : tuple of str
        Formats that it must decode and encode, as ``formats`` names them; ``film`` for all films.
    samples : tuple of Sample
        Sources that it must see as the launcher does.
    output : bytes
        The output directory that it must write: absolute path, or a URL.
    marker : bytes
        A file that the launcher has put there, by which a worker knows the directory; empty where there is none.
    """

    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    samples: tuple[Sample, ...] = ()
    output: bytes = b""
    marker: bytes = b""


@dataclass(frozen=True, slots=True)
class Lack:
    """Something that a worker lacks.

    Attributes
    ----------
    phrase : str
        What follows "2 of 12 workers ..." in a sentence: ``cannot read HEIC``. It begins with a verb, in the plural.
    detail : str
        What differs from worker to worker; empty where nothing does.
    hint : str
        What to do about it.
    """

    phrase: str
    detail: str = ""
    hint: str = ""


UNEXAMINED = Lack(
    "have not come back from looking at inputs and output",
    "",
    "see whether a directory or a store of the job hangs there",
)
"""What is said of workers that may be fit or not: they have not ended examining themselves within the time for it."""


@dataclass(frozen=True, slots=True)
class Testimony:
    """What a worker says about itself.

    Attributes
    ----------
    worker : str
        Its address.
    slots : int
        Its slots for the job.
    lacks : tuple of Lack
        What it lacks; empty of a fit one.
    """

    worker: str
    slots: int
    lacks: tuple[Lack, ...] = field(default=())


def full_name(name: str) -> str:
    """Name a format for people."""
    if name.startswith(EXACTLY):
        return f"{full_name(name.removeprefix(EXACTLY))} without loss"
    return FULL_NAMES.get(name, name.upper())


SINGULAR = {"do": "does", "have": "has", "lack": "lacks", "see": "sees"}


def in_singular(phrase: str) -> str:
    """Say of one worker what a `Lack` says of several."""
    verb, space, rest = phrase.partition(" ")
    return SINGULAR.get(verb, verb) + space + rest
