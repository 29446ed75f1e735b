"""Jobs of an output directory of which not everything may be noted: those at work, and those that were stopped."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dmedia.errors import MediaError, RecordError
from dmedia.model import ENDED, JobState, Standing
from dmedia.record import documents, home
from dmedia.record.earlier import stands_as_written
from dmedia.record.reader import read_job
from dmedia.record.rows import STANDINGS, split
from dmedia.record.schema import CANCELLED, PENDING, decoded, has_several, open_for_reading, translated
from dmedia.storage import local as storage
from dmedia.storage.locations import is_url, scheme
from dmedia.storage.stores import store_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

    from dmedia.model import JobReport
    from dmedia.storage.stores import Identity

FOREIGN = STANDINGS.index(Standing.FOREIGN)

AFTERWARDS_S = 30.0
"""Where files keep no marks: seconds after the last sign of a launcher in which its workers may still publish what they
had begun (as long as the least time that a file is given). A file that is younger is somebody else's."""

MARKLESS = frozenset({"sftp"})
"""Schemes of stores that keep no marks."""

ASK = f"""
SELECT f.status, r.detail, d.path, f.rendition_name FROM file f JOIN directory d ON d.number = f.rendition_directory
LEFT JOIN result r ON r.number = f.number
WHERE d.path = ? AND f.rendition_name = ? AND f.standing <> {FOREIGN}
"""  # noqa: S608  # our own words

ASK_FURTHER = f"""
SELECT f.status, r.detail, o.path, f.rendition_name FROM rendition n JOIN directory d ON d.number = n.directory
JOIN file f ON f.number = n.number JOIN directory o ON o.number = f.rendition_directory
LEFT JOIN result r ON r.number = f.number
WHERE d.path = ? AND n.name = ? AND n.standing <> {FOREIGN}
"""  # noqa: S608  # our own words

DIRECTORIES = f"""
SELECT path FROM directory WHERE number IN (SELECT DISTINCT rendition_directory FROM file WHERE status = {PENDING})
"""  # noqa: S608  # our own words

DIRECTORIES_FURTHER = f"""
SELECT path FROM directory WHERE number IN (
  SELECT n.directory FROM rendition n JOIN file f ON f.number = n.number WHERE f.status = {PENDING})
"""  # noqa: S608  # our own words


class UnfinishedJobs:
    """The jobs of an output directory that have published what is not noted, or may publish at any moment.

    These are jobs that have not ended, whether somebody works on them or not, and cancelled ones: workers that did not
    answer may have gone on.

    Parameters
    ----------
    output_directory : bytes
        Its path.
    besides : str
        The new job's id: not an earlier one.

    Attributes
    ----------
    working : list of str
        Those that somebody worked on at the first look.
    """

    def __init__(self, output_directory: bytes, *, besides: str) -> None:
        self._output_directory = output_directory
        self._seen = {besides}
        self._records: list[_Record] = []
        self.working: list[str] = []
        for job, report in self._unseen():
            if report.state not in ENDED:
                self._open(job, report)
                if report.state is not JobState.INTERRUPTED:
                    self.working.append(job)
            elif report.state is JobState.CANCELLED:
                self._open(job, report)

    def refresh(self) -> None:
        """Look for jobs whose plan was completed since: they may have published, and ended, meanwhile."""
        for job, report in self._unseen():
            self._open(job, report)

    def may_have_written(self, rendition: bytes, now: Identity) -> bool:
        """Tell whether a file is such a job's: published, and not noted or noted a moment ago.

        Parameters
        ----------
        rendition : bytes
            Absolute path, or URL, of the file.
        now : Identity
            What stands there.

        Returns
        -------
        bool
            True when such a job was free to write this path, and the file carries its mark or is as it has noted.
            Where no mark can be kept, a path without an outcome and a time at which the job wrote must do.
        """
        if not self._records:
            return False
        found = _Found(rendition, now, _marked_by(rendition))
        return any(record.may_have_written(found) for record in self._records)

    def abandoned(self) -> Iterator[tuple[str, bytes]]:
        """Tell where jobs whose launcher is gone may have left temporary files.

        Yields
        ------
        str, bytes
            A job's id, and a directory it was going to write into.
        """
        for record in self._records:
            if record.state is JobState.INTERRUPTED:
                for path in record.directories():
                    yield record.job, path

    def close(self) -> None:
        """Close all records."""
        for record in self._records:
            record.connection.close()

    def _unseen(self) -> Iterator[tuple[str, JobReport]]:
        """List the jobs whose plan is complete and that were not listed before."""
        for job in home.jobs_of(self._output_directory):
            if job not in self._seen:
                with suppress(RecordError):  # whoever asks for this job is told; here it only cannot help
                    report = read_job(job)
                    if not report.planning:
                        self._seen.add(job)
                        yield job, report

    def _open(self, job: str, report: JobReport) -> None:
        path = home.record_path(job)
        with suppress(RecordError), translated(path), decoded(path):
            connection = open_for_reading(path)
            (heartbeat,) = connection.execute("SELECT heartbeat FROM state").fetchone()
            until = None if job in self.working else heartbeat + AFTERWARDS_S
            self._records.append(_Record(job, path, connection, report.state, (report.created_at, until)))


@dataclass(frozen=True, slots=True)
class _Found:
    """A file at a rendition's path, and the job whose mark it carries; ``None`` where files keep no marks."""

    path: bytes
    now: Identity
    marked_by: str | None


def _marked_by(path: bytes) -> str | None:
    if not is_url(path):
        return storage.marked_by(path)
    with suppress(MediaError):
        mark = store_of(path).mark_of(path)
        return mark or (None if scheme(path) in MARKLESS else "")
    return ""


@dataclass(frozen=True, slots=True)
class _Record:
    """An open record, the state its job was seen in, and the seconds since the epoch between which it wrote."""

    job: str
    path: Path
    connection: sqlite3.Connection
    state: JobState
    wrote: tuple[float, float | None]

    def may_have_written(self, found: _Found) -> bool:
        """See `UnfinishedJobs.may_have_written`."""
        with suppress(RecordError), translated(self.path), decoded(self.path):
            for status, text, directory, name in self._ask(ASK, ASK_FURTHER, *split(found.path)):
                if found.marked_by == self.job:
                    return True
                if found.marked_by is None and status in {PENDING, CANCELLED} and self._wrote_at(found.now.mtime_ns):
                    return True
                first = directory + b"/" + name
                outputs = documents.read_outputs(documents.read_detail(text), first) if text else ()
                if any(output.path == found.path and stands_as_written(output, found.now) for output in outputs):
                    return True
        return False

    def _wrote_at(self, mtime_ns: int) -> bool:
        since, until = self.wrote
        return mtime_ns >= int(since * 1e9) and (until is None or mtime_ns <= int(until * 1e9))

    def directories(self) -> list[bytes]:
        """List where tasks without an outcome were going to write."""
        with suppress(RecordError), translated(self.path):
            return [path for (path,) in self._ask(DIRECTORIES, DIRECTORIES_FURTHER)]
        return []

    def _ask(self, query: str, about_further: str, *values: bytes) -> Iterator[tuple[Any, ...]]:
        """Ask about first renditions, and about further ones where the record can have some."""
        yield from self.connection.execute(query, values)
        if has_several(self.connection):
            yield from self.connection.execute(about_further, values)
