"""A slot: a long-lived child process in which media is decoded and encoded.

Whatever a file does to its slot, a crash, a hang or a memory bomb, becomes the result of exactly that file: a slot
works for one thread, on one file at a time, over a socket of its own, so there is nobody else to blame. The worker
opens the source and hands the descriptor over: a slot, in its sandbox, reads no source by its name. What it says is
data, checked before it counts, and it never has longer than twice its deadline to say it.
"""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from dmedia.errors import MediaError
from dmedia.media.faults import failure_of, failure_outside_jobs
from dmedia.model import FileResult
from dmedia.run.answers import Answer, Description, Hindrance, SlotReport, Trials
from dmedia.run.asking import ask
from dmedia.run.fields import BreachError
from dmedia.run.messages import read
from dmedia.run.post_mortem import Death, cause, tell_cause
from dmedia.run.questions import Assignment, Inquiry, Introspection, Trial
from dmedia.run.succession import Succession
from dmedia.storage import local as storage

if TYPE_CHECKING:
    from dmedia.model import Failure, MediaInfo, Task, WorkOrder
    from dmedia.run.answers import Said
    from dmedia.run.questions import Question

START_ATTEMPTS = 3

REPORT_LIMIT_S = 60.0
"""Seconds to wait for a slot that is asked about itself: it loads every codec first."""

NO_PROCESS = "no process can be started"
"""Begins what is told of a system that gives no process now: a moment later it may."""


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
        self._children = Succession(order, scratch)

    def start(self) -> None:
        """Start the child process without waiting for it: it loads its codecs while the caller goes on.

        Where the system cannot give one now, the next file tries again.
        """
        with contextlib.suppress(OSError):
            self._children.living()

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
        if self._children.is_over:
            raise SlotKilledError
        try:
            source = storage.open_source(task.source, self._order.roots)
        except MediaError as error:
            return FileResult(task.number, failure=failure_of(error, task))
        try:
            return self.work_on(source, task)
        finally:
            os.close(source)

    def work_on(self, source: int, task: Task) -> FileResult:
        """Process one file as `work` does, by a descriptor of the source, at its beginning, that stays the caller's."""
        began_s = time.monotonic()
        temporaries = tuple(storage.temporary_path(place.rendition, self._order.job) for place in task.places)
        ended = self._settle(Assignment(task, temporaries), source)
        if isinstance(ended, Answer):
            return ended.result
        assert isinstance(ended, Death), "a description is no answer to a task"
        return tell_cause(task, ended, time.monotonic() - began_s, self._order.limits.timeout_s)

    @property
    def output_directory(self) -> bytes:
        """Where it may write renditions: absolute path."""
        return self._order.output_directory

    def describe(self, source: bytes) -> MediaInfo:
        """Read what a file says about itself.

        Parameters
        ----------
        source : bytes
            Absolute path.

        Returns
        -------
        MediaInfo
            By its header.

        Raises
        ------
        MediaError
            When it cannot be read, is no media file, or its slot died of it.
        SlotKilledError, NoSlotError
            As by `work`.
        """
        if self._children.is_over:
            raise SlotKilledError
        try:
            descriptor = storage.open_source(source, self._order.roots)
        except MediaError as error:
            raise _raised(failure_outside_jobs(error, source)) from None
        try:
            return self.describe_open(descriptor, source)
        finally:
            os.close(descriptor)

    def describe_open(self, descriptor: int, source: bytes) -> MediaInfo:
        """Describe a file as `describe` does, by a descriptor, at its beginning, that stays the caller's."""
        began_s = time.monotonic()
        size_bytes = os.fstat(descriptor).st_size
        ended = self._settle(Inquiry(source), descriptor)
        if isinstance(ended, Description) and ended.info is not None:
            return replace(ended.info, size_bytes=size_bytes)
        if isinstance(ended, Death):
            died = cause(ended, time.monotonic() - began_s, self._order.limits.timeout_s)
            raise _raised(replace(died, hint=died.hint if died.code == "decoder_crash" else None))
        assert isinstance(ended, Description), "an answer to a task is no description"
        assert ended.failure is not None, "checked when it was read"
        raise _raised(ended.failure)

    def report(self, formats: tuple[str, ...] | None = None) -> SlotReport | str:
        """Ask the slot about itself, instead of a first file.

        Parameters
        ----------
        formats : tuple of str or None
            See `Introspection`.

        Returns
        -------
        SlotReport or str
            What it says; a text when it cannot start.
        """
        said = self._tell_itself(Introspection(formats))
        return said if isinstance(said, SlotReport | str) else "it does not answer"

    def try_formats(self) -> Trials | str:
        """Let the slot decode and encode a specimen of each format; a text when it cannot start, or dies of one."""
        said = self._tell_itself(Trial())
        return said if isinstance(said, Trials | str) else "it does not answer"

    def kill(self) -> None:
        """End the child process now. A thread inside `work` gets `SlotKilledError`."""
        self._children.kill()

    def rest(self) -> None:
        """End the child process while it has no file; the next file starts another."""
        self._children.end()

    def close(self) -> None:
        """End the child process and wait for its end; a file that is being worked on is given up."""
        if (child := self._children.kill()) is not None:
            child.wait()

    def _tell_itself(self, asked: Introspection | Trial) -> Said | str:
        try:
            child = self._children.living()
        except OSError as error:
            return f"{NO_PROCESS}: {error.strerror}"
        try:
            child.ask_about_itself(asked)
            said = read(child.hear(time.monotonic() + REPORT_LIMIT_S))
        except TimeoutError:
            return f"it has not answered for {REPORT_LIMIT_S:g} s"
        except (EOFError, OSError):
            return f"its process ended with status {self._children.end()}"
        except BreachError as breach:
            return f"it said what no slot says: {breach}"
        return said.reason if isinstance(said, Hindrance) else said

    def _settle(self, question: Question, source: int) -> Answer | Description | Death:
        """Ask until there is an answer, or the slot has died of it."""
        death = Death()
        for _ in range(START_ATTEMPTS):
            if self._children.is_over:
                raise SlotKilledError
            try:
                child = self._children.living()
            except OSError as error:
                raise NoSlotError(f"no slot can be started: {error.strerror}") from error
            ended = ask(child, question, source, self._order.limits.timeout_s)
            if not isinstance(ended, Death):
                self.exposure = ended.exposure
                if ended.is_last:
                    self._children.end()
                    self.start()
                return ended
            death = replace(ended, status=self._bury(ended, question))
            if death.at_work and not self._children.is_over:
                return death
        if self._children.is_over:
            raise SlotKilledError
        reason = death.hindrance or death.breach or f"its process ended with status {death.status}"
        raise NoSlotError(f"no slot could start: {reason}")

    def _bury(self, death: Death, question: Question) -> int:
        """Clean up after a slot that is not to be used any more; return how it ended."""
        status = self._children.end(at_once=death.overdue or bool(death.breach))
        if isinstance(question, Assignment):
            for temporary in question.temporaries:
                storage.discard(temporary)
        return status


def _raised(failure: Failure) -> MediaError:
    return MediaError(failure.code, failure.message, failure.stage, failure.hint)
