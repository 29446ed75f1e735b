"""Earlier jobs of an output directory that never ended: their launcher was killed, with what it had not yet noted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dmedia.errors import RecordError
from dmedia.model import ENDED, JobState, Standing
from dmedia.record import home
from dmedia.record.plan_table import STANDINGS
from dmedia.record.reader import read_job
from dmedia.record.rows import split
from dmedia.record.schema import PENDING, open_for_reading, translated

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

FOREIGN = STANDINGS.index(Standing.FOREIGN)

ASK = f"""
SELECT 1 FROM file f JOIN directory d ON d.number = f.rendition_directory
WHERE d.path = ? AND f.rendition_name = ? AND f.status = {PENDING} AND f.standing <> {FOREIGN}
"""  # noqa: S608  # our own words

DIRECTORIES = f"""
SELECT path FROM directory WHERE number IN (SELECT DISTINCT rendition_directory FROM file WHERE status = {PENDING})
"""  # noqa: S608  # our own words


class UnfinishedJobs:
    """The jobs of an output directory that have not ended, whether somebody works on them or not.

    Parameters
    ----------
    output_directory : bytes
        Its path.
    besides : str
        The new job's id: not an earlier one.

    Attributes
    ----------
    working : list of str
        Those that somebody works on.
    """

    def __init__(self, output_directory: bytes, *, besides: str) -> None:
        self._connections: list[tuple[sqlite3.Connection, int]] = []
        self._gone: list[tuple[str, sqlite3.Connection]] = []
        self.working: list[str] = []
        for job in home.jobs_of(output_directory):
            if job == besides:
                continue
            try:
                report = read_job(job)
                if report.state in ENDED or report.planning:
                    continue
                with translated(home.record_path(job)):
                    connection = open_for_reading(home.record_path(job))
            except RecordError:
                continue  # whoever asks for this job is told; here it only cannot help
            self._connections.append((connection, int(report.created_at * 1e9)))
            if report.state is JobState.INTERRUPTED:
                self._gone.append((job, connection))
            else:
                self.working.append(job)

    def may_have_written(self, rendition: bytes, mtime_ns: int) -> bool:
        """Tell whether a file may be such a job's: published, and the launcher killed before it was noted.

        Parameters
        ----------
        rendition : bytes
            Absolute path of the file.
        mtime_ns : int
            When it was written; a file older than the job is somebody else's.

        Returns
        -------
        bool
            True when such a job was free to write this path and has no outcome for it.
        """
        return any(
            created_ns <= mtime_ns and connection.execute(ASK, split(rendition)).fetchone() is not None
            for connection, created_ns in self._connections
        )

    def abandoned(self) -> Iterator[tuple[str, bytes]]:
        """Tell where jobs whose launcher is gone may have left temporary files.

        Yields
        ------
        str, bytes
            A job's id, and a directory it was going to write into.
        """
        for job, connection in self._gone:
            for (path,) in connection.execute(DIRECTORIES):
                yield job, path

    def close(self) -> None:
        """Close all records."""
        for connection, _ in self._connections:
            connection.close()
