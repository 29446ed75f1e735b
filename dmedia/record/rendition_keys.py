"""What the paths of renditions fold to, while their job is planned: files that have one key would be one file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dmedia.record.rows import PAGE
from dmedia.record.schema import transaction

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

KEY_BYTES = 16
"""Collisions are compared by digests of this length: two of 10^9 names have the same one with probability 10^-21."""

KEYS = """
CREATE TEMP TABLE IF NOT EXISTS key (
  number INTEGER PRIMARY KEY, digest BLOB NOT NULL, renamed INTEGER NOT NULL DEFAULT 0
);
CREATE TEMP TABLE IF NOT EXISTS colliding (first INTEGER, number INTEGER, PRIMARY KEY (first, number)) WITHOUT ROWID;
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

    def add(self, keys: Iterable[tuple[int, bytes]]) -> None:
        """Note files' keys by their numbers; an empty key takes no part in collisions."""
        rows = [(number, digest(key)) for number, key in keys if key]
        self._connection.executemany("INSERT INTO temp.key (number, digest) VALUES (?, ?)", rows)

    def rename(self, number: int, key: bytes) -> None:
        """Give a file another key."""
        self._connection.execute("UPDATE temp.key SET digest = ?, renamed = 1 WHERE number = ?", (digest(key), number))

    def drop(self, numbers: Iterable[int]) -> None:
        """Let files take no further part."""
        self._connection.executemany("DELETE FROM temp.key WHERE number = ?", [(number,) for number in numbers])

    def clear(self) -> None:
        """Forget all."""
        self._connection.execute("DELETE FROM temp.key")
        self._connection.execute("DELETE FROM temp.colliding")

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


def digest(key: bytes) -> bytes:
    """Shorten a key for comparison (BLAKE2b, RFC 7693)."""
    return hashlib.blake2b(key, digest_size=KEY_BYTES).digest()
