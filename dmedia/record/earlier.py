"""What earlier jobs of an output directory have written there."""

from __future__ import annotations

import os
import sqlite3
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from dmedia.errors import MediaError, RecordError
from dmedia.record import documents, home
from dmedia.record.rows import split
from dmedia.record.schema import COMPLETED, SKIPPED, decoded, open_for_reading, translated
from dmedia.storage import local as storage

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dmedia.model import Output

SMALL = 5_000
"""Rows. Records up to this size are brought together in one table, so that a directory that was filled by a thousand
small jobs is asked once; larger ones are asked one by one through their own index."""

OPEN_RECORDS = 32
"""Large records that stay open, which bounds file descriptors."""

FIELDS = "s.path, f.source_name, f.size_bytes, f.mtime_ns, r.detail"

KNOWN = f"f.status IN ({COMPLETED}, {SKIPPED})"

ASK = f"""
SELECT {FIELDS} FROM file f
CROSS JOIN directory s ON s.number = f.source_directory CROSS JOIN result r ON r.number = f.number
WHERE f.rendition_directory = ? AND f.rendition_name = ? AND {KNOWN}
"""  # noqa: S608  # our own words

MERGED = """
CREATE TABLE known (directory BLOB, name BLOB, source_directory BLOB, source_name BLOB, size_bytes INTEGER,
  mtime_ns INTEGER, detail TEXT, same_request INTEGER)
"""

MERGE = f"""
INSERT INTO known SELECT d.path, f.rendition_name, {FIELDS}, ?
FROM earlier.file f CROSS JOIN earlier.directory s ON s.number = f.source_directory
CROSS JOIN earlier.directory d ON d.number = f.rendition_directory CROSS JOIN earlier.result r ON r.number = f.number
WHERE {KNOWN}
"""  # noqa: S608  # our own words

ASK_MERGED = """
SELECT source_directory, source_name, size_bytes, mtime_ns, detail, same_request FROM known
WHERE directory = ? AND name = ?
"""


@dataclass(frozen=True, slots=True)
class EarlierRendition:
    """A rendition that an earlier job wrote and that stands as it was written.

    Attributes
    ----------
    source : bytes
        What it was made of.
    size_bytes, mtime_ns : int
        The source as it was then.
    same_request : bool
        Whether operation and parameters were the same.
    outputs : tuple of Output
        All that was made of the source.
    """

    source: bytes
    size_bytes: int
    mtime_ns: int
    same_request: bool
    outputs: tuple[Output, ...]


