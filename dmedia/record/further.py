"""The second and further renditions of files that have several. Most jobs make one of each, and have no rows here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from dmedia.model import PlannedPlace
from dmedia.record.rows import STANDINGS, split

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from dmedia.model import PlannedFile
    from dmedia.record.directories import Directories

OF_FILES = """
SELECT r.number, d.path, r.name, r.standing FROM json_each(?) j
CROSS JOIN rendition r ON r.number = j.value CROSS JOIN directory d ON d.number = r.directory
ORDER BY r.number, r.rank
"""

PLACE_INDEX = "CREATE INDEX IF NOT EXISTS rendition_place ON rendition (directory, name)"


class FurtherRenditions:
    """Their rows. Belongs to a `RecordWriter`; what changes them is called within the caller's transaction.

    Parameters
    ----------
    connection : sqlite3.Connection
        The writer's.
    directories : Directories
        The writer's.
    is_used : bool
        Whether the job makes several renditions of a source: otherwise nothing is read or written here.
    """

    def __init__(self, connection: sqlite3.Connection, directories: Directories, *, is_used: bool) -> None:
        self._connection = connection
        self._directories = directories
        self.is_used = is_used

    def clear(self) -> None:
        """Forget all."""
        self._connection.execute("DELETE FROM rendition")

    def add(self, files: Iterable[PlannedFile]) -> None:
        """Note the further renditions of new files."""
        rows = []
        for file in files:
            for rank, place in enumerate(file.also, 1):
                directory, name = split(place.rendition)
                standing = STANDINGS.index(place.standing)
                rows.append((file.number, rank, self._directories.number(directory), name, standing))
        self._connection.executemany("INSERT INTO rendition VALUES (?, ?, ?, ?, ?)", rows)

    def rename(self, number: int, rank: int, rendition: bytes) -> None:
        """Give one another path."""
        directory, name = split(rendition)
        self._connection.execute(
            "UPDATE rendition SET directory = ?, name = ? WHERE number = ? AND rank = ?",
            (self._directories.number(directory), name, number, rank),
        )

    def settle(self, files: Iterable[PlannedFile]) -> None:
        """Note what stood at their paths."""
        rows = [
            (STANDINGS.index(place.standing), file.number, rank)
            for file in files
            for rank, place in enumerate(file.also, 1)
        ]
        self._connection.executemany("UPDATE rendition SET standing = ? WHERE number = ? AND rank = ?", rows)

    def of_files(self, numbers: list[int]) -> dict[int, tuple[PlannedPlace, ...]]:
        """List them by the numbers of their files, in the order of the job's recipes."""
        if not self.is_used:
            return {}
        found: dict[int, list[PlannedPlace]] = {}
        for number, directory, name, standing in self._connection.execute(OF_FILES, (json.dumps(numbers),)):
            found.setdefault(number, []).append(PlannedPlace(directory + b"/" + name, STANDINGS[standing]))
        return {number: tuple(places) for number, places in found.items()}

    def index(self) -> None:
        """Let later jobs find them by their paths."""
        if self.is_used:
            self._connection.execute(PLACE_INDEX)
