"""A cluster's processes on this machine are shielded from what a terminal sends to all that was started in it."""

from __future__ import annotations

import signal
import sys
from multiprocessing import resource_tracker
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

OF_TERMINALS = (signal.SIGINT, signal.SIGHUP)
"""Signals that a terminal sends to all that was started in it."""

QUIET_TRACKER = "ignore:resource_tracker"
"""For the process that tidies up after multiprocessing: a launcher leaves that to it, and nobody need be told."""


def shielded(make: Callable[[], Any]) -> Any:
    """Make a cluster whose processes Ctrl-C and hang-up do not reach: the job lets its files end, and closes it.

    Threads and processes inherit what is blocked where they are started, the cluster's event loop too.

    Parameters
    ----------
    make : callable
        Makes it; this thread stays shielded.

    Returns
    -------
    object
        What was made.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, OF_TERMINALS)
    sys.warnoptions.append(QUIET_TRACKER)
    resource_tracker.ensure_running()  # in the thread that starts it, it lets SIGINT through again
    sys.warnoptions.remove(QUIET_TRACKER)
    signal.pthread_sigmask(signal.SIG_BLOCK, OF_TERMINALS)
    return make()
