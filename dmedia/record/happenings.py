"""What happens to a job, as it happens: told by its record, so that any process can follow it."""

from __future__ import annotations

import time
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from dmedia.model import ENDED, JobState
from dmedia.record import home
from dmedia.record.reader import read_job
from dmedia.record.rows import PAGE, read_rows
from dmedia.record.schema import PENDING, decoded, open_for_reading, translated

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from dmedia.model import FileReport, JobReport

PERIOD_S = 0.2
"""Seconds between two looks at the record; results are committed about as often."""

REST = 4.0
"""Looks that take long are followed by so many times their length without one: readers shall not hold up a launcher."""

SETTLED = f"SELECT number FROM file WHERE number >= ? AND number < ? AND status <> {PENDING}"  # noqa: S608  # our words


def follow(job: str, period_s: float = PERIOD_S, until_s: float | None = None) -> Iterator[FileReport | JobReport]:
    """Tell what happens to a job until it has ended or is interrupted.

    Parameters
    ----------
    job : str
        Its id.
    period_s : float
        Seconds between two looks at the record, above 0; more when a look takes long.
    until_s : float or None
        The moment by ``time.monotonic()`` from which on nothing further is waited for, although the job goes on.

    Yields
    ------
    FileReport
        Each file once, as soon as the record has its outcome: those that have one already come first, and a file that
        is tried again after it was told is not told again. None while the job is planned, for a plan can begin anew.
    JobReport
        After the files of one look, when the job's state or a counter is another than before. The last one says how
        the job ended, that it is interrupted, or, at `until_s`, where it stands.

    Raises
    ------
    UnknownJobError
        When there is no such job, or it was removed meanwhile: one whose plan is refused leaves none.
    DamagedRecordError
        When its record cannot be read.
    """
    outcomes = Outcomes(job)
    told: JobReport | None = None
    while True:
        began_s = time.monotonic()
        report = read_job(job)
        spent_s = time.monotonic() - began_s
        if report.state in ENDED or not report.planning:
            for page in outcomes.fresh(report):
                yield from page
            spent_s += outcomes.spent_s
        if told is None or _timeless(report) != _timeless(told):
            yield report
            told = report
        left_s = float("inf") if until_s is None else until_s - time.monotonic()
        if report.state in ENDED or report.state is JobState.INTERRUPTED or left_s <= 0:
            return
        time.sleep(min(left_s, max(period_s, REST * spent_s)))


class Outcomes:
    """Finds the files that have got an outcome since the last look, without reading all rows again.

    A launcher hands out files in the order of their numbers. So those that ended since the last look are near the
    lowest that have not; and the counters say how many they are, so that the search ends with the last of them.
    Stretches of files that were all told before are passed over unread.

    Parameters
    ----------
    job : str
        The job's id.

    Attributes
    ----------
    spent_s : float
        Seconds that the last look has taken, without those of whoever was told.
    """

    def __init__(self, job: str) -> None:
        self.spent_s = 0.0
        self._path = home.record_path(job)
        self._told = bytearray()  # one for each number: 1 for a file that was told
        self._count = 0
        self._counted: tuple[int, ...] = (0, 0, 0, 0)
        self._taken_at: float | None = None
        self._was_taken_again = False

    def fresh(self, report: JobReport) -> Iterator[list[FileReport]]:
        """Read the files with an outcome that were not told yet, in the order of their numbers.

        Parameters
        ----------
        report : JobReport
            Of a moment ago: its counters say how many there are.

        Yields
        ------
        list of FileReport
            Some of them. The record is open only while they are read.
        """
        self.spent_s = 0.0
        counted = (report.completed, report.failed, report.skipped, report.cancelled)
        if counted == self._counted:
            return
        with self._open() as connection:
            self._look(connection)
        self._counted, start = counted, 0
        while (self._was_taken_again or report.done > self._count) and (start := self._told.find(0, start)) >= 0:
            with self._open() as connection:
                page = self._read(connection, start)
            if page:
                yield page
            start += PAGE

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """Open the record for a moment: a reader that stays keeps the launcher from bringing it into one file."""
        began_s = time.monotonic()
        with translated(self._path), decoded(self._path), closing(open_for_reading(self._path)) as connection:
            yield connection
        self.spent_s += time.monotonic() - began_s

    def _look(self, connection: sqlite3.Connection) -> None:
        """Make room for all files, and note whether another launcher has taken the job.

        It may have made files pending again that were told, and then the counters do not say how many are new.
        """
        last, taken_at = connection.execute("SELECT (SELECT MAX(number) FROM file), taken_at FROM state").fetchone()
        self._was_taken_again |= self._count > 0 and taken_at != self._taken_at
        self._taken_at = taken_at
        self._told.extend(bytes(max(0, (-1 if last is None else int(last)) + 1 - len(self._told))))

    def _read(self, connection: sqlite3.Connection, start: int) -> list[FileReport]:
        """Read the fresh ones among the files of one page of numbers."""
        end = min(start + PAGE, len(self._told))
        numbers = [number for (number,) in connection.execute(SETTLED, (start, end)) if not self._told[number]]
        if not numbers:
            return []
        for number in numbers:
            self._told[number] = 1
        self._count += len(numbers)
        chosen = ", ".join(map(str, numbers))
        return list(read_rows(connection, None, active=False, where=f"f.number IN ({chosen})"))


def _timeless(report: JobReport) -> JobReport:
    """Leave out what changes although nothing has happened."""
    return replace(report, elapsed_s=0.0, files_per_s=None, eta_s=None)
