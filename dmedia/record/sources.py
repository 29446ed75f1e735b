"""Sources by the numbers of their tasks, for those who know only the numbers: what is at work, what has failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dmedia.record import home
from dmedia.record.schema import open_for_reading, translated

if TYPE_CHECKING:
    from collections.abc import Iterable

PATHS = """
SELECT f.number, s.path, f.source_name FROM file f CROSS JOIN directory s ON s.number = f.source_directory
WHERE f.number IN ({})
"""

MOST_AT_ONCE = 500
"""Numbers in one query: a statement's text stays short."""


class Sources:
    """The sources of a job, by number. Keeps a connection to the record until it is closed.

    Parameters
    ----------
    job : str
        Its id.

    Raises
    ------
    DamagedRecordError
        When the record cannot be read.
    """

    def __init__(self, job: str) -> None:
        self._path = home.record_path(job)
        with translated(self._path):
            self._connection = open_for_reading(self._path)

    def paths(self, numbers: Iterable[int]) -> dict[int, bytes]:
        """Look sources up.

        Parameters
        ----------
        numbers : iterable of int
            Of tasks.

        Returns
        -------
        dict of int to bytes
            Absolute paths of those that exist.
        """
        wanted = sorted(set(numbers))
        found: dict[int, bytes] = {}
        with translated(self._path):
            for start in range(0, len(wanted), MOST_AT_ONCE):
                listed = ", ".join(map(str, map(int, wanted[start : start + MOST_AT_ONCE])))
                for number, directory, name in self._connection.execute(PATHS.format(listed)):
                    found[number] = directory + b"/" + name
        return found

    def close(self) -> None:
        """Let the record go."""
        self._connection.close()
