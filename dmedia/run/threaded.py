"""A launcher in a thread of a program: for jobs on the cluster of a Dask client that the program has."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Any

from dmedia.errors import DmediaError
from dmedia.model.request import WORKER_WAIT_S
from dmedia.report.observer import Silence
from dmedia.run.clusters.places import ClusterChoice, GivenCluster
from dmedia.run.stop import Stop

if TYPE_CHECKING:
    from collections.abc import Callable

    from dmedia.model import JobReport
    from dmedia.report.observer import Observer

    Start = Callable[[ClusterChoice, Observer, Stop], JobReport]

PLAN_LIMIT_S = 10.0
"""Seconds to wait for a plan; a refusal usually comes within them."""


def start_in_thread(start: Start, client: Any) -> None:
    """Start a launcher in a thread of this process, and wait for its plan, but not for long.

    When the interpreter is about to end, the job is asked to stop: files being worked on may end, for at most 10 s, and
    the rest can be resumed. What ends the job after its plan, its record says.

    Parameters
    ----------
    start : callable
        `resume_job` with its first arguments bound: gets the cluster, an observer and the wish to stop.
    client : distributed.Client
        Connected, synchronous. The job makes a connection of its own like it, and never closes this one. When it gives
        up its scheduler, or is closed while the scheduler is lost, nobody waits for that any longer.

    Raises
    ------
    UsageError
        When the client is asynchronous, closed or none.
    DmediaError
        What ended the job before its plan was complete.
    """
    choice = ClusterChoice(GivenCluster(client), WORKER_WAIT_S)
    watch = Watch()
    threading.Thread(target=_run, args=(start, choice, watch), name="dmedia-launcher", daemon=False).start()
    watch.is_over.wait(PLAN_LIMIT_S)
    if watch.refusal:
        raise watch.refusal


def _run(start: Start, choice: ClusterChoice, watch: Watch) -> None:
    try:
        start(choice, watch, StopAtExit())
    except DmediaError as error:
        watch.refuse(error)  # after the plan the record says why
    except BaseException as error:
        watch.refuse(error)
        raise  # a bug: Python tells of it whenever it comes
    finally:
        watch.is_over.set()


class Watch(Silence):
    """Hears how a launcher's plan ends.

    Attributes
    ----------
    is_over : threading.Event
        Set when it is complete, or nobody makes it any longer.
    refusal : BaseException or None
        What ended the launcher's work before.
    """

    def __init__(self) -> None:
        self.is_over = threading.Event()
        self.refusal: BaseException | None = None

    def planned(self, report: JobReport) -> None:  # noqa: ARG002 - an observer's signature
        """Note that the plan is complete."""
        self.is_over.set()

    def refuse(self, error: BaseException) -> None:
        """Note what ended the launcher's work, if the plan was not complete."""
        if not self.is_over.is_set():
            self.refusal = error


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
