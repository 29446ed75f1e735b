"""A launcher in a thread of a program: for jobs on the cluster of a Dask client that the program has."""

from __future__ import annotations

import signal
import threading
import time
from typing import TYPE_CHECKING, Any

from dmedia.errors import DmediaError
from dmedia.report.observer import Silence
from dmedia.run.cluster import ClusterChoice
from dmedia.run.stop import Stop

if TYPE_CHECKING:
    from collections.abc import Callable

    from dmedia.model import JobReport
    from dmedia.report.observer import Observer

    Start = Callable[[ClusterChoice, Observer, Stop], JobReport]

PLAN_LIMIT_S = 10.0
"""Seconds to wait for a plan; a refusal usually comes within them."""

WORKER_WAIT_S = 600.0
"""Seconds to wait for a scheduler or for workers that were lost."""


def start_in_thread(
    start: Start, client: Any, limit_s: float = PLAN_LIMIT_S, worker_wait_s: float = WORKER_WAIT_S
) -> ThreadedLauncher:
    """Start a launcher in a thread of this process.

    When the interpreter is about to end, the job is asked to stop: files being worked on may end, for at most 10 s, and
    the rest can be resumed. A job that has an id before (see `create_job` and `resume_job`) keeps its record when its
    plan is refused or its cluster is not there; one that `run_job` makes does not.

    Parameters
    ----------
    start : callable
        `run_job` or `resume_job` with their first arguments bound: gets the cluster, an observer and the wish to stop.
    client : distributed.Client
        Connected, synchronous. The job makes a connection of its own like it, and never closes this one.
    limit_s : float
        Seconds to wait at most until the plan is complete.
    worker_wait_s : float
        Seconds to wait for a scheduler or for workers that were lost. A client that gives up its scheduler, or is
        closed while the scheduler is lost, ends the wait.

    Returns
    -------
    ThreadedLauncher
        Of a job with an id.

    Raises
    ------
    UsageError
        When the client is asynchronous, closed or none.
    DmediaError
        What ended the job before its plan was complete.
    """
    launcher = ThreadedLauncher(start, ClusterChoice(None, 0, worker_wait_s=worker_wait_s, client=client))
    launcher.wait_for_plan(limit_s)
    return launcher


class ThreadedLauncher:
    """A launcher that works in a thread of this process; made by `start_in_thread`.

    Parameters
    ----------
    start : callable
        See `start_in_thread`.
    choice : ClusterChoice
        Where the job runs.

    Attributes
    ----------
    job : str
        The job's id; empty as long as nobody knows it.
    """

    def __init__(self, start: Start, choice: ClusterChoice) -> None:
        self.job = ""
        self._start, self._choice = start, choice
        self._stop = StopAtExit()
        self._watch = Watch()
        self._report: JobReport | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="dmedia-launcher", daemon=False)
        self._thread.start()

    @property
    def is_working(self) -> bool:
        """Whether the launcher has not ended."""
        return self._thread.is_alive()

    def wait_for_plan(self, limit_s: float) -> None:
        """Wait until the job has an id, and then until its plan is complete.

        Parameters
        ----------
        limit_s : float
            Seconds to wait for the plan at most.

        Raises
        ------
        DmediaError
            What ended the job before its plan was complete.
        """
        until_s = time.monotonic() + limit_s
        self._watch.has_begun.wait()
        self._watch.is_planned.wait(max(0.0, until_s - time.monotonic()))
        self.job = self._watch.job
        if self._error and not self._watch.was_planned:
            raise self._error

    def wait(self, limit_s: float | None = None) -> JobReport | None:
        """Wait for the launcher's end.

        Parameters
        ----------
        limit_s : float or None
            Seconds to wait at most; ``None`` for as long as it takes.

        Returns
        -------
        JobReport or None
            As the record had it at the end; ``None`` when the launcher still works.

        Raises
        ------
        DmediaError
            What ended the launcher's work, such as a `ClusterError`; what is done is in the record.
        """
        self._thread.join(limit_s)
        if self._thread.is_alive():
            return None
        if self._error:
            raise self._error
        return self._report

    def stop(self) -> None:
        """Ask the job to stop: files being worked on may end, and it can be resumed; asked again, it stops at once."""
        self._stop.request(signal.SIGTERM)

    def _run(self) -> None:
        try:
            self._report = self._start(self._choice, self._watch, self._stop)
        except DmediaError as error:
            self._error = error  # is raised where it is waited for, and the record says why
        except BaseException as error:
            self._error = error
            raise  # a bug: Python tells of it even if nobody waits
        finally:
            self._watch.end()


class Watch(Silence):
    """Hears how far a launcher is.

    Attributes
    ----------
    job : str
        The job's id, once it has begun.
    was_planned : bool
        Whether its plan was complete.
    has_begun, is_planned : threading.Event
        Set when it has got so far, or has ended.
    """

    def __init__(self) -> None:
        self.job = ""
        self.was_planned = False
        self.has_begun = threading.Event()
        self.is_planned = threading.Event()

    def begun(self, job: str) -> None:
        """Note the id."""
        self.job = job
        self.has_begun.set()

    def planned(self, report: JobReport) -> None:  # noqa: ARG002 - an observer's signature
        """Note that the plan is complete."""
        self.was_planned = True
        self.is_planned.set()

    def end(self) -> None:
        """Let nobody wait for what does not come."""
        self.has_begun.set()
        self.is_planned.set()


class StopAtExit(Stop):
    """The wish to stop a job, which the end of the interpreter is too: its main thread is over, the others go on."""

    _signal: int | None = None

    @property
    def signal(self) -> int | None:
        """The signal that asked, or the one that stands for the interpreter's end."""
        if self._signal is None and not threading.main_thread().is_alive():
            self._signal = signal.SIGTERM
        return self._signal

    @signal.setter
    def signal(self, number: int | None) -> None:
        self._signal = number
