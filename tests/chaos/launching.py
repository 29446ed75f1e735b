"""The launchers of one job: the first, and those that take it up again."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

from dmedia.record.schema import COMPLETED
from tests.command import Dmedia, wait_until

GIVEN_UP = 7
"""Exit status of a launcher whose cluster was lost: the job can be resumed."""

MOST_LAUNCHERS = 12
"""A job that needs more of them does not come to an end."""


class Launching:
    """Starts a job and takes it up again as long as it has not ended.

    Parameters
    ----------
    dmedia : Dmedia
        The command line, with a home of its own.
    address : str
        The scheduler's.

    Attributes
    ----------
    process : subprocess.Popen
        The launcher now.
    statuses : list of int
        Exit statuses of those that have ended.
    words : list of str
        What they said on standard error.
    folder : Path
        The job's record.
    """

    def __init__(self, dmedia: Dmedia, address: str, *arguments: str) -> None:
        self._dmedia = dmedia
        self._how = ("--scheduler", address, "-q")
        self.statuses: list[int] = []
        self.words: list[str] = []
        self.process = dmedia.start(*arguments, *self._how)
        self.folder = wait_until(self._find_folder)

    @property
    def job(self) -> str:
        """The job's id."""
        name: str = self.folder.name
        return name

    def resume(self) -> None:
        """Let another launcher take up the job."""
        assert len(self.statuses) < MOST_LAUNCHERS, self.words
        self.process = self._dmedia.start("resume", self.job, *self._how)

    def tend(self) -> bool:
        """Take up the job when its launcher has given it up; tell whether it has come to its end."""
        if self.process.poll() is None:
            return False
        self.note_end()
        if self.statuses[-1] == GIVEN_UP:
            self.resume()
            return False
        return True

    def note_end(self) -> None:
        """Wait for the launcher's end, and note how it was."""
        _, words = self.process.communicate(timeout=60)
        self.statuses.append(self.process.returncode)
        self.words.append(words.decode(errors="replace"))

    def close(self) -> None:
        """End the launcher if it runs."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()

    def recorded(self) -> frozenset[str]:
        """Tell the sources that the record has as completed."""
        rows = self._read(f"SELECT source_name FROM file WHERE status = {COMPLETED}")
        return frozenset(name.decode() for (name,) in rows)

    def began_s(self) -> float:
        """Tell when the present or last launcher began to process, in seconds since the epoch; 0 before any has."""
        ((began_s,),) = self._read("SELECT run_started_at FROM state")
        return began_s or 0.0

    def _read(self, query: str) -> list[Any]:
        uri = f"file:{self.folder / 'record.db'}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=30)) as connection:
            return connection.execute(query).fetchall()

    def _find_folder(self) -> Path | None:
        found = list((self._dmedia.directory / "home" / "jobs").glob("batch-*"))
        assert found or self.process.poll() is None, self.process.communicate()[1].decode()
        return found[0] if found else None


def ended_with(process: subprocess.Popen[bytes], limit_s: float) -> tuple[int, str]:
    """Wait for a launcher's end; tell its exit status and what it said on standard error."""
    _, words = process.communicate(timeout=limit_s)
    return process.returncode, words.decode(errors="replace")
