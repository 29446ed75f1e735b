"""What a slot may reach: its libraries, its output directory and its scratch, and nothing else.

Landlock narrows a Linux process from inside, without privileges: three system calls, that no library of Python wraps
(https://docs.kernel.org/userspace-api/landlock.html). A slot needs no right to read any input by name, for its worker
opens the source and hands the descriptor over: whoever breaks into a decoder sees the file that it was given, those
that this slot is given after it, and what is in the job's output directory.

What an older kernel does not know is left out; where there is no Landlock at all (an old kernel, a container that
forbids the calls, another system) a slot runs on, and ``dmedia doctor`` says so. Landlock knows no rule for UDP and for
sockets in the file system; what is open already stays open.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import platform
import stat
import struct
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dmedia.media.libraries import readable_paths

if TYPE_CHECKING:
    from collections.abc import Iterable

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
"""System calls: one number for all architectures that Linux got them on at once (asm-generic/unistd.h)."""

MACHINES = frozenset({"x86_64", "aarch64", "riscv64", "ppc64le", "s390x", "armv7l", "i686"})
"""Where those numbers are right: Alpha and MIPS count from elsewhere."""

PR_SET_NO_NEW_PRIVS = 38
RULE_PATH_BENEATH = 1
QUERY_VERSION = 1
"""``prctl`` (linux/prctl.h) and Landlock (linux/landlock.h)."""

WRITE_FILE, READ_FILE, READ_DIR, REMOVE_DIR, REMOVE_FILE, MAKE_DIR, MAKE_REG = (1 << n for n in (1, 2, 3, 4, 5, 7, 8))
TRUNCATE = 1 << 14
"""``LANDLOCK_ACCESS_FS_*`` that are given to somebody; no rule gives any other, execution above all."""

READ = READ_FILE | READ_DIR
WRITE = READ | WRITE_FILE | TRUNCATE | MAKE_DIR | MAKE_REG | REMOVE_DIR | REMOVE_FILE
OF_FILES = WRITE_FILE | READ_FILE | TRUNCATE
"""Rights that a rule about a single file may give."""

FILE_RIGHTS = ((1, (1 << 13) - 1), (2, 1 << 13), (3, TRUNCATE), (5, 1 << 15))
"""All rights over files, by the version of the interface that brought them: REFER with 2, IOCTL_DEV with 5."""

NETWORK_SINCE, NETWORK_RIGHTS = 4, 0b11
"""Binding and connecting TCP."""

SCOPE_SINCE, SCOPES = 6, 0b11
"""Abstract sockets of, and signals to, processes outside. Signals from outside still come in."""

REASONS = {
    errno.ENOSYS: "this kernel has no Landlock (Linux 5.13 brought it)",
    errno.EOPNOTSUPP: "Landlock is switched off on this kernel",
    errno.EPERM: "a container or a filter of system calls forbids Landlock",
}


@dataclass(frozen=True, slots=True)
class Sandbox:
    """How far this process is narrowed.

    Attributes
    ----------
    abi : int
        Version of the kernel's Landlock interface; 0 where nothing is narrowed.
    reason : str
        Why nothing is, or not all; empty where all that the interface knows is refused.
    is_offered : bool
        Whether this system has Landlock and lets it be used.
    """

    abi: int
    reason: str = ""
    is_offered: bool = False

    @property
    def refuses(self) -> tuple[str, ...]:
        """What is refused: ``read write`` (outside), ``truncate connect ioctl signal``."""
        since = {"read": 1, "write": 1, "truncate": 3, "connect": NETWORK_SINCE, "ioctl": 5, "signal": SCOPE_SINCE}
        return tuple(name for name, version in since.items() if self.abi >= version)

    @property
    def failing(self) -> str:
        """Why nothing, or not all, is refused although this system could; empty where it could not."""
        return self.reason if self.is_offered else ""


def enter(directories: Iterable[bytes], packages: Iterable[str] = ()) -> Sandbox:
    """Give up everything but reading libraries and writing some directories, for the rest of this process's life.

    Only the calling thread and those it starts are narrowed: call it while there is no other.

    Parameters
    ----------
    directories : iterable of bytes
        What may be written, with all below it. One that is not there is left out.
    packages : iterable of str
        Packages besides dmedia's libraries that may be read: see ``libraries.readable_paths``.

    Returns
    -------
    Sandbox
        What came of it; never an error.
    """
    if sys.platform != "linux":
        return Sandbox(0, f"Landlock is a protection of Linux; this is {platform.system()}")
    if platform.machine() not in MACHINES:
        return Sandbox(0, f"the numbers of Landlock's system calls on {platform.machine()} are not known here")
    others = _other_threads()
    try:
        abi = _call(CREATE_RULESET, None, 0, QUERY_VERSION)
        _restrict(abi, directories, packages)
    except OSError as error:
        known = REASONS.get(error.errno or 0)
        return Sandbox(0, known or f"Landlock failed: {error.strerror}", is_offered=known is None)
    reason = f"{others} threads ran before the sandbox was entered" if others else ""
    return Sandbox(abi, reason, is_offered=True)


def is_tight() -> bool:
    """Try it: whether this process is refused to read the root directory."""
    try:
        os.listdir("/")
    except PermissionError:
        return True
    return False


def _other_threads() -> int:
    """Count the threads that would not be narrowed; where nobody can tell, that is no reason not to begin."""
    try:
        return len(os.listdir("/proc/self/task")) - 1
    except OSError:
        return 0


def _restrict(abi: int, directories: Iterable[bytes], packages: Iterable[str] = ()) -> None:
    handled = sum(rights for since, rights in FILE_RIGHTS if abi >= since)
    attributes = struct.pack("=Q", handled)
    if abi >= NETWORK_SINCE:
        attributes += struct.pack("=Q", NETWORK_RIGHTS)
    if abi >= SCOPE_SINCE:
        attributes += struct.pack("=Q", SCOPES)
    ruleset = _call(CREATE_RULESET, attributes, len(attributes), 0)
    try:
        for library in readable_paths(packages):
            with contextlib.suppress(OSError):  # whatever is wrong with one of them: no right to it, and all the others
                _allow(ruleset, os.fsencode(library), READ)
        for directory in directories:
            with contextlib.suppress(FileNotFoundError, NotADirectoryError, PermissionError):
                _allow(ruleset, directory, WRITE & handled)
        _no_new_privileges()
        _call(RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: bytes, rights: int) -> None:
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= OF_FILES
        _call(ADD_RULE, ruleset, RULE_PATH_BENEATH, struct.pack("=Qi", rights, descriptor), 0)
    finally:
        os.close(descriptor)


def _no_new_privileges() -> None:
    """Give up what set-user-ID programs would bring: without that, Landlock asks for privileges."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise _error()


def _call(number: int, *arguments: int | bytes | None) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    words = [ctypes.c_long(argument) if isinstance(argument, int) else argument for argument in arguments]
    outcome: int = libc.syscall(ctypes.c_long(number), *words)
    if outcome < 0:
        raise _error()
    return outcome


def _error() -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number))