class EarlierRenditions:
    """The records of earlier jobs with the same output directory, newest first, opened when they are needed.

    Every one of them is asked until one knows a rendition as it stands, so an old job's file is never taken for a
    foreign one. A second identical job finds everything in the newest record, because up-to-date files are noted
    there with their renditions.

    Parameters
    ----------
    output_directory : bytes
        Its path.
    operation, digest : str
        What the new job does, and the digest of its parameters.
    besides : str
        The new job's id: not an earlier one.

    Attributes
    ----------
    warnings : list of str
        One for each record that cannot be read; it is passed over.
    """

    def __init__(self, output_directory: bytes, operation: str, digest: str, *, besides: str = "") -> None:
        self.warnings: list[str] = []
        self._request = (operation, digest)
        jobs = [job for job in home.jobs_of(output_directory) if job != besides]
        self._newest, self._others = jobs[:1], jobs[1:]
        self._large: list[str] | None = None
        self._merged: sqlite3.Connection | None = None
        self._open: OrderedDict[str, _Record] = OrderedDict()

    def look_up(self, standing: Mapping[bytes, tuple[int, int]]) -> dict[bytes, EarlierRendition]:
        """Find which renditions stand as an earlier job wrote them.

        Parameters
        ----------
        standing : mapping of bytes to (int, int)
            By absolute rendition path, the size in bytes and mtime_ns of what stands there.

        Returns
        -------
        dict of bytes to EarlierRendition
            Those that a completed or up-to-date row of an earlier record knows with this size and time, or this size
            and these bytes.
        """
        found: dict[bytes, EarlierRendition] = {}
        left = dict(standing)
        for job in self._newest:
            self._ask(job, left, found)
        if left and self._others:
            if self._large is None:
                self._large = self._merge(self._others)
            self._ask_merged(left, found)
            for job in self._large if left else ():
                self._ask(job, left, found)
        return found

    def close(self) -> None:
        """Close all records."""
        for record in self._open.values():
            record.close()
        self._open.clear()
        if self._merged:
            self._merged.close()
            self._merged = None

    def _ask(self, job: str, left: dict[bytes, tuple[int, int]], found: dict[bytes, EarlierRendition]) -> None:
        path = home.record_path(job)
        try:
            with translated(path), decoded(path):
                record = self._record(job, path)
                for rendition in list(left):
                    for row in record.rows(rendition):
                        _match(rendition, (*row, record.request == self._request), left, found)
        except RecordError as error:
            self._pass_over(job, error)

    def _ask_merged(self, left: dict[bytes, tuple[int, int]], found: dict[bytes, EarlierRendition]) -> None:
        if self._merged is None:
            return
        for rendition in list(left):
            for row in self._merged.execute(ASK_MERGED, split(rendition)).fetchall():
                _match(rendition, row, left, found)

    def _record(self, job: str, path: Path) -> _Record:
        record = self._open.pop(job, None) or _Record(path)
        self._open[job] = record
        if len(self._open) > OPEN_RECORDS:
            _, oldest = self._open.popitem(last=False)
            oldest.close()
        return record

    def _merge(self, jobs: list[str]) -> list[str]:
        """Bring the small records together, and tell the large ones."""
        large = []
        merged = self._merged = sqlite3.connect("", uri=True, isolation_level=None, check_same_thread=False)
        merged.executescript(MERGED)
        for job in jobs:
            path = home.record_path(job)
            try:
                with translated(path), decoded(path):
                    record = _Record(path)
                    record.close()
                    if record.rows_total > SMALL:
                        large.append(job)
                    elif record.rows_total:
                        self._merge_one(path, same_request=record.request == self._request)
            except RecordError as error:
                self._pass_over(job, error)
        merged.execute("CREATE INDEX known_rendition ON known (directory, name)")
        return large

    def _merge_one(self, path: Path, *, same_request: bool) -> None:
        if self._merged is None:
            return
        self._merged.execute("ATTACH ? AS earlier", (f"file:{quote(os.fsencode(path))}?mode=ro",))
        try:
            self._merged.execute(MERGE, (same_request,))
        finally:
            self._merged.execute("DETACH earlier")

    def _pass_over(self, job: str, error: RecordError) -> None:
        self._newest = [other for other in self._newest if other != job]
        self._large = None if self._large is None else [other for other in self._large if other != job]
        self.warnings.append(f"An earlier job was passed over: {error.message}")


class _Record:
    """An earlier record, open to be asked by rendition path."""

    def __init__(self, path: Path) -> None:
        self._connection = open_for_reading(path)
        operation, digest = self._connection.execute("SELECT operation, digest FROM job").fetchone()
        self.request = (operation, digest)
        total, planning = self._connection.execute("SELECT total, planning FROM state").fetchone()
        self.rows_total = 0 if planning else int(total)
        self._directory: tuple[bytes, int] = (b"", -1)

    def rows(self, rendition: bytes) -> list[tuple[Any, ...]]:
        """Read what is known about a rendition path."""
        directory, name = split(rendition)
        if not self.rows_total:
            return []
        if directory != self._directory[0]:
            found = self._connection.execute("SELECT number FROM directory WHERE path = ?", (directory,)).fetchone()
            self._directory = (directory, found[0] if found else -1)
        return self._connection.execute(ASK, (self._directory[1], name)).fetchall()

    def close(self) -> None:
        self._connection.close()


def _match(
    rendition: bytes,
    row: tuple[Any, ...],
    left: dict[bytes, tuple[int, int]],
    found: dict[bytes, EarlierRendition],
) -> None:
    """Take a row over when it knows the rendition as it stands."""
    directory, name, size_bytes, mtime_ns, text, same_request = row
    outputs = documents.read_outputs(documents.read_detail(text), rendition)
    now = left.get(rendition)
    if now and any(output.path == rendition and _stands(output, *now) for output in outputs):
        del left[rendition]
        found[rendition] = EarlierRendition(directory + b"/" + name, size_bytes, mtime_ns, bool(same_request), outputs)


def _stands(output: Output, size_bytes: int, mtime_ns: int) -> bool:
    """Tell whether a rendition is what was written, also where its bytes were written once more.

    A worker that was given up may still publish its file, with the same bytes and a later time; a copy has one too.
    """
    if output.size_bytes != size_bytes:
        return False
    if output.mtime_ns == mtime_ns:
        return True
    with suppress(MediaError):
        return storage.checksum(output.path) == output.sha256
    return False
