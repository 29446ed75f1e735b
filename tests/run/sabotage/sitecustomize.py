"""Found on ``PYTHONPATH`` by the processes of a test's job: breaks them where the test says.

``DMEDIA_SLOT_SABOTAGE`` names a log. A slot then writes a line into it for each file it begins; one whose name begins
with ``crash`` really crashes it, ``hang`` hangs it with the interpreter's lock held, ``hungry`` makes it use memory
without end; the disk fails twice under one that begins with ``flaky``, and always under ``broken``; ``slow`` waits
``DMEDIA_SLOT_SLOW_S`` seconds with its rendition begun.
``KILLED_AT_COMMIT`` is a number: a launcher is killed when it has so many results to commit, and before it does. Under
``NO_SLOTS`` no slot can be started.
"""

from __future__ import annotations

import ctypes
import errno
import importlib.util
import os
import signal
import sys
import time
from collections.abc import Callable
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

LOG, COMMITS = os.environ.get("DMEDIA_SLOT_SABOTAGE"), os.environ.get("KILLED_AT_COMMIT")


class Patch(MetaPathFinder):
    """Changes a module when it is imported: nothing is loaded that would not be loaded without us."""

    def __init__(self, name: str, change: Callable[[Any], None]) -> None:
        self.name = name
        self.change = change

    def find_spec(self, fullname: str, path: object, target: object = None) -> ModuleSpec | None:
        if fullname != self.name:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        assert spec is not None
        assert spec.loader is not None
        execute = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            self.change(module)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]  # of this one loader
        return spec


def sabotage_slots(module: Any) -> None:
    log = os.open(LOG or "", os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    process, look_at, write = module.process, module.look_at, module.write_rendition
    slow_s = float(os.environ.get("DMEDIA_SLOT_SLOW_S", "0"))

    def fail(*arguments: Any) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    def write_slowly(*arguments: Any) -> Any:
        time.sleep(slow_s)
        return write(*arguments)

    def sabotaged(order: Any, task: Any, *others: Any) -> Any:
        name = os.path.basename(task.source)
        os.write(log, name + b"\n")
        if name.startswith(b"crash"):
            ctypes.string_at(0)
        if name.startswith(b"hang"):
            ctypes.PyDLL(None).pause()
        hoard = []
        while name.startswith(b"hungry"):
            hoard.append(b"\1" * (16 << 20))
        attempts = os.pread(log, 1 << 20, 0).split(b"\n").count(name)
        fails = name.startswith(b"broken") or (name.startswith(b"flaky") and attempts <= 2)
        module.look_at = fail if fails else look_at
        module.write_rendition = write_slowly if name.startswith(b"slow") else write
        return process(order, task, *others)

    module.process = sabotaged


def kill_at_commit(module: Any) -> None:
    commit, left = module.RecordWriter.commit, int(COMMITS or 0)

    def killed(self: Any, results: Any, *others: Any, **more: Any) -> None:
        nonlocal left
        left -= len(results)
        if results and left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
        commit(self, results, *others, **more)

    module.RecordWriter.commit = killed


def refuse_processes(module: Any) -> None:
    def refuse(*arguments: Any, **options: Any) -> None:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    module.subprocess = type("Refusing", (), {"Popen": refuse, "DEVNULL": None})


if os.environ.get("NO_SLOTS"):
    sys.meta_path.insert(0, Patch("dmedia.run.child", refuse_processes))
if LOG:
    sys.meta_path.insert(0, Patch("dmedia.media.process", sabotage_slots))
if COMMITS:
    sys.meta_path.insert(0, Patch("dmedia.record.writer", kill_at_commit))
