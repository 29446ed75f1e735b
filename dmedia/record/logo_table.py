"""A job's logo in its record: beside the request, which every status reads, because it is large."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dmedia.model import Logo
from dmedia.operations.watermark import Watermark

if TYPE_CHECKING:
    import sqlite3

    from dmedia.model import JobSpec

TABLE = "CREATE TABLE IF NOT EXISTS logo (name TEXT NOT NULL, content BLOB NOT NULL)"
"""Made with the first row: records of jobs without a logo, and those of before there were any, have none."""


def write_logo(logo: Logo | None, connection: sqlite3.Connection) -> None:
    """Note a new job's logo, if it has one. Within the caller's transaction."""
    if logo is not None:
        connection.execute(TABLE)
        connection.execute("INSERT INTO logo VALUES (?, ?)", (logo.name, logo.content))


def with_logo(spec: JobSpec, connection: sqlite3.Connection) -> JobSpec:
    """Give a request that was read its logo back.

    Raises
    ------
    ValueError
        When it asks for one, and the record has none.
    """
    if not isinstance(spec.parameters, Watermark) or spec.parameters.logo is None:
        return spec
    known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'logo'").fetchone()
    row = connection.execute("SELECT name, content FROM logo").fetchone() if known else None
    if row is None:
        raise ValueError("its logo is missing")
    return replace(spec, logo=Logo(*row))
