"""The directories of a job's paths: rows name them by number, because a directory holds many files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dmedia.record.schema import RENDITION_DIRECTORIES, transaction
from dmedia.storage.locations import is_url

if TYPE_CHECKING:
    import sqlite3

CACHED = 10_000

THERE = "CREATE TEMP TABLE IF NOT EXISTS there (number INTEGER PRIMARY KEY)"


class Directories:
    """The table of directories. Belongs to a `RecordWriter`.

    Parameters
    ----------
    connection : sqlite3.Connection
        The writer's.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._numbers: dict[bytes, int] = {}
        connection.execute(THERE)

    def number(self, path: bytes) -> int:
        """Tell a directory's number; a new one gets one, within the caller's transaction."""
        number = self._numbers.get(path)
        if number is None:
            if len(self._numbers) >= CACHED:
                self._numbers.clear()
            self._connection.execute("INSERT OR IGNORE INTO directory (path) VALUES (?)", (path,))
            found = self._connection.execute("SELECT number FROM directory WHERE path = ?", (path,))
            number = self._numbers[path] = int(found.fetchone()[0])
        return number

    def note_there(self) -> None:
        """Note in ``temp.there`` which of the renditions' directories exist; of a store all do."""
        with transaction(self._connection):
            self._connection.execute("DELETE FROM temp.there")
            for number, path in self._connection.execute(RENDITION_DIRECTORIES):
                if is_url(path) or os.path.isdir(path):
                    self._connection.execute("INSERT INTO temp.there VALUES (?)", (number,))

    def forget(self) -> None:
        """Keep no numbers in memory."""
        self._numbers.clear()
