"""What the paths of renditions fold to, while their job is planned: files that have one key would be one file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dmedia.record.rows import PAGE
from dmedia.record.schema import transaction

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

KEY_BYTES = 16
"""Collisions are compared by digests of this length: two of 10^9 names have the same one with probability 10^-21."""

KEYS = """
CREATE TEMP TABLE IF NOT EXISTS key (  -- of each rendition, by the file's number and its rank
  place INTEGER PRIMARY KEY, digest BLOB NOT NULL, renamed INTEGER NOT NULL DEFAULT 0
);
CREATE TEMP TABLE IF NOT EXISTS colliding (first INTEGER, place INTEGER, PRIMARY KEY (first, place)) WITHOUT ROWID;
"""

MOST_RANKS = 256
"""Renditions that a file can have: more than a preset may ask for."""

FIND_COLLIDING = """
INSERT INTO temp.colliding
SELECT g.first, k.place
FROM (SELECT digest, MIN(place) AS first FROM temp.key GROUP BY digest HAVING COUNT(*) > 1) g
JOIN temp.key k ON k.digest = g.digest
"""

MEMBERS = f"""
SELECT c.first, c.place, s.path, f.source_name, d.path, COALESCE(r.name, f.rendition_name), k.renamed
FROM temp.colliding c
CROSS JOIN temp.key k ON k.place = c.place
CROSS JOIN file f ON f.number = c.place / {MOST_RANKS}
LEFT JOIN rendition r ON r.number = f.number AND r.rank = c.place % {MOST_RANKS}
JOIN directory s ON s.number = f.source_directory
JOIN directory d ON d.number = COALESCE(r.directory, f.rendition_directory)
WHERE (c.first, c.place) > (?, ?)
ORDER BY c.first, c.place LIMIT ?
"""  # noqa: S608  # our own words


@dataclass(frozen=True, slots=True)
class Colliding:
    """A rendition whose path another one has too, of another file or of the same one.

    Attributes
    ----------
    group : int
        The same for all that have this path, and for no other.
    number, rank : int
        The file's number, and which of its renditions it is, from 0.
    source, rendition : bytes
        Absolute paths.
    renamed : bool
        Whether `PlanTable.rename` has given it this path.
    """

    group: int
    number: int
    rank: int
    source: bytes
    rendition: bytes
    renamed: bool


class RenditionKeys:
    """The keys of a job's renditions, in temporary tables. Belongs to a `PlanTable`.

    All that changes them is called within the caller's transaction.

    Parameters
    ----------
    connection : sqlite3.Connection
        The writer's.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        connection.executescript(KEYS)

    def add(self, keys: Iterable[tuple[int, tuple[bytes, ...]]]) -> None:
        """Note the keys of files' renditions by the files' numbers; without any a file takes no part in collisions."""
        rows = [(_place(number, rank), digest(key)) for number, folded in keys for rank, key in enumerate(folded)]
        self._connection.executemany("INSERT INTO temp.key (place, digest) VALUES (?, ?)", rows)

    def rename(self, number: int, rank: int, key: bytes) -> None:
        """Give a rendition another key."""
        values = (digest(key), _place(number, rank))
        self._connection.execute("UPDATE temp.key SET digest = ?, renamed = 1 WHERE place = ?", values)

    def drop(self, numbers: Iterable[int]) -> None:
        """Let files take no further part."""
        rows = [(_place(number, 0), _place(number + 1, 0)) for number in numbers]
        self._connection.executemany("DELETE FROM temp.key WHERE place >= ? AND place < ?", rows)

    def clear(self) -> None:
        """Forget all."""
        self._connection.execute("DELETE FROM temp.key")
        self._connection.execute("DELETE FROM temp.colliding")

    def find_collisions(self) -> int:
        """Look for renditions with the same key; `colliding` lists them.

        Returns
        -------
        int
            How many renditions collide.
        """
        with transaction(self._connection):
            self._connection.execute("CREATE INDEX IF NOT EXISTS temp.key_digest ON key (digest)")
            self._connection.execute("DELETE FROM temp.colliding")
            return self._connection.execute(FIND_COLLIDING).rowcount

    def colliding(self) -> Iterator[list[Colliding]]:
        """List what the last `find_collisions` found, by group and number, page by page. Pages may part a group."""
        after = (-1, -1)
        while rows := self._connection.execute(MEMBERS, (*after, PAGE)).fetchall():
            yield [_colliding(row) for row in rows]
            after = rows[-1][:2]

    def is_taken(self, key: bytes) -> bool:
        """Tell whether a rendition has this key."""
        query = "SELECT 1 FROM temp.key WHERE digest = ?"
        return self._connection.execute(query, (digest(key),)).fetchone() is not None


def _colliding(row: tuple[Any, ...]) -> Colliding:
    group, place, directory, name, into, target, renamed = row
    number, rank = divmod(place, MOST_RANKS)
    return Colliding(group, number, rank, directory + b"/" + name, into + b"/" + target, bool(renamed))


def _place(number: int, rank: int) -> int:
    return number * MOST_RANKS + rank


def digest(key: bytes) -> bytes:
    """Shorten a key for comparison (BLAKE2b, RFC 7693)."""
    return hashlib.blake2b(key, digest_size=KEY_BYTES).digest()
