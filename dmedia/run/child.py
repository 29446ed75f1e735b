"""The child process of a slot: its start, what passes between it and its worker, its end.

It is started as a plain program and not through ``multiprocessing``: it then never imports the caller's ``__main__``
(a script without a main guard works), and the daemonic worker of a Dask nanny may have it. Of the worker's open files
it gets none but its socket, and of its environment only what is named here: passwords are not.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING

from dmedia.run.fields import BreachError
from dmedia.run.messages import LONGEST_MESSAGE_BYTES
from dmedia.run.slot_server import Beginning

if TYPE_CHECKING:
    from dmedia.model import WorkOrder
    from dmedia.run.questions import Introspection, Question, Trial

INHERITED = frozenset({"HOME", "LANG", "LANGUAGE", "PATH", "TEMP", "TMP", "TMPDIR", "TZ", "XDG_CACHE_HOME"})
INHERITED_PREFIXES = (
    "LC_", "LD_", "DYLD_", "NIX_LD", "MALLOC_",  # where the loader and the C library look, and what they do
    "PYTHON", "COVERAGE_",                       # the interpreter, and what measures it
    "FONTCONFIG_", "LIBHEIF_", "VIPS_",          # libraries of media
    "DMEDIA_SLOT_",                              # whatever else somebody wants slots to know
)  # fmt: skip
"""Environment variables that a slot gets: it may be taken over by what it decodes, and a worker's hold secrets."""

SEND_LIMIT_S = 10.0
"""Seconds for a task to go into the socket, which has room for hundreds of them."""

START_LIMIT_S = 60.0
"""Seconds for the first message, which is larger than the socket where a job has a logo: the process reads it when its
interpreter runs."""

END_LIMIT_S = 1.0
"""Seconds for a process to end by itself whose socket is at its end."""

READ_BYTES = 2**16
LONGEST_WAIT_S = 3600.0
"""Of one call of the system, which may know no larger numbers; it is then called again."""


class Child:
    """One process, driven by one thread at a time; `kill` may come from any.

    Parameters
    ----------
    order : WorkOrder
        What all of its tasks have in common.
    scratch : str or None
        Directory in which it gets one of its own, removed at its end.
    most_files : int
        After so many files it ends by itself.

    Raises
    ------
    OSError
        When the system gives no process, socket or memory now.
    """

    def __init__(self, order: WorkOrder, scratch: str | None, most_files: int) -> None:
        self._heard = b""
        self._socket, theirs = socket.socketpair()
        self._scratch = _make_directory(scratch)
        try:
            with theirs:
                self._process = _start(theirs.fileno(), self._scratch)
        except OSError:
            self._let_go()
            raise
        with contextlib.suppress(OSError):  # a child that died at once is met when it is asked
            self._send(Beginning(order, self._scratch, most_files), START_LIMIT_S)

    def is_alive(self) -> bool:
        """Tell whether the process has not ended."""
        return self._process.poll() is None

    def ask(self, question: Question, source: int) -> None:
        """Hand over a question with the file it is about.

        Parameters
        ----------
        question : Question
            What to do.
        source : int
            Descriptor of the source, which stays the caller's.

        Raises
        ------
        OSError
            When the process is gone, or takes nothing.
        """
        self._send(question)
        socket.send_fds(self._socket, [b"\0"], [source])

    def ask_about_itself(self, asked: Introspection | Trial) -> None:
        """Ask for a report instead of a file. Raises like `ask`."""
        self._send(asked)

    def hear(self, until_s: float) -> bytes:
        """Wait for a message.

        Parameters
        ----------
        until_s : float
            When to give up, of ``time.monotonic``.

        Returns
        -------
        bytes
            A whole message.

        Raises
        ------
        EOFError, OSError
            When the process is gone.
        TimeoutError
            When it was not complete in time.
        BreachError
            When it is longer than any that a slot sends.
        """
        size_bytes = int.from_bytes(self._take(4, until_s), "big")
        if size_bytes > LONGEST_MESSAGE_BYTES:
            raise BreachError(f"a message of {size_bytes} bytes")
        return self._take(size_bytes, until_s)

    def kill(self) -> None:
        """End the process now."""
        self._process.kill()

    def wait(self) -> None:
        """Wait for the end of a process that was killed."""
        self._process.wait()

    def end(self) -> int:
        """End the process, reap it and remove what it has put aside.

        Returns
        -------
        int
            Its exit status; negative: the signal that ended it.
        """
        self._socket.close()
        try:
            status = self._process.wait(timeout=END_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        self._let_go()
        return status

    def _let_go(self) -> None:
        self._socket.close()
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)

    def _send(self, message: object, limit_s: float = SEND_LIMIT_S) -> None:
        content = pickle.dumps(message)
        self._socket.settimeout(limit_s)
        self._socket.sendall(len(content).to_bytes(4, "big") + content)

    def _take(self, count: int, until_s: float) -> bytes:
        while len(self._heard) < count:
            left_s = until_s - time.monotonic()
            if left_s <= 0:
                raise TimeoutError
            self._socket.settimeout(min(left_s, LONGEST_WAIT_S))
            with contextlib.suppress(TimeoutError):
                got = self._socket.recv(READ_BYTES)
                if not got:
                    raise EOFError
                self._heard += got
        taken, self._heard = self._heard[:count], self._heard[count:]
        return taken


def _make_directory(scratch: str | None) -> str | None:
    if scratch is not None:
        with contextlib.suppress(OSError):  # a full disk: only a library that wants to put something aside is the worse
            return tempfile.mkdtemp(dir=scratch)
    return None


def _start(descriptor: int, scratch: str | None) -> subprocess.Popen[bytes]:
    serving = f"from dmedia.run.slot_server import serve; serve({descriptor})"
    return subprocess.Popen(
        [sys.executable, "-P", "-c", f"import sys; sys.path[:] = {sys.path!r}; {serving}"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=[descriptor],
        env=_environment(scratch),
        process_group=0,  # Ctrl-C and hang-up of the terminal are the launcher's to handle
    )


def _environment(scratch: str | None) -> dict[str, str]:
    """Take what may be inherited, and tell libraries where they may write: temporary files, and fontconfig's cache."""
    inherited = {
        name: value for name, value in os.environ.items() if name in INHERITED or name.startswith(INHERITED_PREFIXES)
    }
    return inherited | ({"TMPDIR": scratch, "XDG_CACHE_HOME": scratch} if scratch else {})
