"""Processes, seen from outside."""

from __future__ import annotations

import psutil


def command_of(process: psutil.Process) -> str:
    """Tell a process's command line; of one that has ended it is empty, also while nobody has waited for it."""
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


def children_with(word: str, pid: int | None = None) -> list[psutil.Process]:
    """Find the living children of a process, of this one where none is named, that have a word in their command."""
    try:
        children = psutil.Process(pid).children()
    except psutil.NoSuchProcess:
        return []
    return [child for child in children if word in command_of(child)]


def slots_of(pid: int | None = None) -> list[psutil.Process]:
    """Find the slots that a process has started, this one where none is named."""
    return children_with("dmedia.run.slot", pid)


def workers_of(pid: int) -> list[psutil.Process]:
    """Find the workers that a nanny or a launcher has started."""
    return children_with("spawn_main", pid)
