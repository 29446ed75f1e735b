"""What the first bytes of a record tell, read before SQLite opens it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dmedia.errors import DamagedRecordError

if TYPE_CHECKING:
    from pathlib import Path

APPLICATION_ID = 0x646D6564
"""``dmed`` in ASCII: SQLite's header field for what kind of file this is."""

SCHEMA_VERSION = 3
"""Of what is written: 2 since a file's source has a version, which stores give; 3 since a file may have several
renditions, and its detail tells whether a position was left out."""

READ_VERSIONS = frozenset({1, 2, SCHEMA_VERSION})

HEADER_BYTES = 100
MAGIC, VERSION_FIELD, APPLICATION_FIELD = b"SQLite format 3\0", slice(60, 64), slice(68, 72)
"""Of SQLite's header: https://www.sqlite.org/fileformat.html#the_database_header. Both numbers are big-endian."""


def check_header(path: Path) -> None:
    """Refuse a file that is no record of dmedia or is of a newer version, before SQLite sees it.

    SQLite removes a write-ahead log that lies beside an empty file, and reads numbers from the log first.

    Parameters
    ----------
    path : Path
        The database.

    Raises
    ------
    DamagedRecordError
        The message names the file.
    """
    try:
        with open(path, "rb") as file:
            header = file.read(HEADER_BYTES)
    except OSError as error:
        raise DamagedRecordError(f"The record {path} cannot be opened: {error.strerror}", cure(path)) from error
    if len(header) < HEADER_BYTES or not header.startswith(MAGIC):
        raise DamagedRecordError(f"The record {path} is damaged: it does not begin like one", cure(path))
    if int.from_bytes(header[APPLICATION_FIELD], "big") != APPLICATION_ID:
        raise DamagedRecordError(f"{path} is no record of dmedia", cure(path))
    version = int.from_bytes(header[VERSION_FIELD], "big")
    if version not in READ_VERSIONS:
        raise DamagedRecordError(
            f"The record {path} has version {version}; this dmedia reads up to version {SCHEMA_VERSION}",
            "Use a newer dmedia.",
        )


def cure(path: Path) -> str:
    """Tell what to do about a damaged record."""
    return (
        "It is left as it is, and renditions are not affected. The same command with --overwrite makes them anew, "
        f"as a new job; to forget this one, remove {path.parent}"
    )
