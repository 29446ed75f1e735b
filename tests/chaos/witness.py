"""What workers begin, noted from outside of dmedia: one line at a time, whole even from a process that is killed.

A ``sitecustomize.py`` on a worker's ``PYTHONPATH`` calls `attend`, and `read` reads what was noted.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NOTES = "DMEDIA_TEST_NOTES"
"""Environment variable that names the file of notes."""

SITECUSTOMIZE = "from tests.chaos.witness import attend\n\nattend()\n"


@dataclass
class Chunk:
    """One chunk on one worker.

    Attributes
    ----------
    pid : int
        The worker's process.
    began_s : float
        Seconds since the epoch.
    names : frozenset of str
        Its sources.
    begun : dict of str to float
        Sources that a slot was given, and when.
    """

    pid: int
    began_s: float
    names: frozenset[str]
    begun: dict[str, float] = field(default_factory=dict)


def attend() -> None:
    """Note every chunk and every file that this process works on, if it is a worker."""
    if "dmedia.run.slot" in " ".join(sys.orig_argv):
        return  # a slot: nothing of it is touched
    from dmedia.run.slot import Slot
    from dmedia.run.slots import Slots

    notes = os.open(os.environ[NOTES], os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC)
    numbers, here = itertools.count(), threading.local()
    work_chunk, work_file = Slots.work, Slot.work

    def note(kind: str, tasks: Any) -> None:
        names = [os.path.basename(task.source).decode() for task in tasks]
        line = json.dumps([kind, time.time(), os.getpid(), here.chunk, names])
        os.write(notes, line.encode() + b"\n")

    def noted_chunk(slots: Slots, tasks: Any, *rest: Any) -> Any:
        here.chunk = next(numbers)
        note("chunk", tasks)
        return work_chunk(slots, tasks, *rest)

    def noted_file(slot: Slot, task: Any, *rest: Any) -> Any:
        note("file", [task])
        return work_file(slot, task, *rest)

    patched: Any = Slots  # assigning to a method is what type checkers refuse
    patched.work = noted_chunk
    patched = Slot
    patched.work = noted_file


def read(path: Path) -> list[Chunk]:
    """Read what was noted until now, in the order in which chunks began."""
    chunks: dict[tuple[int, int], Chunk] = {}
    if not path.exists():
        return []
    with path.open() as lines:
        for line in lines:
            if not line.endswith("\n"):
                break  # is being written
            kind, at_s, pid, number, names = json.loads(line)
            if kind == "chunk":
                chunks[pid, number] = Chunk(pid, at_s, frozenset(names))
            else:
                chunks[pid, number].begun[names[0]] = at_s
    return sorted(chunks.values(), key=lambda chunk: chunk.began_s)
