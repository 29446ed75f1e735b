"""The folder of one job's record: made whole or not at all, held, let go, forgotten."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import tempfile
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from dmedia.errors import JobHeldError, PreflightError, RecordError, UnknownJobError, UnknownOperationError
from dmedia.operations import request_digest
from dmedia.record import documents, home, journal, schema
from dmedia.record.lock import STALE_S, JobLock, held_by, host
from dmedia.record.logo_table import with_logo, write_logo
from dmedia.record.requests import dated_requests, forget_requests, requests_in

if TYPE_CHECKING:
    from dmedia.model import JobSpec


class OpenRecord:
    """A record that this process may write; made by `create` or `open_existing`.

    Attributes
    ----------
    job : str
        The job's id.
    spec : JobSpec
        What was asked.
    path : Path
        The database.
    connection : sqlite3.Connection
        In autocommit mode.
    ephemeral : bool
        Whether it goes when it is closed.
    asked_before : frozenset of (str, int)
        What was asked of a launcher before this one, and when; see `dated_requests`.
    """

    asked_before: frozenset[tuple[str, int]] = frozenset()

    def __init__(self, spec: JobSpec, path: Path, connection: sqlite3.Connection, lock: JobLock | None) -> None:
        self.job = path.parent.name
        self.spec = spec
        self.path = path
        self.connection = connection
        self.ephemeral = lock is None
        self.is_open = True
        self._lock = lock

    def requests(self) -> frozenset[str]:
        """Tell what other processes ask for."""
        return requests_in(self.path.parent)

    def forget_former_requests(self) -> None:
        """Take back what other processes asked of a launcher before this one."""
        forget_requests(self.path.parent, self.asked_before)

    def mark_ended(self) -> None:
        """Let listings pass over this record, and forget requests that came too late."""
        if not self.ephemeral:
            (self.path.parent / home.ENDED_FILE).touch()
            forget_requests(self.path.parent)

    def unmark_ended(self) -> None:
        """Let listings look into this record again."""
        (self.path.parent / home.ENDED_FILE).unlink(missing_ok=True)

    def discard(self) -> None:
        """Remove the folder and the output directory's mark."""
        if not self.ephemeral:
            mark = home.marks_folder(self.spec.output_directory) / self.job
            mark.unlink(missing_ok=True)
            with suppress(OSError):  # other jobs of this directory are marked there
                mark.parent.rmdir()
        self._remove()

    def close(self) -> None:
        """Close the database, then let the lock go."""
        if not self.is_open:
            return
        if self.ephemeral:
            self._remove()
            return
        if (self.path.parent / home.ENDED_FILE).exists():  # a reader may have been in the way when it ended
            with suppress(sqlite3.Error):
                journal.drop_journal(self.connection, wait_s=2.0)
        self.connection.close()
        self._release()

    def _remove(self) -> None:
        if self.is_open:
            self.connection.close()
            shutil.rmtree(self.path.parent, ignore_errors=True)
            if self.ephemeral:
                shutil.rmtree(self.path.parent.parent, ignore_errors=True)
            self._release()

    def _release(self) -> None:
        if self._lock:
            self._lock.release()
        self.is_open = False


def create(spec: JobSpec, *, ephemeral: bool) -> OpenRecord:
    """Make the record of a new job. It appears under its name complete and held, or not at all.

    Raises
    ------
    PreflightError
        When it cannot be written.
    """
    try:
        jobs = Path(tempfile.mkdtemp(prefix="dmedia-")) if ephemeral else home.jobs_folder()
        jobs.mkdir(mode=0o700, parents=True, exist_ok=True)
        job, hidden = _new_folder(jobs)
    except OSError as error:
        raise _cannot_make(home.home(), error) from error
    lock = None
    try:
        lock = None if ephemeral else JobLock(hidden / home.LOCK_FILE)
        _fill(hidden / home.RECORD_FILE, job, spec)
        if not ephemeral:
            mark = home.marks_folder(spec.output_directory)
            mark.mkdir(mode=0o700, parents=True, exist_ok=True)
            (mark / job).touch()
        os.rename(hidden, jobs / job)
        _sync(jobs)
        path = jobs / job / home.RECORD_FILE
        connection = schema.connect_to_write(path)
        if ephemeral:
            connection.execute("PRAGMA journal_mode = MEMORY")
        else:
            journal.keep_journal(connection, path)
    except (OSError, sqlite3.Error) as error:
        if lock:
            lock.release()
        for folder in (hidden, jobs / job, *([jobs] if ephemeral else [])):
            shutil.rmtree(folder, ignore_errors=True)
        raise _cannot_make(jobs, error) from error
    return OpenRecord(spec, path, connection, lock)


