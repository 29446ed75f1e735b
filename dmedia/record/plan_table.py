"""The record while its job is planned: rows come in, collisions are cured, outcomes known beforehand are noted."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dmedia.model import FileStatus, PlannedFile, Source
from dmedia.record import documents
from dmedia.record.journal import shorten_journal
from dmedia.record.planned_places import PlannedPlaces
from dmedia.record.rendition_keys import RenditionKeys
from dmedia.record.rows import PAGE, STANDINGS, STATUS, STORED, count_rows, split
from dmedia.record.schema import PENDING, RENDITION_INDEX, transaction, translated

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from dmedia.record.directories import Directories
    from dmedia.record.folder import OpenRecord
    from dmedia.record.further import FurtherRenditions
    from dmedia.record.task_table import TaskTable

BEGIN = "UPDATE state SET state = 'queued', planning = 1, ended_at = NULL, heartbeat = ?"

PLANNED = f"""
SELECT f.number, s.path, f.source_name, f.size_bytes, f.mtime_ns, d.path, f.rendition_name, f.version, f.standing
FROM file f
CROSS JOIN directory s ON s.number = f.source_directory
CROSS JOIN directory d ON d.number = f.rendition_directory
WHERE f.number > ? AND f.status = {PENDING} {{there}}
ORDER BY f.number LIMIT ?
"""  # noqa: S608  # our own words

SUM_BYTES = f"""
SELECT SUM(size_bytes), SUM(MIN(size_bytes * ?, ?)) FROM file WHERE status = {PENDING} AND size_bytes > 0
"""  # noqa: S608  # our own words

THERE = """AND (f.rendition_directory IN (SELECT number FROM temp.there) OR f.number IN
  (SELECT r.number FROM rendition r WHERE r.directory IN (SELECT number FROM temp.there)))
