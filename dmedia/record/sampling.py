"""A look at what a job has still to do, which costs next to nothing however many files there are."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from dmedia.record import home
from dmedia.record.schema import PENDING, open_for_reading, translated
from dmedia.storage.locations import place

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

EXTENSIONS = f"""
SELECT DISTINCT CASE x'2E'
  WHEN substr(source_name, -4, 1) THEN substr(source_name, -3)
  WHEN substr(source_name, -5, 1) THEN substr(source_name, -4)
  WHEN substr(source_name, -3, 1) THEN substr(source_name, -2)
  WHEN substr(source_name, -6, 1) THEN substr(source_name, -5)
END FROM file WHERE status = {PENDING}
"""  # noqa: S608 - our own words
"""What follows a dot, of two to five bytes: no extension that means anything is longer. 0.18 s for a million files."""

MOST_PLACES = 8
"""Buckets and hosts of which each has samples: to look at one takes the time of a journey there, for each worker."""

PLACE_FUNCTION = "place_of"

AT = f"""
SELECT f.number, s.path, f.source_name, f.size_bytes FROM file f JOIN directory s ON s.number = f.source_directory
WHERE f.status = {PENDING} AND f.number >= ? ORDER BY f.number LIMIT 1
"""  # noqa: S608

PLACE = f"CASE WHEN substr(path, 1, 1) = x'2F' THEN x'' ELSE {PLACE_FUNCTION}(path) END"

ENDS = f"""
WITH lying AS MATERIALIZED (SELECT number, {PLACE} AS place FROM directory)
SELECT MIN(f.number), MAX(f.number) FROM file f JOIN lying ON lying.number = f.source_directory
WHERE f.status = {PENDING} GROUP BY lying.place ORDER BY 1 LIMIT {MOST_PLACES}
"""  # noqa: S608
"""First and last file of each place: 0.6 s for a million files. It is asked where directories lie in several places."""


def pending_extensions(job: str) -> frozenset[str]:
    """List the extensions of the sources that are still to be done.

    Parameters
    ----------
    job : str
        Its id; its plan is complete.

    Returns
    -------
    frozenset of str
        In lower case, without a dot.

    Raises
    ------
    RecordError
        When the record cannot be read.
    """
    path = home.record_path(job)
    with translated(path), closing(open_for_reading(path)) as connection:
        found = [extension for (extension,) in connection.execute(EXTENSIONS) if extension is not None]
    return frozenset(extension.decode("ascii", "replace").lower() for extension in found)


def pending_samples(job: str, count: int) -> Iterator[tuple[bytes, int]]:
    """Pick sources that are still to be done, from the beginning of the job to its end, and of each place they lie in.

    Parameters
    ----------
    job : str
        Its id; its plan is complete.
    count : int
        How many, at most, besides the first and the last of each bucket or host, where there are several.

    Yields
    ------
    bytes, int
        Location, and size as it was planned.

    Raises
    ------
    RecordError
        When the record cannot be read.
    """
    path = home.record_path(job)
    with translated(path), closing(open_for_reading(path)) as connection:
        (last,) = connection.execute("SELECT MAX(number) FROM file").fetchone()
        found: dict[int, tuple[bytes, int]] = {}
        number = -1
        for part in range(count):
            number = _take(connection, max(number + 1, (last or 0) * part // max(1, count - 1)), found)
        for end in _ends(connection):
            _take(connection, end, found)
    yield from (found[number] for number in sorted(found))


def _take(connection: sqlite3.Connection, start: int, found: dict[int, tuple[bytes, int]]) -> int:
    """Note the first pending file from a number on; tell its number, or the start where there is none."""
    row = connection.execute(AT, (start,)).fetchone()
    if row is None:
        return start
    found[row[0]] = row[1] + b"/" + row[2], row[3]
    return int(row[0])


def _ends(connection: sqlite3.Connection) -> Iterator[int]:
    """Tell the first and the last pending file of each place, where directories lie in several."""
    connection.create_function(PLACE_FUNCTION, 1, place, deterministic=True)
    places = connection.execute(f"SELECT DISTINCT {PLACE} FROM directory LIMIT 2").fetchall()  # noqa: S608
    if len(places) > 1:
        for ends in connection.execute(ENDS).fetchall():
            yield from ends
