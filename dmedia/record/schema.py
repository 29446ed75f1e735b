"""The record's database: what is stored in it, and the one way to open it."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING

from dmedia.errors import DamagedRecordError, RecordError, RecordFullError
from dmedia.record.connections import connect
from dmedia.record.header import APPLICATION_ID, SCHEMA_VERSION, check_header, cure
from dmedia.record.tables import RENDITIONS, TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

READ_WAIT_S = 10.0
"""How long a reader waits for a lock, in seconds: only a rollback journal makes it wait at all."""

WRITE_WAIT_S = 60.0
"""How long the writer waits for a lock, in seconds: readers hold theirs for one short query."""

PENDING, COMPLETED, FAILED, SKIPPED, CANCELLED = range(5)
"""File status as it is stored. ``processing`` is no stored status: a pending file in ``running`` is processing."""

FAILED_INDEX = f"CREATE INDEX file_failed ON file (status) WHERE status = {FAILED}"

RENDITION_INDEX = "CREATE INDEX IF NOT EXISTS file_rendition ON file (rendition_directory, rendition_name)"

RENDITION_DIRECTORIES = """
SELECT number, path FROM directory
WHERE number IN (SELECT rendition_directory FROM file UNION SELECT directory FROM rendition)
"""


def create(path: Path) -> sqlite3.Connection:
    """Make a new record.

    Parameters
    ----------
    path : Path
        A file that does not exist yet.

    Returns
    -------
    sqlite3.Connection
        In autocommit mode, with empty tables.
    """
    connection = connect(path, "rwc", WRITE_WAIT_S)
    connection.executescript(
        f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION}; {TABLES} {FAILED_INDEX}"
    )
    return connection


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open a record to read it. To be used within `translated`.

    A launcher killed while it committed can leave a rollback journal, which SQLite plays back only for a connection
    that may write; then, and only then, this one may.
    """
    connection = connect(path, "ro", READ_WAIT_S, check_header)
    try:
        _touch(connection)
    except sqlite3.OperationalError as error:
        connection.close()
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_READONLY:
            raise
        connection = connect(path, "rw", READ_WAIT_S, check_header)
        _touch(connection)
        connection.execute("PRAGMA query_only = 1")
    except BaseException:
        connection.close()
        raise
    return connection


def connect_to_write(path: Path) -> sqlite3.Connection:
    """Open an existing record without looking into it."""
    return connect(path, "rw", WRITE_WAIT_S)


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Open a record to write it, after SQLite has looked through all of it. To be used within `translated`.

    It looks by a connection that cannot write, for one that can would change a damaged record when it is closed: it
    brings the write-ahead log into it.
    """
    with closing(open_for_reading(path)) as connection:
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise DamagedRecordError(f"The record {path} is damaged: {' '.join(found.split())}", cure(path))
    return connect_to_write(path)


def _touch(connection: sqlite3.Connection) -> None:
    """Let SQLite open the file, which it puts off until something is read."""
    connection.execute("PRAGMA schema_version").fetchone()


@contextmanager
def transaction(connection: sqlite3.Connection, *, durable: bool = False) -> Iterator[None]:
    """Commit what happens inside as a whole, or nothing of it.

    Parameters
    ----------
    connection : sqlite3.Connection
        In autocommit mode.
    durable : bool
        Whether the commit survives a loss of power; every commit survives the end of the process.
    """
    connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn what SQLite says about a record into errors that name the file.

    Raises
    ------
    DamagedRecordError
        When the record cannot be read.
    RecordFullError
        When its disk has no room.
    RecordError
        When it cannot be written for another reason or is locked, and is not damaged.
    """
    try:
        yield
    except (sqlite3.ProgrammingError, sqlite3.IntegrityError, sqlite3.InterfaceError):
        raise  # says nothing about the file: a bug
    except sqlite3.Error as error:
        extended = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
        code = extended & 0xFF
        if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            raise RecordError(f"The record {path} is locked by another process: {error}") from error
        if code == sqlite3.SQLITE_FULL:
            raise RecordFullError(
                f"The record {path} cannot be written: its disk is full", "Free some space."
            ) from error
        if code == sqlite3.SQLITE_READONLY or extended in _WRITE_FAULTS:
            raise RecordError(f"The record {path} cannot be written: {error}", "Is its disk full?") from error
        raise DamagedRecordError(f"The record {path} is damaged or cannot be opened: {error}", cure(path)) from error


@contextmanager
def decoded(path: Path) -> Iterator[None]:
    """Turn rows that are not what a writer of ours wrote into an error that names the file.

    Raises
    ------
    DamagedRecordError
        The record is damaged.
    """
    try:
        yield
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise DamagedRecordError(
            f"The record {path} is damaged: {type(error).__name__}: {error}", cure(path)
        ) from error


_WRITE_FAULTS = frozenset({sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_TRUNCATE})


def complete(connection: sqlite3.Connection) -> None:
    """Add what records of earlier versions of this schema lack."""
    for table, column in (("warning", "passing"), ("state", "gps_removed")):
        if column not in _columns(connection, table):
            connection.execute(f"ALTER TABLE {table} ADD COLUMN {column} INTEGER NOT NULL DEFAULT 0")
    if not notes_place(connection):
        connection.execute("ALTER TABLE state ADD COLUMN place TEXT")
    if not has_several(connection):
        with transaction(connection, durable=True):
            if not has_versions(connection):
                connection.execute("ALTER TABLE file ADD COLUMN version TEXT")
            connection.execute(RENDITIONS)
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def has_versions(connection: sqlite3.Connection) -> bool:
    """Tell whether a record notes its sources' versions: those of schema version 1 do not."""
    return _version(connection) > 1


def has_several(connection: sqlite3.Connection) -> bool:
    """Tell whether a record can note several renditions of a file: those of schema versions 1 and 2 cannot."""
    return _version(connection) > 2


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def notes_place(connection: sqlite3.Connection) -> bool:
    """Tell whether a record notes where its job was taken to: earlier ones do not."""
    return "place" in _columns(connection, "state")


def _columns(connection: sqlite3.Connection, table: str) -> set[str]:
    return {name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})")}
