"""The limits a slot lives under: memory, time, and its parent.

A slot is a child process that decodes what strangers made. It puts itself under these limits, and they hold against
accidents of any kind: the kernel ends it at the deadline even while C code holds the interpreter's lock, a thread ends
it when it has grown too large, and the worker that owns it reads from the exit status what happened
(`EXIT_OUT_OF_MEMORY`, death by ``SIGALRM``). Against a slot that was stopped, or taken over by what it decodes, the
worker has a clock of its own, which is why it is told every deadline; of memory only the kernel's bound of the address
space holds then. Outside a slot every function here does nothing, so that media can be processed in any process.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from dmedia.model import Limits

EXIT_OUT_OF_MEMORY = 86
"""Exit status of a slot that went over its memory: none that Python (1, 2, 120) or sysexits.h (64-78) use."""

EXIT_ORPHANED = 87
"""Exit status of a slot whose parent died; nobody is left to read it, but a debugger."""

WATCH_INTERVAL_S = 0.1

ADDRESS_SPACE_FACTOR = 6
"""Address space over resident memory of a film: SVT-AV1 maps 3 GB for 1080p, as measured, and uses a fraction."""

LARGE_FILM_PIXELS = 1920 * 1088
LARGE_FILM_FACTOR = 2
"""Films above 1080p (coded as 1088 lines) get twice the memory: their reference frames are that much larger."""

ENVIRONMENT = {
    "VIPS_CONCURRENCY": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2",
    "RAYON_NUM_THREADS": "1",  # of oxipng
}  # fmt: skip
"""One thread a library: the slots are the parallelism."""

M_ARENA_MAX = -8
"""Number of the parameter in glibc's ``mallopt`` (malloc.h); the environment is read only before a process starts."""

LARGEST_IDLE_SHARE = 0.5
"""Part of an image's memory that a slot may still hold between two files before a new one takes its place."""

SHORTEST_ALARM_S = 0.001
"""A timer set to zero would be disarmed."""

LONGEST_DEADLINE_S = 24 * 3600.0
"""What no file may exceed without ``--timeout``, whatever duration a film says it has."""


@dataclass(slots=True)
class _Guard:
    """What the watcher and the deadline of this slot know."""

    limits: Limits
    parent: int
    most_bytes: int
    resident_bytes: Callable[[], int]
    first_bytes: int = 0
    begun_at: float = 0.0
    is_watched: bool = False
    tell: Callable[[float], None] | None = None


_guard: _Guard | None = None


def enter(limits: Limits) -> None:
    """Put this process under a slot's limits, once, before any library starts a thread.

    From here on SIGINT and SIGTERM are ignored (the launcher decides what an interrupt means; what ends a service, or a
    queue's job, tells all of its processes, and a slot ends with its worker), no core is written and the address space
    is bounded. `watch` adds what needs a thread.

    Parameters
    ----------
    limits : Limits
        What one file may cost.
    """
    global _guard  # noqa: PLW0603  # a process is or is not a slot
    for told_to_all in (signal.SIGINT, signal.SIGTERM):
        signal.signal(told_to_all, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})
    _lower(resource.RLIMIT_CORE, 0)
    if sys.platform == "linux":  # elsewhere the limit is refused or ends good processes
        _lower(resource.RLIMIT_AS, ADDRESS_SPACE_FACTOR * limits.film_slot_bytes)
    os.environ.update(ENVIRONMENT)
    _limit_arenas()
    if _guard is None:
        _guard = _Guard(limits, os.getppid(), limits.image_slot_bytes, _resident_memory())


def watch() -> None:
    """Start the thread that ends this slot when it is too large for the current file, or when its parent is gone.

    To be called once the slot is in its sandbox, which narrows only the thread that enters it and those it starts.
    """
    if _guard is not None and not _guard.is_watched:
        _guard.is_watched = True
        _guard.first_bytes = _guard.resident_bytes()
        threading.Thread(target=_watch, args=(_guard,), name="dmedia-guard", daemon=True).start()


