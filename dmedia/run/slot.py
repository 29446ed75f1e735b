"""A slot: a long-lived child process in which media is decoded and encoded.

Whatever a file does to its slot, a crash, a hang or a memory bomb, becomes the result of exactly that file: a slot
works for one thread, on one file at a time, over a socket of its own, so there is nobody else to blame. The worker
opens the source and hands the descriptor over: a slot, in its sandbox, reads no source by its name.

Slots are started as plain programs and not through ``multiprocessing``: they then never import the caller's
``__main__`` (a script without a main guard works), and the daemonic worker of a Dask nanny may have them.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from multiprocessing.connection import Connection
from multiprocessing.reduction import send_handle
from typing import TYPE_CHECKING

from dmedia.errors import MediaError
from dmedia.media.faults import failure_of
from dmedia.model import Failure, FileResult
from dmedia.run.post_mortem import tell_cause
from dmedia.run.slot_server import STARTED, Answer, Beginning, SlotReport
from dmedia.storage import local as storage

if TYPE_CHECKING:
    from dmedia.model import Task, WorkOrder

OVERDUE = "overdue"
START_ATTEMPTS = 3

REPORT_LIMIT_S = 60.0
"""Seconds to wait for a slot that is asked about itself: it loads every codec first."""

MOST_FILES = 10_000
"""Files after which a slot makes room for a new one: what libraries lose of memory is found again."""

OVERDUE_S = 5.0
"""Seconds, besides twice the deadline, after which a slot that has not ended itself is killed."""


class SlotKilledError(Exception):
    """The slot was killed on request; its file is not to blame."""


class Slot:
    """One child process, driven by one thread at a time.

    Parameters
    ----------
    order : WorkOrder
        What all of its tasks have in common. A slot belongs to one job.
    scratch : str or None
        Directory in which its libraries may put files aside.
    """

    def __init__(self, order: WorkOrder, scratch: str | None = None) -> None:
        self._order = order
        self._scratch = scratch
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None
        self._killed = False
        timeout_s = order.limits.timeout_s
        # A slot ends itself at the deadline; one that somebody has stopped cannot, and is killed some time later.
        self._overdue_s = None if timeout_s is None else 2 * timeout_s + OVERDUE_S

    def start(self) -> None:
        """Start the child process without waiting for it: it loads its codecs while the caller goes on."""
        ours, theirs = socket.socketpair()
        with theirs:
            serving = f"from dmedia.run.slot_server import serve; serve({theirs.fileno()})"
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", f"import sys; sys.path[:] = {sys.path!r}; {serving}"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env={**os.environ, **self._own_environment()},
                process_group=0,  # Ctrl-C and hang-up of the terminal are the launcher's to handle
            )
        self._connection = Connection(ours.detach())
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # a child that died at once is met in work()
            self._connection.send(Beginning(self._order, self._scratch, MOST_FILES))
        if self._killed:  # meanwhile, by another thread that did not know of this process
            self._process.kill()

    def work(self, task: Task) -> FileResult:
        """Process one file.

        Parameters
        ----------
        task : Task
            What to do.

        Returns
        -------
        FileResult
            Its outcome; a death of the slot is an outcome too, and leaves no temporary file.

        Raises
        ------
        SlotKilledError
            When `kill` was called meanwhile.
        """
        if self._killed:
            raise SlotKilledError
        try:
            source = storage.open_source(task.source)
        except MediaError as error:
            return FileResult(task.number, failure=failure_of(error, task))
        try:
            return self._work_on(source, task)
        finally:
            os.close(source)

    def report(self) -> SlotReport | str:
        """Ask the slot about itself, instead of a first file.

        Returns
        -------
        SlotReport or str
            What it says; a text when it cannot start.
        """
        if self._process is None:
            self.start()
        assert self._connection is not None, "started above"
        try:
            self._connection.send(None)
            if not self._connection.poll(REPORT_LIMIT_S):
                return f"it has not answered for {REPORT_LIMIT_S:g} s"
            answer: SlotReport | str = self._connection.recv()
        except (EOFError, OSError):
            return f"its process ended with status {self._clean_up()}"
        return answer

    def _work_on(self, source: int, task: Task) -> FileResult:
        began_s = time.monotonic()
        temporary = storage.temporary_path(task.rendition, self._order.job)
        for _ in range(START_ATTEMPTS):
            if self._killed:
                raise SlotKilledError
            if self._process is None or self._process.poll() is not None:
                self._clean_up()
                self.start()
            answer = self._ask(task, temporary, source)
            if isinstance(answer, Answer):
                if answer.is_last:
                    self._clean_up()
                    self.start()
                return answer.result
            if answer == OVERDUE and self._process is not None:
                self._process.kill()
            status = self._clean_up()
            storage.discard(temporary)
            if (
                answer in (STARTED, OVERDUE) and not self._killed
            ):  # it died at work; before that, the file cannot be the reason
                status = -signal.SIGALRM if answer == OVERDUE else status
                return tell_cause(task, status, time.monotonic() - began_s, self._order.limits.timeout_s)
        reason = answer or f"its process ended with status {status}"
        return FileResult(
            task.number, failure=Failure("internal", f"Internal error: no slot could start: {reason}", "run")
        )

    def kill(self) -> None:
        """End the child process now. A thread inside `work` gets `SlotKilledError`."""
        self._killed = True
        if self._process is not None:
            self._process.kill()

    def rest(self) -> None:
        """End the child process while it has no file; the next file starts another."""
        self._clean_up()

    def close(self) -> None:
        """End the child process and wait for its end; a file that is being worked on is given up."""
        self.kill()
        if (process := self._process) is not None:
            process.wait()

    def _own_environment(self) -> dict[str, str]:
        """Tell libraries of the slot where they may write: temporary files, and fontconfig's cache."""
        return {"TMPDIR": self._scratch, "XDG_CACHE_HOME": self._scratch} if self._scratch else {}

    def _ask(self, task: Task, temporary: bytes, source: int) -> Answer | str:
        """Send a task; return the answer, or the last thing the slot said before it died."""
        said = ""
        try:
            assert self._connection is not None, "started above"
            self._connection.send((task, temporary))
            send_handle(self._connection, source, None)
            while True:
                if not self._connection.poll(self._overdue_s):
                    return OVERDUE
                if not isinstance(answer := self._connection.recv(), str):
                    break
                said = answer
        except (EOFError, OSError, RuntimeError):  # the last is how a descriptor that was not taken is told
            return said
        assert isinstance(answer, Answer), "a slot sends texts and answers"
        return answer

    def _clean_up(self) -> int:
        """Reap the child process; return its exit status (negative: the signal that ended it)."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._process is None:
            return 0
        try:
            status = self._process.wait(timeout=1.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        self._process = None
        return status
