"""The rows of a job that is running: which task is next, and what became of it."""

from __future__ import annotations

import heapq
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from dmedia.model import Place, Standing, Task
from dmedia.record import documents
from dmedia.record.rows import STANDINGS, count_rows
from dmedia.record.schema import CANCELLED, COMPLETED, FAILED, PENDING, SKIPPED

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Mapping, Sequence

    from dmedia.model import FileResult
    from dmedia.record.further import FurtherRenditions

OURS = STANDINGS.index(Standing.OURS)

TASKS = f"""
SELECT f.number, s.path, f.source_name, d.path, f.rendition_name, f.size_bytes, f.standing = {OURS}, f.version
FROM file f
CROSS JOIN directory s ON s.number = f.source_directory
CROSS JOIN directory d ON d.number = f.rendition_directory
WHERE f.status = {PENDING} AND {{which}} ORDER BY f.number LIMIT ?
"""  # noqa: S608  # our own words

OPEN_FILES = f"""
SELECT f.number, d.path, f.rendition_name FROM json_each(?) j
CROSS JOIN file f ON f.number = j.value CROSS JOIN directory d ON d.number = f.rendition_directory
WHERE f.status = {PENDING}
"""  # noqa: S608  # our own words

COUNT = """
UPDATE state SET completed = completed + ?, failed = failed + ?, warned = warned + ?, gps_removed = gps_removed + ?,
  bytes_in = bytes_in + ?, bytes_out = bytes_out + ?, errors = ?
"""


