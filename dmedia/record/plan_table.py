"""The record while its job is planned: rows come in, collisions are cured, outcomes known beforehand are noted."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dmedia.model import FileStatus, PlannedFile, Source, Standing
from dmedia.record import documents
from dmedia.record.rows import PAGE, STATUS, STORED, count_rows, split
from dmedia.record.schema import PENDING, RENDITION_DIRECTORIES, RENDITION_INDEX, transaction

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

STANDINGS = (Standing.NOTHING, Standing.OURS, Standing.FOREIGN)

KEY_BYTES = 16
"""Collisions are compared by digests of this length: two of 10^9 names have the same one with probability 10^-21."""

CACHED_DIRECTORIES = 10_000

KEYS = """
CREATE TEMP TABLE IF NOT EXISTS key (
  number INTEGER PRIMARY KEY, digest BLOB NOT NULL, renamed INTEGER NOT NULL DEFAULT 0
);
CREATE TEMP TABLE IF NOT EXISTS colliding (first INTEGER, number INTEGER, PRIMARY KEY (first, number)) WITHOUT ROWID;
CREATE TEMP TABLE IF NOT EXISTS there (number INTEGER PRIMARY KEY);
"""

FIND_COLLIDING = """
INSERT INTO temp.colliding
SELECT g.first, k.number
FROM (SELECT digest, MIN(number) AS first FROM temp.key GROUP BY digest HAVING COUNT(*) > 1) g
JOIN temp.key k ON k.digest = g.digest
"""

MEMBERS = """
SELECT c.first, c.number, s.path, f.source_name, d.path, f.rendition_name, k.renamed
FROM temp.colliding c
CROSS JOIN temp.key k ON k.number = c.number
CROSS JOIN file f ON f.number = c.number
CROSS JOIN directory s ON s.number = f.source_directory
CROSS JOIN directory d ON d.number = f.rendition_directory
WHERE (c.first, c.number) > (?, ?)
ORDER BY c.first, c.number LIMIT ?
"""

PLANNED = f"""
SELECT f.number, s.path, f.source_name, f.size_bytes, f.mtime_ns, d.path, f.rendition_name
FROM file f
CROSS JOIN directory s ON s.number = f.source_directory
CROSS JOIN directory d ON d.number = f.rendition_directory
WHERE f.number > ? AND f.status = {PENDING} {{there}}
ORDER BY f.number LIMIT ?
"""  # noqa: S608  # our own words

SUM_BYTES = f"""
SELECT SUM(size_bytes), SUM(MIN(size_bytes * ?, ?)) FROM file WHERE status = {PENDING} AND size_bytes > 0
"""  # noqa: S608  # our own words

THERE = "AND f.rendition_directory IN (SELECT number FROM temp.there)"

SAME_IDENTITY = """
SELECT s.path, f.source_name FROM file f JOIN directory s ON s.number = f.source_directory
WHERE f.size_bytes = ? AND f.mtime_ns = ?
"""


@dataclass(frozen=True, slots=True)
class Colliding:
    """A file whose rendition path another file has too.

    Attributes
    ----------
    group : int
        The lowest number among the files of this path: the same for all of them.
    number : int
        The file's number.
    source, rendition : bytes
        Absolute paths.
    renamed : bool
        Whether `PlanTable.rename` has given it this path.
    """

    group: int
    number: int
    source: bytes
    rendition: bytes
    renamed: bool


class PlanTable:
    """The rows of a job that is being planned. Belongs to a `RecordWriter`.

    Parameters
    ----------
    connection : sqlite3.Connection
        The writer's.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._directories: dict[bytes, int] = {}
        connection.executescript(KEYS)

    def clear(self) -> None:
        """Begin, or begin again after a launcher died while it planned."""
        self._directories.clear()
        with transaction(self._connection):
            for table in ("file", "result", "directory", "warning", "temp.key", "temp.colliding"):
                self._connection.execute(f"DELETE FROM {table}")  # noqa: S608  # the names stand in this line

    def add(self, files: Iterable[PlannedFile], keys: Iterable[bytes]) -> int:
        """Insert rows within the caller's transaction. An empty key takes no part in collisions.

        Returns
        -------
        int
            How many.
        """
        rows, digests, details = [], [], []
        for file, key in zip(files, keys, strict=True):
            number = file.number
            source_directory, source_name = split(file.source.path)
            directory, name = split(file.rendition)
            source_number, directory_number = self._number(source_directory), self._number(directory)
            identity = (file.source.size_bytes, file.source.mtime_ns)
            standing, status = STANDINGS.index(file.standing), STORED[file.status]
            code = file.failure.code if file.failure else None
            rows.append((number, source_number, source_name, *identity, directory_number, name, standing, status, code))
            if key:
                digests.append((number, digest(key)))
            if status != PENDING:
                details.append((number, documents.write_planned(file.failure, file.outputs, file.rendition)))
        execute = self._connection.executemany
        execute("INSERT INTO file VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)", rows)
        execute("INSERT INTO temp.key (number, digest) VALUES (?, ?)", digests)
        execute("INSERT INTO result VALUES (?, ?)", details)
        return len(rows)

    def find_collisions(self) -> int:
        """Look for renditions with the same key; `colliding` lists them.

        Returns
        -------
        int
            How many files collide.
        """
        with transaction(self._connection):
            self._connection.execute("CREATE INDEX IF NOT EXISTS temp.key_digest ON key (digest)")
            self._connection.execute("DELETE FROM temp.colliding")
            return self._connection.execute(FIND_COLLIDING).rowcount

    def colliding(self) -> Iterator[list[Colliding]]:
        """List what the last `find_collisions` found, by group and number, page by page. Pages may part a group."""
        after = (-1, -1)
        while rows := self._connection.execute(MEMBERS, (*after, PAGE)).fetchall():
            yield [
                Colliding(first, number, directory + b"/" + name, into + b"/" + target, bool(renamed))
                for first, number, directory, name, into, target, renamed in rows
            ]
            after = rows[-1][:2]

    def is_taken(self, key: bytes) -> bool:
        """Tell whether a rendition has this key."""
        query = "SELECT 1 FROM temp.key WHERE digest = ?"
        return self._connection.execute(query, (digest(key),)).fetchone() is not None

    def rename(self, number: int, rendition: bytes, key: bytes) -> None:
        """Give a file another rendition path, within the caller's transaction."""
        directory, name = split(rendition)
        self._connection.execute(
            "UPDATE file SET rendition_directory = ?, rendition_name = ? WHERE number = ?",
            (self._number(directory), name, number),
        )
        self._connection.execute("UPDATE temp.key SET digest = ?, renamed = 1 WHERE number = ?", (digest(key), number))

    def pages(self, *, there: bool = False) -> Iterator[list[PlannedFile]]:
        """List the pending files in the order of their numbers, page by page.

        Parameters
        ----------
        there : bool
            Whether only those whose rendition's directory exists: in a new tree, that is none.
        """
        if there:
            self._note_directories()
        query, after = PLANNED.format(there=THERE if there else ""), -1
        while rows := self._connection.execute(query, (after, PAGE)).fetchall():
            yield [
                PlannedFile(number, Source(directory + b"/" + name, b"", size, mtime), into + b"/" + target)
                for number, directory, name, size, mtime, into, target in rows
            ]
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
        failed = [(file.number,) for file in files if file.status is FileStatus.FAILED]
        self._connection.executemany("DELETE FROM temp.key WHERE number = ?", failed)

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

    def finish(self) -> None:
        """Drop what only planning needs and build the index that later jobs look renditions up in."""
        with transaction(self._connection):
            self._connection.execute("DROP INDEX IF EXISTS file_identity")
            self._connection.execute(RENDITION_INDEX)
            self._connection.execute("DELETE FROM temp.key")
            self._connection.execute("DELETE FROM temp.colliding")
        self._directories.clear()

    def _note_directories(self) -> None:
        with transaction(self._connection):
            self._connection.execute("DELETE FROM temp.there")
            for number, path in self._connection.execute(RENDITION_DIRECTORIES):
                if os.path.isdir(path):
                    self._connection.execute("INSERT INTO temp.there VALUES (?)", (number,))

    def _number(self, directory: bytes) -> int:
        number = self._directories.get(directory)
        if number is None:
            if len(self._directories) >= CACHED_DIRECTORIES:
                self._directories.clear()
            self._connection.execute("INSERT OR IGNORE INTO directory (path) VALUES (?)", (directory,))
            found = self._connection.execute("SELECT number FROM directory WHERE path = ?", (directory,))
            number = self._directories[directory] = int(found.fetchone()[0])
        return number


def digest(key: bytes) -> bytes:
    """Shorten a key for comparison (BLAKE2b, RFC 7693)."""
    return hashlib.blake2b(key, digest_size=KEY_BYTES).digest()
