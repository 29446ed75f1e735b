"""A slot: a long-lived child process in which media is decoded and encoded.

Whatever a file does to its slot, a crash, a hang or a memory bomb, becomes the result of exactly that file: a slot
works for one thread, on one file at a time, over a socket of its own, so there is nobody else to blame. The worker
opens the source and hands the descriptor over: a slot, in its sandbox, reads no source by its name. What it says is
data, checked before it counts, and it never has longer than twice its deadline to say it.
"""

from __future__ import annotations

import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from dmedia.errors import MediaError
from dmedia.media.faults import failure_of
from dmedia.media.guard import LONGEST_DEADLINE_S
from dmedia.model import FileResult
from dmedia.run.answers import Answer, Deadline, Hindrance, SlotReport, read
from dmedia.run.child import Child
from dmedia.run.fields import BreachError
from dmedia.run.post_mortem import Death, tell_cause
from dmedia.storage import local as storage

if TYPE_CHECKING:
    from dmedia.model import Task, WorkOrder

START_ATTEMPTS = 3

START_LIMIT_S = 60.0
"""Seconds in which a slot begins a file: a new one loads its codecs first."""

REPORT_LIMIT_S = 60.0
"""Seconds to wait for a slot that is asked about itself: it loads every codec first."""

MOST_FILES = 10_000
"""Files after which a slot makes room for a new one: what libraries lose of memory is found again."""

OVERDUE_FACTOR, OVERDUE_S = 2.0, 5.0
"""A slot ends itself at its deadline. One that cannot, because it was stopped, or does not, because it was taken over,
is killed after so many times the deadline and so many seconds."""

MOST_DEADLINES = 100
"""Of one file. Every stage of the work tells one, and there are three."""


class SlotKilledError(Exception):
    """The slot was killed on request; its file is not to blame."""


class NoSlotError(Exception):
    """No slot can be started here: that says nothing about the file, and perhaps another worker can."""


class Slot:
    """One child process after the other, driven by one thread at a time.

    Parameters
    ----------
    order : WorkOrder
        What all of its tasks have in common. A slot belongs to one job.
    scratch : str or None
        Directory in which its libraries may put files aside.

    Attributes
    ----------
    exposure : str
        Why it works without the sandbox that this system has; empty when it does not.
    """

    def __init__(self, order: WorkOrder, scratch: str | None = None) -> None:
        self.exposure = ""
        self._order = order
        self._scratch = scratch
        self._child: Child | None = None
        self._killed = False

    def start(self) -> None:
        """Start the child process without waiting for it: it loads its codecs while the caller goes on.

        Where the system cannot give one now, the next file tries again.
        """
        try:
            self._ready_child()
        except OSError:
            self._child = None

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
        NoSlotError
            When no child process can be started.
        """
        if self._killed:
            raise SlotKilledError
        try:
            source = storage.open_source(task.source, self._order.roots)
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
        try:
            child = self._ready_child()
        except OSError as error:
            return f"no process can be started: {error.strerror}"
        try:
            child.ask_about_itself()
            said = read(child.hear(time.monotonic() + REPORT_LIMIT_S))
        except TimeoutError:
            return f"it has not answered for {REPORT_LIMIT_S:g} s"
        except (EOFError, OSError):
            return f"its process ended with status {self._end_child()}"
        except BreachError as breach:
            return f"it said what no slot says: {breach}"
        return said if isinstance(said, SlotReport) else getattr(said, "reason", "it does not answer")

    def kill(self) -> None:
        """End the child process now. A thread inside `work` gets `SlotKilledError`."""
        self._killed = True
        if (child := self._child) is not None:
            child.kill()

    def rest(self) -> None:
        """End the child process while it has no file; the next file starts another."""
        self._end_child()

    def close(self) -> None:
        """End the child process and wait for its end; a file that is being worked on is given up."""
        child = self._child
        self.kill()
        if child is not None:
            child.wait()

    def _work_on(self, source: int, task: Task) -> FileResult:
        began_s = time.monotonic()
        temporary = storage.temporary_path(task.rendition, self._order.job)
        death = Death()
        for _ in range(START_ATTEMPTS):
            if self._killed:
                raise SlotKilledError
            try:
                child = self._ready_child()
            except OSError as error:
                raise NoSlotError(f"no slot can be started: {error.strerror}") from error
            ended = self._ask(child, task, temporary, source)
            if isinstance(ended, Answer):
                self.exposure = ended.exposure
                if ended.is_last:
                    self._end_child()
                    self.start()
                return ended.result
            death = replace(ended, status=self._bury(ended, temporary))
            if death.at_work and not self._killed:
                return tell_cause(task, death, time.monotonic() - began_s, self._order.limits.timeout_s)
        if self._killed:
            raise SlotKilledError
        reason = death.hindrance or death.breach or f"its process ended with status {death.status}"
        raise NoSlotError(f"no slot could start: {reason}")

    def _ask(self, child: Child, task: Task, temporary: bytes, source: int) -> Answer | Death:
        """Send a task; return the answer, or what is known of the slot's end."""
        begun_s, deadlines = time.monotonic(), 0
        until_s = begun_s + START_LIMIT_S
        try:
            child.ask(task, temporary, source)
            while True:
                said = read(child.hear(until_s), task)
                if isinstance(said, Answer) and deadlines:
                    return said
                if isinstance(said, Hindrance) and not deadlines:
                    return Death(hindrance=said.reason)
                if not isinstance(said, Deadline) or deadlines >= MOST_DEADLINES:
                    return Death(at_work=deadlines > 0, breach="it talks out of turn")
                if not deadlines:
                    begun_s = time.monotonic()
                deadlines += 1
                until_s = begun_s + self._patience_s(said.deadline_s)
        except TimeoutError:
            return Death(at_work=deadlines > 0, overdue=True, hindrance=f"nothing was heard for {START_LIMIT_S:g} s")
        except (EOFError, OSError):
            return Death(at_work=deadlines > 0)
        except BreachError as breach:
            return Death(at_work=deadlines > 0, breach=str(breach))

    def _patience_s(self, deadline_s: float) -> float:
        """Tell how long a file may take on the worker's clock, whatever its slot claims."""
        most_s = self._order.limits.timeout_s or LONGEST_DEADLINE_S
        return OVERDUE_FACTOR * min(deadline_s, most_s) + OVERDUE_S

    def _ready_child(self) -> Child:
        """Find the living child process, or start one."""
        child = self._child
        if child is None or not child.is_alive():
            self._end_child()
            self._child = child = Child(self._order, self._scratch, MOST_FILES)
            if self._killed:  # meanwhile, by another thread that did not know of this process
                child.kill()
        return child

    def _bury(self, death: Death, temporary: bytes) -> int:
        """Clean up after a slot that is not to be used any more; return how it ended."""
        if (death.overdue or death.breach) and self._child is not None:
            self._child.kill()
        status = self._end_child()
        storage.discard(temporary)
        return status

    def _end_child(self) -> int:
        """Reap the child process; return its exit status (negative: the signal that ended it)."""
        child, self._child = self._child, None
        return 0 if child is None else child.end()
