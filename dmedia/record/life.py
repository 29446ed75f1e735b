"""The state of a job as it is stored: taken over, started, ended, let go."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from dmedia.model import ENDED, JobState
from dmedia.record.lock import host
from dmedia.record.schema import COMPLETED, FAILED, SKIPPED, transaction

if TYPE_CHECKING:
    import sqlite3
    from collections import Counter

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


def take_over(connection: sqlite3.Connection) -> None:
    """Note this process as the job's launcher; the time that the one before it worked is kept."""
    with transaction(connection, durable=True):
        connection.execute(TAKE_OVER, {"now": time.time(), "host": host(), "pid": os.getpid()})
        connection.execute("DELETE FROM running")


def start(connection: sqlite3.Connection, scheduler: str | None, dashboard: str | None) -> None:
    """Note that the job runs."""
    with transaction(connection, durable=True):
        connection.execute(START, {"now": time.time(), "scheduler": scheduler, "dashboard": dashboard})


def turn(connection: sqlite3.Connection, state: JobState) -> None:
    """Note that the job waits, or goes on."""
    with transaction(connection, durable=True):
        connection.execute("UPDATE state SET state = ?, heartbeat = ?", (state.value, time.time()))


def end(connection: sqlite3.Connection, state: JobState) -> None:
    """Note that the job has ended, and how."""
    with transaction(connection, durable=True):
        connection.execute("DELETE FROM running")
        connection.execute(END, {"state": state.value, "now": time.time()})


def let_go(connection: sqlite3.Connection) -> None:
    """Note that no launcher has the job, so that a reader on another host need not wait for a stale heartbeat."""
    with transaction(connection, durable=True):
        connection.execute("DELETE FROM running")
        connection.execute("UPDATE state SET host = '', pid = 0, heartbeat = ?", (time.time(),))


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
    nothing_done = counted[FAILED] and not counted[COMPLETED] + counted[SKIPPED]
    return asked or (JobState.FAILED if nothing_done else JobState.COMPLETED)
