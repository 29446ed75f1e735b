"""A launcher of its own: a process that outlives whoever has asked for the job."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dmedia.errors import LauncherError, error_of_launcher
from dmedia.model import ENDED, JobState
from dmedia.record.home import LOCK_FILE, job_folder
from dmedia.record.lock import holder, host
from dmedia.record.reader import read_job
from dmedia.record.writer import RecordWriter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dmedia.errors import DmediaError
    from dmedia.model import JobSpec

LOG_FILE = "launcher.log"
"""In the job's folder: what the launcher would have told a terminal."""

LOOK_PERIOD_S = 0.05

PLAN_WAIT_S = 1.5
"""Seconds to wait for the number of files; a refusal of the plan usually comes within them too. The environment's
``DMEDIA_PLAN_WAIT_S`` changes it, for a machine that is slow or busy."""

PLACE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
"""The directory from which this process has dmedia."""

PROGRAM = "import sys; {place!r} in sys.path or sys.path.append({place!r}); from dmedia.cli import main; main()"
"""``python -m dmedia``, also where dmedia is not installed and only the program that asks knows its directory."""

TAKING_WAIT_S = 60.0
"""Seconds to wait for a launcher to take a job that was over: its interpreter starts in less than one."""

FINISHED = (0, 3, 9)
"""Exit statuses of a launcher that has ended the job."""

DETACHES = re.compile(r"DMEDIA_\w+_DETACH")
"""Options in the environment that a launcher must not take over: it would start another one, and that the next."""


def create_job(spec: JobSpec) -> str:
    """Make the record of a job that a launcher will soon take.

    Parameters
    ----------
    spec : JobSpec
        What is asked for.

    Returns
    -------
    str
        The job's id.
    """
    with RecordWriter.create(spec) as record:
        return record.job


class Departed(subprocess.Popen[bytes]):
    """A process that goes on without us."""

    def __del__(self) -> None:
        """Let it go without the warning that it still runs, which is what it is for."""
        super().__del__(_warn=lambda *_, **__: None)  # type: ignore[call-arg]  # an argument that typeshed leaves out


@dataclass(frozen=True)
class DetachedLauncher:
    """A launcher that was started.

    Attributes
    ----------
    job : str
        The job's id.
    process : subprocess.Popen
        The launcher.
    log_start : int
        Where in the job's log its own words begin, in bytes: launchers before it have written there too.
    """

    job: str
    process: subprocess.Popen[bytes]
    log_start: int

    def wait_for_plan(self, limit_s: float) -> int | None:
        """Wait until the launcher has the job and knows how many files it has.

        Parameters
        ----------
        limit_s : float
            Seconds to wait at most. A job that shows an earlier end is waited for until the launcher has taken it, so
            that nobody takes that end for the one to come.

        Returns
        -------
        int or None
            Its exit status, if it has ended already.
        """
        lock = job_folder(self.job) / LOCK_FILE
        began_s = time.monotonic()
        while (status := self.process.poll()) is None:
            report = read_job(self.job)
            over = report.state in ENDED or report.state is JobState.INTERRUPTED
            if not (over or report.planning) and holder(lock) == (host(), self.process.pid):
                return None
            if time.monotonic() >= began_s + (max(limit_s, TAKING_WAIT_S) if over else limit_s):
                return None
            time.sleep(LOOK_PERIOD_S)
        return status

    def confirm(self) -> int | None:
        """Wait until the launcher works on the job, has ended it or has refused it, but not for long.

        Returns
        -------
        int or None
            Its exit status, if it has ended the job already.

        Raises
        ------
        DmediaError
            When it has refused the job: the error that it has ended with.
        """
        status = self.wait_for_plan(float(os.environ.get("DMEDIA_PLAN_WAIT_S", PLAN_WAIT_S)))
        if status is not None and status not in FINISHED:
            raise refusal(self.words(), status)
        return status

    def words(self) -> list[str]:
        """Read the last lines that the launcher wrote."""
        try:
            written = (job_folder(self.job) / LOG_FILE).read_bytes()[self.log_start :]
        except OSError:
            return []
        return written.decode("utf-8", "replace").splitlines()[-20:]


def refusal(words: Sequence[str], status: int) -> DmediaError:
    """Make an error of what a launcher has written, which with ``--json`` is a document, and of its exit status."""
    for line in reversed(words):
        with contextlib.suppress(ValueError, TypeError, KeyError):
            said = json.loads(line)
            return error_of_launcher(str(said["error"]), said["hint"], status, str(said["code"]))
    return error_of_launcher(f"the launcher ended with status {status}", None, status, LauncherError.code)


def start_launcher(job: str, arguments: Sequence[str], *, reads_stdin: bool) -> DetachedLauncher:
    """Start a launcher in a session of its own, which no terminal's end reaches.

    Parameters
    ----------
    job : str
        The job it works on.
    arguments : sequence of str
        Its command line, without the program; it gets ``--quiet --json`` besides.
    reads_stdin : bool
        Whether the job's inputs come from standard input: then the launcher inherits it.

    Returns
    -------
    DetachedLauncher
    """
    inherited = {name: value for name, value in os.environ.items() if not DETACHES.fullmatch(name)}
    with open(job_folder(job) / LOG_FILE, "ab") as log:
        log_start = log.tell()
        process = Departed(
            [sys.executable, "-P", "-c", PROGRAM.format(place=PLACE), *arguments, "--quiet", "--json"],
            stdin=None if reads_stdin else subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env={**inherited, "PYTHONUNBUFFERED": "1"},
        )
    # Whoever asks for many jobs in one long life shall not collect the dead of them.
    threading.Thread(target=process.wait, name="dmedia-launcher-end", daemon=True).start()
    return DetachedLauncher(job, process, log_start)