def begin(deadline_s: float, tell: Callable[[float], None] | None = None) -> None:
    """Start a file: its memory is a picture's, and the kernel ends this slot by SIGALRM at the deadline.

    Parameters
    ----------
    deadline_s : float
        Seconds from now.
    tell : callable, optional
        Is given the deadline, now and whenever it moves, in seconds from now.
    """
    if _guard is not None:
        _guard.tell = tell
        _tell(_guard, deadline_s)
        _guard.most_bytes = _guard.limits.image_slot_bytes
        _guard.begun_at = time.monotonic()
        signal.setitimer(signal.ITIMER_REAL, max(deadline_s, SHORTEST_ALARM_S))


def extend(deadline_s: float) -> None:
    """Move the deadline of the current file, once more is known about it.

    Parameters
    ----------
    deadline_s : float
        Seconds from ``begin``; never more than `LONGEST_DEADLINE_S`.
    """
    if _guard is not None and _guard.begun_at:
        deadline_s = min(deadline_s, LONGEST_DEADLINE_S)
        _tell(_guard, deadline_s)
        left_s = _guard.begun_at + deadline_s - time.monotonic()
        signal.setitimer(signal.ITIMER_REAL, max(left_s, SHORTEST_ALARM_S))


def film(pixels: int) -> None:
    """Allow a film's memory for the current file.

    Parameters
    ----------
    pixels : int
        Width x height of a frame: above 1080p a film gets twice as much.
    """
    if _guard is not None:
        factor = LARGE_FILM_FACTOR if pixels > LARGE_FILM_PIXELS else 1
        _guard.most_bytes = factor * _guard.limits.film_slot_bytes


def end() -> None:
    """End a file: no deadline, and a picture's memory, until the next begins."""
    if _guard is not None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        _guard.begun_at = 0.0
        _guard.most_bytes = _guard.limits.image_slot_bytes


def check_memory() -> None:
    """End this slot when it is too large for the current file.

    The watcher calls it now and then. To be called at once where a failure may be nothing but what a lack of memory
    looks like to a library: an encoder that is refused its buffers says that it cannot be initialised.
    """
    if _guard is not None and _guard.resident_bytes() > _guard.most_bytes:
        os._exit(EXIT_OUT_OF_MEMORY)


def is_bloated() -> bool:
    """Tell whether this slot, between two files, still holds so much memory that a new one should take its place.

    Memory that is free but was not given back counts only when the C library cannot give it back either; and a slot
    that holds less than twice what it had before its first file is not replaced, for the new one would be no smaller.
    """
    if _guard is None:
        return False
    most_bytes = max(LARGEST_IDLE_SHARE * _guard.limits.image_slot_bytes, 2 * _guard.first_bytes)
    if _guard.resident_bytes() <= most_bytes:
        return False
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:  # glibc
        trim(0)
    return _guard.resident_bytes() > most_bytes


def _tell(guard: _Guard, deadline_s: float) -> None:
    if guard.tell is not None:
        guard.tell(deadline_s)


def _watch(guard: _Guard) -> None:
    """End the process when it is too large or alone.

    The parent is asked for instead of being announced by ``PR_SET_PDEATHSIG``: that signal comes when the *thread* that
    started this process ends, and pools start theirs from threads that do.
    """
    while True:
        check_memory()
        if os.getppid() != guard.parent:
            os._exit(EXIT_ORPHANED)
        time.sleep(WATCH_INTERVAL_S)


def _resident_memory() -> Callable[[], int]:
    """Choose the cheapest way to read this process's resident memory in bytes."""
    try:
        descriptor = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        import psutil

        process = psutil.Process()
        return lambda: int(process.memory_info().rss)
    page_bytes = os.sysconf("SC_PAGE_SIZE")
    return lambda: int(os.pread(descriptor, 256, 0).split()[1]) * page_bytes  # second field: resident pages (proc(5))


def _lower(limit: int, value: int) -> None:
    """Set both limits of a resource, never above the ones there are."""
    _, hard = resource.getrlimit(limit)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(limit, (value, value))


def _limit_arenas() -> None:
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:  # glibc
        mallopt(M_ARENA_MAX, int(ENVIRONMENT["MALLOC_ARENA_MAX"]))
