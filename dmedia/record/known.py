"""What records know about the renditions that their jobs made: one record by itself, or small ones brought together."""

from __future__ import annotations

import os
import sqlite3
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from dmedia.record.rows import split
from dmedia.record.schema import COMPLETED, SKIPPED, has_several, has_versions, open_for_reading

if TYPE_CHECKING:
    from pathlib import Path

FIELDS = "s.path, f.source_name, f.size_bytes, f.mtime_ns, {version}, r.detail, o.path, f.rendition_name"
"""The last two are the path of the file's first rendition, which its detail does not repeat."""

KNOWN = f"f.status IN ({COMPLETED}, {SKIPPED})"

OF_FILE = """
CROSS JOIN {earlier}directory s ON s.number = f.source_directory
CROSS JOIN {earlier}directory o ON o.number = f.rendition_directory
CROSS JOIN {earlier}result r ON r.number = f.number
"""

ASK = f"""
SELECT {FIELDS} FROM file f {OF_FILE}
WHERE f.rendition_directory = ? AND f.rendition_name = ? AND {KNOWN}
"""  # noqa: S608  # our own words

ASK_FURTHER = f"""
SELECT {FIELDS} FROM rendition n CROSS JOIN file f ON f.number = n.number {OF_FILE}
WHERE n.directory = ? AND n.name = ? AND {KNOWN}
"""  # noqa: S608  # our own words

MERGED = """
CREATE TABLE known (directory BLOB, name BLOB, source_directory BLOB, source_name BLOB, size_bytes INTEGER,
  mtime_ns INTEGER, version TEXT, detail TEXT, first_directory BLOB, first_name BLOB, same_request INTEGER)
"""

MERGE = f"""
INSERT INTO known SELECT o.path, f.rendition_name, {FIELDS}, ?
FROM earlier.file f {OF_FILE} WHERE {KNOWN}
"""  # noqa: S608  # our own words

MERGE_FURTHER = f"""
INSERT INTO known SELECT d.path, n.name, {FIELDS}, ?
FROM earlier.rendition n CROSS JOIN earlier.directory d ON d.number = n.directory
CROSS JOIN earlier.file f ON f.number = n.number {OF_FILE} WHERE {KNOWN}
"""  # noqa: S608  # our own words

ASK_MERGED = """
SELECT source_directory, source_name, size_bytes, mtime_ns, version, detail, first_directory, first_name, same_request
FROM known WHERE directory = ? AND name = ?
"""


class KnownRenditions:
    """An earlier record, open to be asked by rendition path. To be used within `translated` and `decoded`.

    Parameters
    ----------
    path : Path
        Its database.
    request : tuple of str
        Operation and digest of the parameters that count as the same request.

    Attributes
    ----------
    same_request : bool
        Whether its job was asked the same.
    rows_total : int
        How many rows it has; 0 while it is planned.
    version_column : str
        In SQL, where a source's version stands.
    has_several : bool
        Whether it may know several renditions of a file.
    """

    def __init__(self, path: Path, request: tuple[str, str]) -> None:
        self._connection = open_for_reading(path)
        self.same_request = self._connection.execute("SELECT operation, digest FROM job").fetchone() == request
        total, planning = self._connection.execute("SELECT total, planning FROM state").fetchone()
        self.rows_total = 0 if planning else int(total)
        self.version_column = "f.version" if has_versions(self._connection) else "NULL"
        self.has_several = has_several(self._connection)
        queries = (ASK, ASK_FURTHER) if self.has_several else (ASK,)
        self._queries = [query.format(version=self.version_column, earlier="") for query in queries]
        self._directory: tuple[bytes, int] = (b"", -1)

    def rows(self, rendition: bytes) -> list[tuple[Any, ...]]:
        """Read what is known of a rendition.

        Returns
        -------
        list of tuple
            Each its source's directory, name, size, mtime and version, the detail, directory and name of the source's
            first rendition, and whether the request was the same.
        """
        directory, name = split(rendition)
        if not self.rows_total:
            return []
        if directory != self._directory[0]:
            found = self._connection.execute("SELECT number FROM directory WHERE path = ?", (directory,)).fetchone()
            self._directory = (directory, found[0] if found else -1)
        place = (self._directory[1], name)
        return [(*row, self.same_request) for query in self._queries for row in self._connection.execute(query, place)]

    def close(self) -> None:
        """Close the record."""
        self._connection.close()


class MergedRenditions:
    """Small records in one temporary table, so that each path is asked once and not once a record."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect("", uri=True, isolation_level=None, check_same_thread=False)
        self._connection.executescript(MERGED)

    def add(self, path: Path, known: KnownRenditions) -> None:
        """Take a record in, which is open to be asked. To be used within `translated`, before `index`."""
        self._connection.execute("ATTACH ? AS earlier", (f"file:{quote(os.fsencode(path))}?mode=ro",))
        try:
            for query in (MERGE, MERGE_FURTHER) if known.has_several else (MERGE,):
                merge = query.format(version=known.version_column, earlier="earlier.")
                self._connection.execute(merge, (known.same_request,))
        finally:
            self._connection.execute("DETACH earlier")

    def index(self) -> None:
        """Make it ready to be asked."""
        self._connection.execute("CREATE INDEX known_rendition ON known (directory, name)")

    def rows(self, rendition: bytes) -> list[tuple[Any, ...]]:
        """Read what is known about a rendition path, as `KnownRenditions.rows` does."""
        return self._connection.execute(ASK_MERGED, split(rendition)).fetchall()

    def close(self) -> None:
        """Drop it."""
        self._connection.close()
