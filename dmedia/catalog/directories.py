"""Walk a tree and find what a glob means in it, one directory at a time, not into links to directories."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from dmedia.catalog.given import reason
from dmedia.formats import kind_by_extension
from dmedia.storage.locations import is_url
from dmedia.words import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dmedia.catalog.bounds import Bounds
    from dmedia.catalog.globs import Filter, Glob, States


class Folder(NamedTuple):
    """A directory's files that a glob means.

    Attributes
    ----------
    prefix : bytes
        The directory's absolute path with a ``/`` at its end.
    names : list of bytes
        Their names, sorted.
    """

    prefix: bytes
    names: list[bytes]


class OutputDirectory:
    """The job's output directory, to recognise it inside an input.

    Parameters
    ----------
    path : bytes
        It need not exist. A URL is in no tree of this machine.
    """

    def __init__(self, path: bytes) -> None:
        self._status: os.stat_result | None = None
        self._real = b""
        if is_url(path):
            return
        self._real = os.path.realpath(path)
        with suppress(OSError):
            self._status = os.stat(self._real)

    def below(self, top: bytes) -> bytes:
        """Give its path as a walk from ``top`` would name it; empty where it does not lie below."""
        real_top = os.path.join(os.path.realpath(top), b"")
        inside = self._real.startswith(real_top) and self._real != real_top
        return os.path.join(top, self._real[len(real_top) :]) if inside else b""

    def is_entry(self, entry: os.DirEntry[bytes]) -> bool:
        """Tell whether an entry of a walk is it, however its name is spelled there."""
        if self._status is None or entry.inode() != self._status.st_ino:
            return False
        return os.path.samestat(entry.stat(follow_symlinks=False), self._status)


class Area(NamedTuple):
    """Where walks go.

    Attributes
    ----------
    wanted : Filter
        What was asked to be left out.
    output : OutputDirectory
        Left out too.
    bounds : Bounds
        Directories outside are not read.
    """

    wanted: Filter
    output: OutputDirectory
    bounds: Bounds


class Walk:
    """One input's tree. Hidden files and directories are left out, and so is the output directory.

    Parameters
    ----------
    top : bytes
        Absolute path of the directory to begin with.
    glob : Glob
        What is meant below it.
    area : Area
        Where it goes.
    warn : callable
        Told about each directory that cannot be read, or may not be.

    Attributes
    ----------
    unentered : int
        Directories in which the glob means nothing.
    """

    def __init__(self, top: bytes, glob: Glob, area: Area, warn: Callable[[str], None]) -> None:
        self._top = top
        self._glob = glob
        self._wanted, self._output, self._bounds = area
        self._warn = warn
        self._output_path = self._output.below(top)
        self._relative = len(os.path.join(top, b""))
        self.unentered = 0

    def folders(self) -> Iterator[Folder]:
        """List the tree, a directory's files before its subdirectories, both sorted.

        Yields
        ------
        Folder
            Each directory that was read, also one without files. What is in memory is one directory's files
            and the subdirectories still to be read on the way down.
        """
        stack = [(self._top, self._glob.start)]
        while stack:
            path, states = stack.pop()
            if not self._bounds.holds(path):  # a link that is named, or has taken the directory's place
                self._warn(f"{quoted(path)} leads out of the directories that this job may use; its files are left out")
                continue
            files: list[bytes] = []
            inner: list[tuple[bytes, States]] = []
            try:
                with os.scandir(path) as entries:
                    for entry in entries:
                        self._sort_in(entry, states, files, inner)
            except OSError as error:
                self._warn(f"Cannot read the directory {quoted(path)}: {reason(error)}; its files are left out")
            files.sort()
            yield Folder(os.path.join(path, b""), files)
            stack.extend(sorted(inner, key=lambda pair: pair[0], reverse=True))

    def _sort_in(
        self, entry: os.DirEntry[bytes], states: States, files: list[bytes], inner: list[tuple[bytes, States]]
    ) -> None:
        name = os.fsdecode(entry.name)
        if entry.is_dir(follow_symlinks=False):
            self._enter(entry, self._glob.descend(states, name), inner)
            return
        if entry.is_symlink():
            by_name = self._glob.descend(states, name, by_name=True)
            if by_name and _leads_to_directory(entry):
                self._enter(entry, by_name, inner)
                return
            if kind_by_extension(entry.name) == "unknown" and _leads_to_directory(entry):
                return
        if self._glob.matches(states, name) and self._admits(entry.path):
            files.append(entry.name)

    def _enter(self, entry: os.DirEntry[bytes], states: States, inner: list[tuple[bytes, States]]) -> None:
        if not states:
            self.unentered += not entry.name.startswith(b".")
        elif entry.path == self._output_path or self._output.is_entry(entry):
            return
        elif self._wanted.empty or not self._wanted.bars(os.fsdecode(entry.path[self._relative :])):
            inner.append((entry.path, states))

    def _admits(self, path: bytes) -> bool:
        return self._wanted.empty or self._wanted.admits(os.fsdecode(path[self._relative :]))


def _leads_to_directory(link: os.DirEntry[bytes]) -> bool:
    try:
        return link.is_dir()
    except OSError:  # it leads to itself: that is this link's fault, and not its directory's
        return False