"""

SAME_IDENTITY = """
SELECT s.path, f.source_name FROM file f JOIN directory s ON s.number = f.source_directory
WHERE f.size_bytes = ? AND f.mtime_ns = ?
"""


class PlanTable:
    """The rows of a job that is being planned. Belongs to a `RecordWriter`.

    Parameters
    ----------
    place : OpenRecord
        The writer's.
    tasks : TaskTable
        What the rows become; keeps the job's counters.
    directories : Directories
        The writer's.
    further : FurtherRenditions
        The writer's.

    Attributes
    ----------
    keys : RenditionKeys
        What tells collisions.
    places : PlannedPlaces
        The rows by the URLs of their sources and renditions.
    """

    def __init__(
        self, place: OpenRecord, tasks: TaskTable, directories: Directories, further: FurtherRenditions
    ) -> None:
        self.keys = RenditionKeys(place.connection)
        self._place, self._tasks = place, tasks
        self._connection = place.connection
        self._directories, self._further = directories, further
        self.places = PlannedPlaces(place.connection, further)

    def begin(self) -> None:
        """Begin to plan, or begin again after a launcher died while it planned."""
        self._directories.forget()
        self.places.forget()
        with translated(self._place.path), transaction(self._connection):
            for table in ("file", "result", "directory", "warning"):
                self._connection.execute(f"DELETE FROM {table}")  # noqa: S608  # the names stand in this line
            self.keys.clear()
            self._further.clear()
            self._tasks.count()
            self._connection.execute(BEGIN, (time.time(),))
        self._place.unmark_ended()

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Make what happens inside one transaction, with a heartbeat."""
        with translated(self._place.path), transaction(self._connection):
            yield
            self._connection.execute("UPDATE state SET heartbeat = ?", (time.time(),))

    def add(self, files: Sequence[PlannedFile], keys: Iterable[tuple[bytes, ...]]) -> None:
        """Insert rows in one transaction.

        Parameters
        ----------
        files : sequence of PlannedFile
            With consecutive numbers.
        keys : iterable of tuple of bytes
            For each, the paths of its renditions folded as the output file system folds names; none to leave it out of
            collisions.
        """
        with self.changing():
            self._insert(files)
            self.keys.add((file.number, folded) for file, folded in zip(files, keys, strict=True))
            self._further.add(files)
            self._connection.execute("UPDATE state SET total = total + ?", (len(files),))

    def complete(self, base: bytes, ignored: Mapping[str, int], warnings: Sequence[str]) -> None:
        """Declare the plan complete.

        Parameters
        ----------
        base : bytes
            The directory whose tree is mirrored.
        ignored : mapping of str to int
            Files that were passed over, by extension.
        warnings : sequence of str
            What concerns the job as a whole.
        """
        execute = self._connection.execute
        with translated(self._place.path):
            self._finish()
            with transaction(self._connection, durable=True):
                execute("UPDATE job SET base = ?, ignored = ?", (base, json.dumps(dict(ignored))))
                noted = [(text,) for text in warnings]
                self._connection.executemany("INSERT OR IGNORE INTO warning (text) VALUES (?)", noted)
                self._tasks.count()
                execute("UPDATE state SET planning = 0, heartbeat = ?", (time.time(),))
            shorten_journal(self._connection)

    def is_complete(self) -> bool:
        """Tell whether the plan is complete."""
        with translated(self._place.path):
            return not self._connection.execute("SELECT planning FROM state").fetchone()[0]

    def _insert(self, files: Iterable[PlannedFile]) -> None:
        rows, details = [], []
        for file in files:
            number = file.number
            source_directory, source_name = split(file.source.path)
            directory, name = split(file.rendition)
            source_number, directory_number = (
                self._directories.number(source_directory),
                self._directories.number(directory),
            )
            identity = (file.source.size_bytes, file.source.mtime_ns)
            standing, status = STANDINGS.index(file.standing), STORED[file.status]
            code = file.failure.code if file.failure else None
            places = (source_number, source_name, *identity, directory_number, name)
            rows.append((number, *places, standing, status, code, file.source.version or None))
            if status != PENDING:
                details.append((number, documents.write_planned(file.failure, file.outputs, file.rendition)))
        execute = self._connection.executemany
        execute("INSERT INTO file VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?)", rows)
        execute("INSERT INTO result VALUES (?, ?)", details)

    def rename(self, number: int, rank: int, rendition: bytes, key: bytes) -> None:
        """Give the first (rank 0) or a further rendition of a file another path, within the caller's transaction."""
        if rank:
            self._further.rename(number, rank, rendition)
        else:
            directory, name = split(rendition)
            self._connection.execute(
                "UPDATE file SET rendition_directory = ?, rendition_name = ? WHERE number = ?",
                (self._directories.number(directory), name, number),
            )
        self.keys.rename(number, rank, key)

    def pages(self, *, there: bool = False) -> Iterator[list[PlannedFile]]:
        """List the pending files in the order of their numbers, page by page.

        Parameters
        ----------
        there : bool
            Whether only those of which a rendition's directory exists: in a new tree, that is none.
        """
        if there:
            self._directories.note_there()
        query, after = PLANNED.format(there=THERE if there else ""), -1
        while rows := self._connection.execute(query, (after, PAGE)).fetchall():
            further = self._further.of_files([row[0] for row in rows])
            page = []
            for number, directory, name, size, mtime, place, into, version, standing in rows:
                source = Source(directory + b"/" + name, b"", size, mtime, version=version or "")
                rendition, also = place + b"/" + into, further.get(number, ())
                page.append(PlannedFile(number, source, rendition, STANDINGS[standing], also=also))
            yield page
            after = rows[-1][0]

    def sources_like(self, size_bytes: int, mtime_ns: int) -> list[bytes]:
        """List the job's sources of this size and modification time: one file has one of each."""
        self._connection.execute("CREATE INDEX IF NOT EXISTS file_identity ON file (size_bytes, mtime_ns)")
        rows = self._connection.execute(SAME_IDENTITY, (size_bytes, mtime_ns))
        return [directory + b"/" + name for directory, name in rows]

    def settle(self, files: Sequence[PlannedFile]) -> None:
        """Note standing and outcome of files, within the caller's transaction."""
        rows, details = [], []
        for file in files:
            status, code = STORED[file.status], file.failure.code if file.failure else None
            rows.append((STANDINGS.index(file.standing), status, code, file.number))
            if status != PENDING:
                details.append((file.number, documents.write_planned(file.failure, file.outputs, file.rendition)))
        self._connection.executemany("UPDATE file SET standing = ?, status = ?, code = ? WHERE number = ?", rows)
        self._connection.executemany("INSERT OR REPLACE INTO result VALUES (?, ?)", details)
        self._further.settle(files)
        self.keys.drop(file.number for file in files if file.status is FileStatus.FAILED)

    def total(self) -> int:
        """Tell how many rows there are."""
        return int(self._connection.execute("SELECT COUNT(*) FROM file").fetchone()[0])

    def count(self) -> dict[FileStatus, int]:
        """Count the rows by status."""
        counted, _ = count_rows(self._connection)
        return {status: counted[stored] for stored, status in STATUS.items()}

    def sum_bytes(self, ratio: float, at_most: float) -> tuple[int, int]:
        """Add up what is pending.

        Parameters
        ----------
        ratio : float
            Bytes of a rendition for each byte of its source.
        at_most : float
            Bytes of the largest rendition; infinity where nothing bounds it.

        Returns
        -------
        tuple of int
            Bytes of the sources, and the estimate for the renditions.
        """
        bytes_in, estimate = self._connection.execute(SUM_BYTES, (ratio, min(at_most, 1e18))).fetchone()
        return bytes_in or 0, int(estimate or 0)

    def _finish(self) -> None:
        """Drop what only planning needs and build the index that later jobs look renditions up in."""
        with transaction(self._connection):
            self._connection.execute("DROP INDEX IF EXISTS file_identity")
            self.places.forget()
            self._connection.execute(RENDITION_INDEX)
            self._further.index()
            self.keys.clear()
        self._directories.forget()
