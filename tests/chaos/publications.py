"""Publications as the file system tells them: every file that gets a final name, kept by a link as it was then."""

from __future__ import annotations

import ctypes
import itertools
import os
import select
import struct
import threading
import time
from dataclasses import dataclass
from pathlib import Path

# https://man7.org/linux/man-pages/man7/inotify.7.html; values from linux/inotify.h
IN_MODIFY, IN_MOVED_TO, IN_CREATE, IN_Q_OVERFLOW = 0x2, 0x80, 0x100, 0x4000
EVENT = struct.Struct("iIII")
BUFFER_BYTES = 1 << 18


@dataclass(frozen=True)
class Publication:
    """A file that got its final name.

    Attributes
    ----------
    name : str
        The final name.
    at_s : float
        Seconds since the epoch.
    kept : Path
        A link to what was published.
    """

    name: str
    at_s: float
    kept: Path


class Publications:
    """Watches one directory until it is closed.

    Parameters
    ----------
    directory : Path
        Where files are published. It exists.
    side : Path
        Of the same file system: gets the links. It is made.

    Attributes
    ----------
    seen : list of Publication
        In their order.
    names : set of str
        Final names that were published.
    written_in_place : set of str
        Final names under which a file was made or written instead of being renamed there.
    overflowed : bool
        Whether the kernel dropped events, so that nothing is proved.
    failed : BaseException or None
        What ended the watching early.
    """

    def __init__(self, directory: Path, side: Path) -> None:
        side.mkdir()
        self.seen: list[Publication] = []
        self.names: set[str] = set()
        self.written_in_place: set[str] = set()
        self.overflowed = False
        self.failed: BaseException | None = None
        self._directory, self._side = directory, side
        library = ctypes.CDLL(None, use_errno=True)
        self._descriptor = library.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        mask = IN_MODIFY | IN_MOVED_TO | IN_CREATE
        if library.inotify_add_watch(self._descriptor, os.fsencode(directory), mask) < 0:
            raise OSError(ctypes.get_errno(), "inotify_add_watch", str(directory))
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._follow)
        self._thread.start()

    def close(self) -> None:
        """Take in what has happened until now, and watch no further."""
        self._closing.set()
        self._thread.join()
        os.close(self._descriptor)

    def longest_standstill_s(self) -> float:
        """Tell the longest time between two publications, in seconds."""
        moments = [publication.at_s for publication in self.seen]
        return max((after - before for before, after in itertools.pairwise(moments)), default=0.0)

    def _follow(self) -> None:
        try:
            self._watch()
        except BaseException as error:
            self.failed = error

    def _watch(self) -> None:
        while True:
            closing = self._closing.is_set()
            if select.select([self._descriptor], [], [], 0.1)[0]:
                self._take(os.read(self._descriptor, BUFFER_BYTES))
            elif closing:
                return

    def _take(self, events: bytes) -> None:
        offset = 0
        while offset < len(events):
            _, mask, _, length = EVENT.unpack_from(events, offset)
            offset += EVENT.size
            name = os.fsdecode(events[offset : offset + length].rstrip(b"\0"))
            offset += length
            if mask & IN_Q_OVERFLOW:
                self.overflowed = True
            elif name.startswith("."):
                continue
            elif mask & IN_MOVED_TO:
                self._keep(name)
            else:
                self.written_in_place.add(name)

    def _keep(self, name: str) -> None:
        kept = self._side / str(len(self.seen))
        os.link(self._directory / name, kept)
        self.seen.append(Publication(name, time.time(), kept))
        self.names.add(name)
