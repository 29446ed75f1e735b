"""The slot's own side: what the child process does, from its start to its end."""

from __future__ import annotations

import contextlib
import os
import socket
import traceback
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from dmedia.errors import MediaError, UnknownOperationError
from dmedia.media.faults import failure_of, failure_outside_jobs
from dmedia.model import Failure, FileResult
from dmedia.run.answers import Answer, Deadline, Description, Hindrance, Said, SlotReport, Trials
from dmedia.run.messages import write
from dmedia.run.questions import Assignment, Introspection, Trial
from dmedia.storage import local as storage

if TYPE_CHECKING:
    from dmedia.media.sandbox import Sandbox
    from dmedia.model import MediaInfo, WorkOrder
    from dmedia.run.questions import Inquiry

FIRST_DEADLINE_S = 30.0
"""Seconds a slot may take until it has read the header, which tells how long the file may take."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a slot is told first.

    Attributes
    ----------
    order : WorkOrder
        What all of its tasks have in common.
    scratch : str or None
        Where libraries may put files aside.
    most_files : int
        After so many files the slot ends, and a new one takes its place.
    """

    order: WorkOrder
    scratch: str | None
    most_files: int


def serve(descriptor: int) -> None:
    """Be a slot: the child process's whole life.

    Parameters
    ----------
    descriptor : int
        Of the socket to the worker. At its end of file, the slot ends.
    """
    connection = Connection(descriptor)
    try:
        beginning = _read_beginning(connection)
        from dmedia.media import guard

        guard.enter(beginning.order.limits)
        import dmedia.media.process  # noqa: F401 - loaded while the job is planned, used with the first file
        from dmedia.media.work import load_work

        for recipe in beginning.order.recipes:
            load_work(recipe.operation)  # outside of the sandbox: what it imports may lie anywhere
    except UnknownOperationError as error:
        connection.send_bytes(write(Hindrance(error.message)))
        return
    except Exception:  # noqa: BLE001 - whatever keeps a slot from starting must be told, or nobody learns of it
        connection.send_bytes(write(Hindrance(traceback.format_exc(limit=-1).strip())))
        return
    with contextlib.suppress(EOFError, BrokenPipeError):
        _Server(connection, beginning).work()


def _read_beginning(connection: Connection) -> Beginning:
    """Read what the slot is told first: that loads the class of the parameters, which may be another package's.

    Raises
    ------
    UnknownOperationError
        When it cannot be loaded here.
    """
    try:
        beginning: Beginning = connection.recv()
    except Exception as error:
        raise UnknownOperationError(f"the job cannot be read in a slot: {type(error).__name__}: {error}") from error
    return beginning


class _Server:
    """Answers its worker, one file at a time, and enters the sandbox with the first.

    Not before: slots start while the job is planned, when the output directory, the one place where they may write,
    may not exist yet.
    """

    def __init__(self, connection: Connection, beginning: Beginning) -> None:
        self._connection = connection
        self._socket = socket.socket(fileno=os.dup(connection.fileno()))
        self._order = beginning.order
        self._scratch = beginning.scratch
        self._files_left = beginning.most_files
        self._output: tuple[int, int] | None = None
        """Identity of the output directory that may be written, once the slot is in its sandbox."""
        self._exposure = ""

    def work(self) -> None:
        """Do what is asked until the slot has done enough, or its output directory is another one.

        Raises
        ------
        EOFError, BrokenPipeError
            When the worker is gone.
        """
        from dmedia.media import guard

        is_last = False
        while not is_last:
            asked = self._connection.recv()
            if isinstance(asked, Introspection):
                self._say(self._report(asked.formats))
                continue
            if isinstance(asked, Trial):
                self._say(self._try_formats())
                continue
            _, (source,), _, _ = socket.recv_fds(self._socket, 1, 1)
            if self._output is not None and self._output != _identity(self._order.output_directory):
                return  # somebody has replaced it: a new slot may write the new one, and the file is not to blame
            guard.begin(self._order.limits.timeout_s or FIRST_DEADLINE_S, self._tell_deadline)
            try:
                outcome = (
                    self._process(asked, source) if isinstance(asked, Assignment) else self._describe(asked, source)
                )
            finally:
                os.close(source)
            guard.end()
            self._files_left -= 1
            is_last = self._files_left < 1 or guard.is_bloated()
            self._say(self._answer(outcome, is_last=is_last))

    def _answer(self, outcome: FileResult | MediaInfo | Failure, *, is_last: bool) -> Said:
        if isinstance(outcome, FileResult):
            return Answer(outcome, is_last, self._exposure)
        info, failure = (None, outcome) if isinstance(outcome, Failure) else (outcome, None)
        return Description(info, failure, is_last, self._exposure)

    def _say(self, said: Said) -> None:
        self._connection.send_bytes(write(said))

    def _tell_deadline(self, deadline_s: float) -> None:
        self._say(Deadline(deadline_s))

    def _process(self, assignment: Assignment, source: int) -> FileResult:
        from dmedia.media.process import process

        task = assignment.task
        if self._output is None:
            try:
                storage.prepare_parent(task.rendition, self._order.output_directory, self._order.roots)
            except MediaError as error:
                return FileResult(task.number, failure=failure_of(error, task))
            self._exposure = self._enter_sandbox().failing
        return process(self._order, task, assignment.temporaries, source)

    def _describe(self, inquiry: Inquiry, source: int) -> MediaInfo | Failure:
        from dmedia.media.information import describe

        if self._output is None:
            self._exposure = self._enter_sandbox().failing
        try:
            return describe(source, inquiry.source, self._order.limits)
        except Exception as error:  # noqa: BLE001 - one file's failure must never become the slot's
            return failure_outside_jobs(error, inquiry.source)

    def _enter_sandbox(self) -> Sandbox:
        from dmedia.media import guard, sandbox
        from dmedia.media.work import packages_of

        self._output = _identity(self._order.output_directory)
        scratch = (os.fsencode(self._scratch),) if self._scratch else ()
        packages = {package for recipe in self._order.recipes for package in packages_of(recipe.operation)}
        entered = sandbox.enter((self._order.output_directory, *scratch), tuple(sorted(packages)))
        guard.watch()
        return entered

    def _report(self, formats: tuple[str, ...] | None) -> SlotReport:
        from dmedia.media import font, libraries, sandbox

        if formats is not None:  # the sandbox is entered with the first file; what is loaded here starts no thread
            reads, writes = libraries.readable_formats(formats), libraries.writable_formats(formats)
            return SlotReport(0, "", (), is_tight=False, versions={}, font="", reads=reads, writes=writes)
        entered = self._enter_sandbox()
        font_file = str(font.FONT_FILE) if os.access(font.FONT_FILE, os.R_OK) else ""
        return SlotReport(
            entered.abi,
            entered.reason,
            entered.refuses,
            sandbox.is_tight(),
            libraries.versions(),
            font_file,
            libraries.readable_formats(),
            libraries.writable_formats(),
        )

    def _try_formats(self) -> Trials:
        from dmedia.media.trials import try_formats

        if self._output is None:
            self._enter_sandbox()
        return Trials(*try_formats(self._scratch or os.devnull))


def _identity(directory: bytes) -> tuple[int, int] | None:
    try:
        status = os.stat(directory)
    except OSError:
        return None
    return status.st_dev, status.st_ino
