"""Why a slot died: what its end, or its last words, say about the file it was working on."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dmedia.media.guard import EXIT_OUT_OF_MEMORY
from dmedia.model import Failure, FileResult

if TYPE_CHECKING:
    from dmedia.model import Task

KILLED_FROM_OUTSIDE = "Out of memory: the slot was killed from outside, most likely by the system for want of memory"
"""The system may have chosen it for what another process used: such a file is tried once more."""


@dataclass(frozen=True, slots=True)
class Death:
    """A slot that is not to be used any more.

    Attributes
    ----------
    at_work : bool
        Whether it had begun the file: otherwise the file cannot be the reason.
    overdue : bool
        Whether it was waited for in vain.
    breach : str
        What it said that no slot says; empty when it did not.
    hindrance : str
        What it said that keeps it from starting.
    status : int
        How its process ended: its exit status, or negative the signal.
    """

    at_work: bool = False
    overdue: bool = False
    breach: str = ""
    hindrance: str = ""
    status: int = 0


def tell_cause(task: Task, death: Death, seconds: float, timeout_s: float | None) -> FileResult:
    """Make a file's result of the way its slot died.

    Parameters
    ----------
    task : Task
        What the slot was working on.
    death : Death
        What is known of its end.
    seconds : float
        How long it had worked.
    timeout_s : float or None
        The deadline that was asked for.

    Returns
    -------
    FileResult
        With the failure that `cause` tells.
    """
    failure = cause(death, seconds, timeout_s)
    return FileResult(task.number, failure=failure, seconds=seconds, bytes_in=max(0, task.size_bytes))


def cause(death: Death, seconds: float, timeout_s: float | None) -> Failure:
    """Tell why a slot died.

    Parameters
    ----------
    death, seconds, timeout_s
        As for `tell_cause`.

    Returns
    -------
    Failure
        ``timeout``, ``out_of_memory`` or ``decoder_crash``.
    """
    status = death.status
    if death.breach:
        failure = Failure(
            "decoder_crash",
            f"Decoder crash: its slot answered with what is no answer: {death.breach}",
            "run",
            "the file is damaged, or was made to break into its decoder",
        )
    elif death.overdue or status == -signal.SIGALRM:
        failure = Failure(
            "timeout", f"Timeout: not done after {seconds:.3g} s", "run",
            "give it longer with --timeout" if timeout_s else "its size allows no longer; --timeout sets a deadline",
        )  # fmt: skip
    elif status == -signal.SIGKILL:  # as the system's out-of-memory killer does
        failure = Failure(
            "out_of_memory",
            KILLED_FROM_OUTSIDE,
            "run",
            "use fewer slots with -j, or a machine with more memory",
        )
    elif status in (EXIT_OUT_OF_MEMORY, -signal.SIGTRAP):
        # GLib traps when it cannot allocate (g_malloc: "terminates the program", https://docs.gtk.org/glib/memory.html).
        failure = Failure(
            "out_of_memory",
            "Out of memory: the file needs more than a slot may use",
            "run",
            "allow more with --slot-memory",
        )
    else:
        how = signal.Signals(-status).name if status < 0 else f"exit status {status}"
        failure = Failure(
            "decoder_crash",
            f"Decoder crash: the decoder ended with {how}",
            "run",
            "the file is damaged, or meets a bug in its codec",
        )
    return failure
