"""The rows of a job that is planned, found by the places of their sources and renditions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dmedia.model import PlannedFile, Source
from dmedia.record.rows import STANDINGS, split
from dmedia.record.schema import PENDING, RENDITION_INDEX

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from dmedia.record.further import FurtherRenditions

FIELDS = "f.number, s.path, f.source_name, f.size_bytes, f.mtime_ns, f.version, f.standing"

AT = f"""
SELECT {FIELDS}, d.path, f.rendition_name
FROM directory d
CROSS JOIN file f INDEXED BY file_rendition ON f.rendition_directory = d.number
CROSS JOIN directory s ON s.number = f.source_directory
WHERE d.path = ? AND f.rendition_name = ? AND f.status = {PENDING}
"""  # noqa: S608  # our own words

ALSO_AT = f"""
SELECT {FIELDS}, o.path, f.rendition_name
FROM directory d
CROSS JOIN rendition r INDEXED BY rendition_place ON r.directory = d.number
CROSS JOIN file f ON f.number = r.number
CROSS JOIN directory s ON s.number = f.source_directory
CROSS JOIN directory o ON o.number = f.rendition_directory
WHERE d.path = ? AND r.name = ? AND f.status = {PENDING}
"""  # noqa: S608  # our own words

SOURCE_INDEX = "CREATE INDEX IF NOT EXISTS file_source ON file (source_directory, source_name)"

SOURCE = """
SELECT 1 FROM directory d CROSS JOIN file f ON f.source_directory = d.number WHERE d.path = ? AND f.source_name = ?
"""


class PlannedPlaces:
    """A job's rows by place. Belongs to a `PlanTable`; its indexes are made when somebody asks.

    Parameters
    ----------
    connection : sqlite3.Connection
        The writer's.
    further : FurtherRenditions
        The writer's.
    """

    def __init__(self, connection: sqlite3.Connection, further: FurtherRenditions) -> None:
        self._connection, self._further = connection, further
        self._source_directories: set[bytes] | None = None

    def forget(self) -> None:
        """Drop what was made to find sources."""
        self._source_directories = None
        self._connection.execute("DROP INDEX IF EXISTS file_source")

    def has_source(self, location: bytes) -> bool:
        """Tell whether a path or URL is a source of the job, by this very name."""
        if self._source_directories is None:
            found = self._connection.execute(
                "SELECT path FROM directory WHERE number IN (SELECT DISTINCT source_directory FROM file)"
            )
            self._source_directories = {path for (path,) in found}
        directory, name = split(location)
        if directory not in self._source_directories:
            return False
        self._connection.execute(SOURCE_INDEX)
        return self._connection.execute(SOURCE, (directory, name)).fetchone() is not None

    def pending_at(self, renditions: Iterable[bytes]) -> list[PlannedFile]:
        """List the pending files that have these renditions. Those that no file of the job has are passed over."""
        self._connection.execute(RENDITION_INDEX)
        self._further.index()
        files: dict[int, PlannedFile] = {}
        for rendition in renditions:
            for query in (AT, ALSO_AT) if self._further.is_used else (AT,):
                for row in self._connection.execute(query, split(rendition)):
                    number, directory, name, size, mtime, version, standing, into, target = row
                    if number not in files:
                        source = Source(directory + b"/" + name, b"", size, mtime, version=version or "")
                        also = self._further.of_files([number]).get(number, ())
                        first = into + b"/" + target
                        files[number] = PlannedFile(number, source, first, STANDINGS[standing], also=also)
        return list(files.values())
