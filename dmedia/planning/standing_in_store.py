"""What stands already where the renditions go, in a store: its listing is read once and compared with the plan."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Literal

from dmedia.errors import MediaError, PreflightError
from dmedia.storage.ancestry import common_parent
from dmedia.storage.inquiry import at_once
from dmedia.storage.stores import store_of
from dmedia.words import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from dmedia.model import PlannedFile
    from dmedia.record.writer import RecordWriter
    from dmedia.storage.stores import Identity

BATCH = 1_000
"""Objects of a listing that are compared at once: a page of S3's (ListObjectsV2, MaxKeys)."""

LEAST_LISTED, LISTED_A_FILE = 10_000, 20
"""A listing is read to its end when it is not longer than the first, or this many times the files of the job: a page of
a thousand objects costs about what five questions after single objects do, and a bucket can hold a billion others."""


Kind = Literal["file", "directory", "other"]


@dataclass(frozen=True, slots=True)
class There:
    """What stands at a rendition's path.

    Attributes
    ----------
    identity : Identity
        Its size, time and version.
    kind : Kind
        What it is.
    """

    identity: Identity
    kind: Kind


def standing_in_store(
    record: RecordWriter, meanwhile: Callable[[], None]
) -> Iterator[tuple[list[PlannedFile], dict[bytes, There]]]:
    """Find what stands at the renditions' URLs.

    Parameters
    ----------
    record : RecordWriter
        With all rows of the plan, their URLs final.
    meanwhile : callable
        See `standing.note_standing`.

    Yields
    ------
    list of PlannedFile, dict of bytes to There
        Files at one of whose URLs something stands, and what, by the URLs.

    Raises
    ------
    PreflightError
        When the store does not tell. The message says why.
    """
    try:
        yield from _listed(record, meanwhile)
    except MediaError as error:
        where = shown(record.spec.output_directory)
        raise PreflightError(f"What stands in {where} cannot be listed: {error.message}", error.hint) from error


def _listed(
    record: RecordWriter, meanwhile: Callable[[], None]
) -> Iterator[tuple[list[PlannedFile], dict[bytes, There]]]:
    directories = record.rendition_directories()
    if not directories:
        return
    top = common_parent(directories)
    most, seen = max(LEAST_LISTED, LISTED_A_FILE * record.plan.total()), 0
    listing = store_of(top).entries(top, recursive=True)
    while entries := list(islice(listing, BATCH)):
        meanwhile()
        there = {entry.location: There(entry.identity, "file") for entry in entries}
        yield record.plan.places.pending_at(there), there
        seen += len(entries)
        if seen >= most:
            yield from ask_after(record.plan.pages(), meanwhile)  # what is settled is not among them
            return


def ask_after(
    pages: Iterable[list[PlannedFile]], meanwhile: Callable[[], None]
) -> Iterator[tuple[list[PlannedFile], dict[bytes, There]]]:
    """Ask after each rendition by itself, several at once.

    Parameters
    ----------
    pages : iterable of list of PlannedFile
        The files, some at a time.
    meanwhile : callable
        See `standing.note_standing`.

    Yields
    ------
    list of PlannedFile, dict of bytes to There
        Each page, and what stands there, by the renditions' URLs.

    Raises
    ------
    MediaError
        When the store does not tell.
    """
    for page in pages:
        there = {}
        for rendition, found in at_once(_look, [rendition for file in page for rendition in file.renditions]):
            meanwhile()
            if found:
                there[rendition] = There(found, "file")
        yield page, there


def _look(rendition: bytes) -> Identity | None:
    return store_of(rendition).look(rendition)