class TaskTable:
    """The rows of a job that is running. Belongs to a `RecordWriter`.

    Parameters
    ----------
    connection : sqlite3.Connection
        The writer's. All but `pending` is called within the writer's transaction.
    further : FurtherRenditions
        The writer's.
    overwrite : bool
        Whether the job may replace whatever stands at a rendition's path.
    """

    def __init__(self, connection: sqlite3.Connection, further: FurtherRenditions, *, overwrite: bool) -> None:
        self._connection = connection
        self._further = further
        self._overwrite = overwrite
        text = connection.execute("SELECT errors FROM state").fetchone()[0]
        self._errors: Counter[str] = Counter(json.loads(text))
        self._next = 0
        self._returned: list[int] = []

    def pending(self, limit: int) -> list[Task]:
        """Hand out the next tasks; see `RecordWriter.pending`."""
        tasks: list[Task] = []
        while self._returned and len(tasks) < limit:
            again = [heapq.heappop(self._returned) for _ in range(min(limit - len(tasks), len(self._returned)))]
            tasks += self._read("f.number IN (SELECT value FROM json_each(?))", json.dumps(again), limit)
        if len(tasks) < limit:
            fresh = self._read("f.number >= ?", self._next, limit - len(tasks))
            self._next = fresh[-1].number + 1 if fresh else self._next
            tasks += fresh
        return tasks

    def give_back(self, numbers: Sequence[int]) -> None:
        """Take back tasks; see `RecordWriter.give_back`."""
        for number in set(numbers) - set(self._returned):
            heapq.heappush(self._returned, number)

    def record(self, results: Sequence[FileResult]) -> None:
        """Note results and count them. Results of files that have one are ignored."""
        renditions = self._open_renditions(results)
        rows: list[tuple[int, str | None, int]] = []
        details: list[tuple[int, str]] = []
        warned: list[tuple[int]] = []
        bytes_in = bytes_out = completed = gps_removed = 0
        for result in results:
            rendition = renditions.pop(result.number, None)
            if rendition is None:
                continue
            details.append((result.number, documents.write_result(result, rendition)))
            if result.failure:
                rows.append((FAILED, result.failure.code, result.number))
                continue
            rows.append((COMPLETED, None, result.number))
            completed += 1
            gps_removed += result.gps_removed
            if result.warnings:
                warned.append((result.number,))
            bytes_in += result.bytes_in
            bytes_out += sum(output.size_bytes for output in result.outputs)
        errors = self._errors + Counter(code for _, code, _ in rows if code)
        execute = self._connection.executemany
        execute("UPDATE file SET status = ?, code = ?, attempts = attempts + 1 WHERE number = ?", rows)
        execute("INSERT OR REPLACE INTO result VALUES (?, ?)", details)
        execute("INSERT INTO warned VALUES (?)", warned)
        counted = (completed, len(rows) - completed, len(warned), gps_removed, bytes_in, bytes_out, json.dumps(errors))
        self._connection.execute(COUNT, counted)
        self._errors = errors

    def note_attempts(self, results: Sequence[FileResult]) -> None:
        """Count attempts that are going to be repeated: their files stay pending, and keep what was said of them."""
        renditions = self._open_renditions(results)
        details = [
            (result.number, documents.write_result(result, renditions[result.number]))
            for result in results
            if result.number in renditions
        ]
        self._connection.executemany(
            "UPDATE file SET attempts = attempts + 1 WHERE number = ?", [(number,) for number, _ in details]
        )
        self._connection.executemany("INSERT OR REPLACE INTO result VALUES (?, ?)", details)

    def move(self, moves: Mapping[int, int], codes: Collection[str] | None) -> int:
        """Give all files of one status another, count again and begin again from the first number.

        Parameters
        ----------
        moves : mapping of int to int
            Stored status before, and after.
        codes : collection of str or None
            Of failed files, only those with one of these error codes.

        Returns
        -------
        int
            How many files.
        """
        moved = 0
        for before, after in moves.items():
            query = "UPDATE file SET status = ?, code = NULL WHERE status = ?"
            values: list[Any] = [after, before]
            if codes is not None and before == FAILED:
                query += " AND code IN (SELECT value FROM json_each(?))"
                values.append(json.dumps(sorted(codes)))
            moved += self._connection.execute(query, values).rowcount
        self.count()
        self._next, self._returned = 0, []
        return moved

    def count(self) -> None:
        """Set the job's counters from its rows."""
        counted, self._errors = count_rows(self._connection)
        self._connection.execute(
            "UPDATE state SET total = ?, completed = ?, failed = ?, skipped = ?, cancelled = ?, errors = ?",
            (*_outcomes(counted), json.dumps(self._errors)),
        )

    def balance(self) -> Counter[int]:
        """Count the rows, and refuse counters that say something else or a file without an outcome.

        Returns
        -------
        Counter
            Files by stored status.

        Raises
        ------
        RuntimeError
            It is a bug.
        """
        counted, _ = count_rows(self._connection)
        query = "SELECT total, completed, failed, skipped, cancelled FROM state"
        kept = self._connection.execute(query).fetchone()
        if counted[PENDING] or kept != _outcomes(counted):
            raise RuntimeError(
                f"outcomes do not balance: rows {_outcomes(counted)} pending {counted[PENDING]}, kept {kept}"
            )
        return counted

    def _open_renditions(self, results: Sequence[FileResult]) -> dict[int, bytes]:
        """Find the rendition paths of those results whose files have no outcome yet."""
        found = self._connection.execute(OPEN_FILES, (json.dumps([result.number for result in results]),))
        return {number: directory + b"/" + name for number, directory, name in found}

    def _read(self, which: str, value: int | str, limit: int) -> list[Task]:
        rows = self._connection.execute(TASKS.format(which=which), (value, limit)).fetchall()
        further = self._further.of_files([row[0] for row in rows])
        tasks = []
        for number, directory, name, place, into, size, renews, version in rows:
            source, rendition = directory + b"/" + name, place + b"/" + into
            also = tuple(Place(path, standing is Standing.OURS) for path, standing in further.get(number, ()))
            tasks.append(Task(number, source, rendition, size, self._overwrite, version or "", bool(renews), also))
        return tasks


def _outcomes(counted: Counter[int]) -> tuple[int, ...]:
    return (counted.total(), *(counted[status] for status in (COMPLETED, FAILED, SKIPPED, CANCELLED)))