def open_existing(job: str) -> OpenRecord:
    """Take the record of a job that no launcher holds, after looking through all of it.

    Raises
    ------
    UnknownJobError, JobHeldError, DamagedRecordError, UnknownOperationError
        See `RecordWriter.open`.
    """
    path = home.record_path(job)
    if not path.parent.is_dir():
        raise UnknownJobError(f"No job {job!r}")
    try:
        lock = JobLock(path.parent / home.LOCK_FILE)
    except OSError as error:
        raise RecordError(f"The job {job} cannot be taken: {error}") from error
    asked_before = dated_requests(path.parent)  # from here on the job is seen to run, and this launcher is asked
    try:
        with schema.translated(path):
            connection = schema.open_for_writing(path)
        try:
            with schema.translated(path), schema.decoded(path):
                _refuse_if_held_elsewhere(connection, path)
                text = connection.execute("SELECT request FROM job").fetchone()[0]
                spec = with_logo(documents.read_spec(text), connection)
                journal.keep_journal(connection, path)
                schema.complete(connection)
        except BaseException:
            connection.close()
            raise
    except (RecordError, JobHeldError):
        lock.release()
        raise
    except UnknownOperationError as error:  # the record is whole, but what it asks for is not here
        lock.release()
        raise UnknownOperationError(f"The job {job} cannot go on: {error.message}", error.hint) from error
    except BaseException:
        lock.release()
        raise
    opened = OpenRecord(spec, path, connection, lock)
    opened.asked_before = asked_before
    return opened


def _new_folder(jobs: Path) -> tuple[str, Path]:
    while True:
        job = home.new_job_id()
        hidden = jobs / f".{job}"
        if not (jobs / job).exists():
            with suppress(FileExistsError):
                hidden.mkdir(mode=0o700)
                return job, hidden


def _cannot_make(jobs: Path, error: Exception) -> PreflightError:
    return PreflightError(
        f"The record of a job cannot be made in {jobs}: {error}", "Set DMEDIA_HOME to a folder that can be written."
    )


def _fill(path: Path, job: str, spec: JobSpec) -> None:
    now = time.time()
    with closing(schema.create(path)) as connection, schema.transaction(connection, durable=True):
        connection.execute(
            "INSERT INTO job (id, created_at, operation, digest, preset, given, output_directory, request) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                job,
                now,
                spec.operation,
                request_digest(spec.recipes, spec.logo.content if spec.logo else b""),
                spec.preset,
                json.dumps(spec.parameters.given()),
                spec.output_directory,
                documents.write_spec(spec),
            ),
        )
        write_logo(spec.logo, connection)
        connection.execute(
            "INSERT INTO state (state, planning, taken_at, heartbeat, host, pid) VALUES ('queued', 1, ?, ?, ?, ?)",
            (now, now, host(), os.getpid()),
        )


def _refuse_if_held_elsewhere(connection: sqlite3.Connection, path: Path) -> None:
    """Where two hosts share the folder, the lock may be each host's own; a fresh heartbeat is not."""
    name, beaten, ended_at = connection.execute("SELECT host, heartbeat, ended_at FROM state").fetchone()
    if name and name != host() and ended_at is None and time.time() - beaten < STALE_S:
        error = held_by(path.parent / home.LOCK_FILE)
        raise JobHeldError(f"The job {path.parent.name} is held by a launcher on {name}", error.hint)


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
