"""The state of a job as it is stored: taken over, started, ended, let go."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from dmedia.model import ENDED, JobState
from dmedia.record import documents
from dmedia.record.journal import drop_journal
from dmedia.record.lock import host
from dmedia.record.schema import CANCELLED, COMPLETED, FAILED, PENDING, SKIPPED, transaction, translated

if TYPE_CHECKING:
    import sqlite3
    from collections import Counter

    from dmedia.model import NotedPlace
    from dmedia.record.folder import OpenRecord
    from dmedia.record.task_table import TaskTable

TAKE_OVER = """
UPDATE state SET worked_s = worked_s + CASE WHEN ended_at IS NULL THEN MAX(0, heartbeat - taken_at) ELSE 0 END,
  taken_at = :now, heartbeat = :now, host = :host, pid = :pid
"""

START = """
UPDATE state SET state = 'running', started_at = COALESCE(started_at, :now), run_started_at = :now,
  run_done = completed + failed, taken_at = CASE WHEN ended_at IS NULL THEN taken_at ELSE :now END, ended_at = NULL,
  scheduler = :scheduler, dashboard = :dashboard, heartbeat = :now
"""

END = """
UPDATE state SET state = :state, ended_at = :now, heartbeat = :now, worked_s = worked_s + MAX(0, :now - taken_at)
"""

TURN = "UPDATE state SET state = :state, heartbeat = :now"


def take_over(connection: sqlite3.Connection) -> None:
    """Note this process as the job's launcher; the time that the one before it worked is kept."""
    with transaction(connection, durable=True):
        connection.execute(TAKE_OVER, {"now": time.time(), "host": host(), "pid": os.getpid()})
        connection.execute("DELETE FROM running")
        connection.execute("DELETE FROM warning WHERE passing")


def let_go(connection: sqlite3.Connection) -> None:
    """Note that no launcher has the job, so that a reader on another host need not wait for a stale heartbeat."""
    with transaction(connection, durable=True):
        connection.execute("DELETE FROM running")
        connection.execute("UPDATE state SET host = '', pid = 0, heartbeat = ?", (time.time(),))


class JobLife:
    """Where a job stands as a whole, written by its launcher. Belongs to a `RecordWriter`.

    Parameters
    ----------
    place : OpenRecord
        The writer's.
    tasks : TaskTable
        Its rows.
    """

    def __init__(self, place: OpenRecord, tasks: TaskTable) -> None:
        self._place = place
        self._tasks = tasks

    def start(self, scheduler: str | None, dashboard: str | None) -> None:
        """Declare that the job runs.

        Parameters
        ----------
        scheduler, dashboard : str or None
            Addresses for people to look at.
        """
        self._place.unmark_ended()
        with translated(self._place.path):
            self._note(START, scheduler=scheduler, dashboard=dashboard)

    def note_place(self, place: NotedPlace | None) -> None:
        """Note where the job was taken to, for whoever takes it up again.

        Parameters
        ----------
        place : NotedPlace or None
            ``None``: this machine.
        """
        with translated(self._place.path):
            self._note("UPDATE state SET place = :place, heartbeat = :now", place=documents.write_place(place))

    def reopen(self) -> None:
        """Declare that an ended job is taken up again, so that nobody takes its old end for the new one."""
        self._place.unmark_ended()
        with translated(self._place.path):
            self._note(TURN, state=JobState.QUEUED.value)

    def pause(self) -> None:
        """Declare that the job waits."""
        with translated(self._place.path):
            self._note(TURN, state=JobState.PAUSED.value)

    def go_on(self) -> None:
        """Declare that the job does not wait any longer."""
        with translated(self._place.path):
            self._note(TURN, state=JobState.RUNNING.value)

    def was_started(self) -> bool:
        """Tell whether a launcher has ever begun to process files."""
        with translated(self._place.path):
            return self._place.connection.execute("SELECT started_at FROM state").fetchone()[0] is not None

    def warn(self, text: str, *, passing: bool = False) -> None:
        """Note something that concerns the job as a whole; the same text is noted once.

        Parameters
        ----------
        text : str
            A sentence.
        passing : bool
            Whether it is true only until it is over, until the job ends or until another launcher takes it.
        """
        with translated(self._place.path), transaction(self._place.connection):
            self._place.connection.execute("INSERT OR IGNORE INTO warning VALUES (?, ?)", (text, passing))

    def withdraw_warning(self, text: str) -> None:
        """Take a warning back, because what it told of is over."""
        with translated(self._place.path), transaction(self._place.connection):
            self._place.connection.execute("DELETE FROM warning WHERE text = ?", (text,))

    def end_unplanned(self, state: JobState) -> None:
        """Declare a job ended whose plan is not complete. What takes it up again plans it anew.

        Parameters
        ----------
        state : JobState
            ``CANCELLED``, or ``FAILED`` when the plan was refused.
        """
        with translated(self._place.path):
            with transaction(self._place.connection):
                self._tasks.move({PENDING: CANCELLED}, None)
            self._end(state)
        self._place.mark_ended()

    def finish(self, state: JobState | None = None) -> JobState:
        """Declare the job ended, and bring its record into one file.

        Parameters
        ----------
        state : JobState or None
            ``COMPLETED``, ``FAILED`` or ``CANCELLED``; ``None`` lets the outcomes tell: failed when files failed and
            none completed or was up to date, else completed.

        Returns
        -------
        JobState
            How it ended.

        Raises
        ------
        RuntimeError
            When the plan is not complete or outcomes do not balance: completed + failed + skipped + cancelled is not
            the number of files, or not what was counted. That is a bug, and the job is not declared ended.
        """
        with translated(self._place.path):
            if self._place.connection.execute("SELECT planning FROM state").fetchone()[0]:
                raise RuntimeError(f"{self._place.job} cannot end: its plan is not complete")
            ended = choose_end(self._tasks.balance(), state)
            self._end(ended)
            drop_journal(self._place.connection, wait_s=0.2)
        self._place.mark_ended()
        return ended

    def _end(self, state: JobState) -> None:
        with transaction(self._place.connection, durable=True):
            self._place.connection.execute("DELETE FROM running")
            self._place.connection.execute("DELETE FROM warning WHERE passing")
            self._place.connection.execute(END, {"state": state.value, "now": time.time()})

    def _note(self, statement: str, **values: str | None) -> None:
        with transaction(self._place.connection, durable=True):
            self._place.connection.execute(statement, {"now": time.time(), **values})


def choose_end(counted: Counter[int], asked: JobState | None) -> JobState:
    """Tell how a job ends.

    Parameters
    ----------
    counted : Counter
        Files by stored status.
    asked : JobState or None
        What the launcher says; ``None`` lets the outcomes tell.

    Raises
    ------
    ValueError
        When the launcher says what is no end.
    """
    if asked is not None and asked not in ENDED:
        raise ValueError(f"a job does not end as {asked}")
    if asked:
        return asked
    if counted[CANCELLED]:  # of a job that was cancelled, some failed files were tried again
        return JobState.CANCELLED
    nothing_done = counted[FAILED] and not counted[COMPLETED] + counted[SKIPPED]
    return JobState.FAILED if nothing_done else JobState.COMPLETED
