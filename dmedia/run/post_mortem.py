"""Why a slot died: what its end says about the file it was working on."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from dmedia.media.guard import EXIT_OUT_OF_MEMORY
from dmedia.model import Failure, FileResult

if TYPE_CHECKING:
    from dmedia.model import Task


def tell_cause(task: Task, status: int, seconds: float, timeout_s: float | None) -> FileResult:
    """Make a file's result of the way its slot died.

    Parameters
    ----------
    task : Task
        What the slot was working on.
    status : int
        How it ended: its exit status, or negative the signal.
    seconds : float
        How long it had worked.
    timeout_s : float or None
        The deadline that was asked for.

    Returns
    -------
    FileResult
        A failure: ``timeout``, ``out_of_memory`` or ``decoder_crash``.
    """
    if status == -signal.SIGALRM:
        failure = Failure(
            "timeout", f"Timeout: not done after {seconds:.3g} s", "run",
            "give it longer with --timeout" if timeout_s else "its size allows no longer; --timeout sets a deadline",
        )  # fmt: skip
    elif status == -signal.SIGKILL:  # as the system's out-of-memory killer does
        failure = Failure(
            "out_of_memory",
            "Out of memory: the slot was killed from outside, most likely by the system for want of memory",
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
    return FileResult(task.number, failure=failure, seconds=seconds, bytes_in=max(0, task.size_bytes))
