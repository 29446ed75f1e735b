"""Rows of the record as the reports that cross its border."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from dmedia.model import FileReport, FileStatus, Standing
from dmedia.record import documents
from dmedia.record.schema import CANCELLED, COMPLETED, FAILED, PENDING, SKIPPED

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterator

STATUS = {
    PENDING: FileStatus.PENDING,
    COMPLETED: FileStatus.COMPLETED,
    FAILED: FileStatus.FAILED,
    SKIPPED: FileStatus.SKIPPED,
    CANCELLED: FileStatus.CANCELLED,
}
STORED = {status: stored for stored, status in STATUS.items()}

STANDINGS = (Standing.NOTHING, Standing.OURS, Standing.FOREIGN)
"""What stands at a rendition's path, by the number that is stored."""

PAGE = 1_000
"""Rows a query takes: short enough that a reader never stays in the way of the writer."""

WARNED = "f.number IN (SELECT number FROM warned)"

ROWS = f"""
SELECT f.number, s.path, f.source_name, d.path, f.rendition_name, f.status, f.attempts, f.code, r.detail, n.worker
FROM file f
CROSS JOIN directory s ON s.number = f.source_directory
CROSS JOIN directory d ON d.number = f.rendition_directory
LEFT JOIN result r ON r.number = f.number
LEFT JOIN running n ON n.number = f.number AND f.status = {PENDING} AND {{active}}
WHERE f.number > ? AND {{wanted}}
ORDER BY f.number LIMIT ?
"""  # noqa: S608  # our own words


def read_rows(
    connection: sqlite3.Connection,
    statuses: Collection[FileStatus] | None,
    *,
    active: bool = True,
    where: str = "1",
) -> Iterator[FileReport]:
    """Read the files of a job in the order of their numbers.

    Parameters
    ----------
    connection : sqlite3.Connection
        An open record.
    statuses : collection of FileStatus or None
        Which; ``None`` for all.
    active : bool
        Whether somebody works on the job: otherwise nothing is ``processing``, whatever the record says.
    where : str
        A further condition of ours, such as `WARNED`.

    Yields
    ------
    FileReport
        Page by page, each as it stands when its page is read.
    """
    query = ROWS.format(active=int(active), wanted=f"{_condition(statuses)} AND {where}")
    after = -1
    while rows := connection.execute(query, (after, PAGE)).fetchall():
        for row in rows:
            yield _report(row)
        after = rows[-1][0]


def split(path: bytes) -> tuple[bytes, bytes]:
    """Part a path into its directory and its name; put together with a slash they give it again."""
    directory, _, name = path.rpartition(b"/")
    return directory, name


def count_rows(connection: sqlite3.Connection) -> tuple[Counter[int], Counter[str]]:
    """Count a job's files by stored status, and the failed ones by error code."""
    counted = connection.execute("SELECT status, COUNT(*) FROM file GROUP BY status")
    failed = connection.execute(f"SELECT code, COUNT(*) FROM file WHERE status = {FAILED} GROUP BY code")  # noqa: S608  # a number of ours
    return Counter(dict(counted.fetchall())), Counter(dict(failed.fetchall()))


def _condition(statuses: Collection[FileStatus] | None) -> str:
    """Literal numbers, because SQLite uses the index over failed files only when it sees the number."""
    if statuses is None:
        return "1"
    stored = [STORED[status] for status in statuses if status in STORED and status is not FileStatus.PENDING]
    parts = [f"f.status = {stored[0]}"] if len(stored) == 1 else []
    if len(stored) > 1:
        parts = [f"f.status IN ({', '.join(map(str, sorted(stored)))})"]
    if FileStatus.PENDING in statuses and FileStatus.PROCESSING in statuses:
        parts.append(f"f.status = {PENDING}")
    elif FileStatus.PENDING in statuses:
        parts.append(f"(f.status = {PENDING} AND n.number IS NULL)")
    elif FileStatus.PROCESSING in statuses:
        parts.append("(f.number IN (SELECT number FROM running) AND n.number IS NOT NULL)")
    return " OR ".join(parts).join("()") if parts else "0"


def _report(row: tuple[Any, ...]) -> FileReport:
    number, source_directory, source_name, directory, name, stored, attempts, code, text, worker = row
    source, rendition = source_directory + b"/" + source_name, directory + b"/" + name
    status = FileStatus.PROCESSING if worker is not None else STATUS[stored]
    if text is None or stored in {PENDING, CANCELLED}:
        return FileReport(number, source, status, rendition, attempts=attempts, worker=worker or "")
    detail = documents.read_detail(text)
    return FileReport(
        number,
        source,
        status,
        rendition,
        failure=documents.read_failure(detail, code) if stored == FAILED else None,
        attempts=attempts,
        seconds=detail.seconds,
        worker=detail.worker,
        decoder=detail.decoder,
        bytes_in=detail.bytes_in,
        outputs=documents.read_outputs(detail, rendition),
        warnings=tuple(detail.warnings),
        gps_removed=detail.gps_removed,
    )
