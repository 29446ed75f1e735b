"""The launcher's side of a record: its one writer."""

from __future__ import annotations

import sqlite3
import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dmedia.model import FileStatus
from dmedia.record import folder
from dmedia.record.directories import Directories
from dmedia.record.further import FurtherRenditions
from dmedia.record.life import JobLife, let_go, take_over
from dmedia.record.plan_table import PlanTable
from dmedia.record.rows import STORED, read_rows
from dmedia.record.schema import CANCELLED, PENDING, RENDITION_DIRECTORIES, transaction, translated
from dmedia.record.task_table import TaskTable
from dmedia.storage.local import narrowed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from types import TracebackType

    from dmedia.model import FileReport, FileResult, JobSpec, Running, Task

HEARTBEAT_S = 1.0
"""How often, in seconds, a commit without news writes all the same; readers doubt a heartbeat after ten times that."""


class RecordWriter:
    """A job's record, opened to write it; made by `create` or `open`.

    It may pass from one thread to another, and is used by one at a time. Leaving its context, or `close`, lets the
    job go; a job that has not ended can then be taken up by another launcher.

    Attributes
    ----------
    job : str
        The job's id.
    spec : JobSpec
        What was asked.
    ephemeral : bool
        Whether this is a dry run's.
    plan : PlanTable
        The rows while the job is planned.
    life : JobLife
        Where the job stands as a whole.
    """

    def __init__(self, opened: folder.OpenRecord) -> None:
        self.job = opened.job
        self.spec = opened.spec
        self.ephemeral = opened.ephemeral
        self._place = opened
        self._connection = opened.connection
        directories = Directories(opened.connection)
        self._further = FurtherRenditions(opened.connection, directories, is_used=bool(opened.spec.also))
        self._tasks = TaskTable(opened.connection, self._further, overwrite=opened.spec.policies.overwrite)
        self.plan = PlanTable(opened, self._tasks, directories, self._further)
        self.life = JobLife(opened, self._tasks)
        self._running: list[tuple[int, str, float]] = []
        self._beaten_at = 0.0

    @classmethod
    def create(cls, spec: JobSpec, *, ephemeral: bool = False) -> RecordWriter:
        """Make the record of a new job: ``queued``, planning, with no files yet.

        Parameters
        ----------
        spec : JobSpec
            What was asked.
        ephemeral : bool
            For a dry run: in a temporary folder, found by nobody, gone when it is closed.

        Raises
        ------
        RecordError
            When it cannot be written.
        """
        return cls(folder.create(spec, ephemeral=ephemeral))

    @classmethod
    def open(cls, job: str) -> RecordWriter:
        """Take over the record of a job that no launcher holds.

        Parameters
        ----------
        job : str
            Its id.

        Raises
        ------
        UnknownJobError
            When there is none.
        JobHeldError
            When another launcher has it; the message names host and process.
        DamagedRecordError
            When it is damaged, none of ours or of a newer version. It is left as it is.
        UnknownOperationError
            When its operation is not here; the message names the package that has brought it.
        """
        place = folder.open_existing(job)
        try:
            with translated(place.path):
                take_over(place.connection)
                return cls(place)
        except BaseException:
            place.close()
            raise

    def files(self) -> Iterator[FileReport]:
        """Read the job's files: a dry run lists ``source``, ``rendition``, ``status`` and ``failure`` of each."""
        with translated(self._place.path):
            for file in read_rows(self._connection, None):
                also = self._further.of_files([file.number]).get(file.number, ())
                yield replace(file, also=tuple(place.rendition for place in also)) if also else file

    def rendition_directories(self) -> list[bytes]:
        """List the directories that the job's renditions go into."""
        with translated(self._place.path):
            return [path for _, path in self._connection.execute(RENDITION_DIRECTORIES)]

    def pending(self, limit: int) -> list[Task]:
        """Hand out the next tasks in the order of their numbers; what was given back comes first.

        Parameters
        ----------
        limit : int
            At most so many.

        Returns
        -------
        list of Task
            None of them handed out by this writer before, unless given back; empty at the end.
        """
        with translated(self._place.path):
            return self._tasks.pending(limit)

    def give_back(self, numbers: Sequence[int]) -> None:
        """Take back tasks that were handed out and have no outcome: `pending` hands them out again."""
        self._tasks.give_back(numbers)

    def commit(
        self, results: Sequence[FileResult], running: Sequence[Running], tried: Sequence[FileResult] = ()
    ) -> None:
        """Record results, what runs now, the counters and a heartbeat in one transaction.

        To be called at least every 2 s; without news it writes once a second.

        Parameters
        ----------
        results : sequence of FileResult
            Each counts one attempt. A second result of a file that has one is ignored.
        running : sequence of Running
            All that runs now.
        tried : sequence of FileResult
            Of attempts that will be repeated: each is counted, and its file stays pending.
        """
        now = time.time()
        listed = [(entry.number, entry.worker, entry.started_at) for entry in running]
        if not results and not tried and listed == self._running and 0 <= now - self._beaten_at < HEARTBEAT_S:
            return
        with translated(self._place.path), transaction(self._connection):
            if results:
                self._tasks.record(results)
            if tried:
                self._tasks.note_attempts(tried)
            if listed != self._running:
                self._connection.execute("DELETE FROM running")
                self._connection.executemany("INSERT OR REPLACE INTO running VALUES (?, ?, ?)", listed)
            self._connection.execute("UPDATE state SET heartbeat = ?", (now,))
        self._running, self._beaten_at = listed, now

    def requests(self) -> frozenset[str]:
        """Tell what other processes have asked for and not withdrawn: ``cancel``, ``pause``."""
        return self._place.requests()

    def withdraw_requests(self) -> None:
        """Forget what other processes asked of the launcher before this one."""
        self._place.forget_former_requests()

    def change(self, persistence: Mapping[str, Any], roots: tuple[bytes, ...] = ()) -> None:
        """Let this launcher meet failure and want of room in another way than was asked at first, or use less.

        Parameters
        ----------
        persistence : mapping of str to object
            Fields of `Persistence`.
        roots : tuple of bytes
            Absolute real paths outside of which it neither reads nor writes, beside what the job's own roots forbid.

        Raises
        ------
        OutsideRootsError
            When both leave it nothing.
        """
        self.spec = replace(
            self.spec,
            persistence=replace(self.spec.persistence, **persistence),
            roots=narrowed(self.spec.roots, roots),
        )

    def cancel_pending(self) -> int:
        """Declare all files without an outcome cancelled, and tell how many."""
        return self._move({PENDING: CANCELLED})

    def retry(self, statuses: Collection[FileStatus], codes: Collection[str] | None = None) -> int:
        """Make files pending again; their attempts go on counting. `pending` begins again from the first number.

        Parameters
        ----------
        statuses : collection of FileStatus
            ``FAILED``, ``CANCELLED`` or both.
        codes : collection of str or None
            Of failed files, only those with one of these error codes.

        Returns
        -------
        int
            How many.
        """
        self.life.reopen()  # first: a launcher that dies now leaves a job to be resumed, and none that has ended
        again = {FileStatus.FAILED, FileStatus.CANCELLED} & set(statuses)
        return self._move({STORED[status]: PENDING for status in again}, codes)

    def discard(self) -> None:
        """Forget the job, because its plan was refused: the record goes."""
        self._place.discard()

    def close(self) -> None:
        """Let the job go. Its record stays, unless it was ephemeral."""
        if self._place.is_open and not self._place.ephemeral:
            with suppress(sqlite3.Error):
                let_go(self._connection)
        self._place.close()

    def __enter__(self) -> RecordWriter:
        """Return the writer itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def _move(self, moves: Mapping[int, int], codes: Collection[str] | None = None) -> int:
        with translated(self._place.path), transaction(self._connection, durable=True):
            return self._tasks.move(moves, codes)
