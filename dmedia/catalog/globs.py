"""Globs over paths: ``*``, ``?``, ``[...]`` within a name, ``**`` over any number of directories.

A glob is matched name by name while a tree is walked, so that every directory is read once, whatever the
number of ``**``, and a directory in which nothing can match is not read at all. Names are text as
``os.fsdecode`` gives it.
"""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

States = frozenset[int]
"""Which components of a glob the next name may match."""

DOTS = frozenset({".", ".."})
"""In keys of objects they are names of directories, and no dot hides them."""

_WILDCARD = re.compile(r"[*?\[]")


def has_wildcard(text: str) -> bool:
    """Tell whether a path would be a glob if no file of that name exists."""
    return _WILDCARD.search(text) is not None


@dataclass(frozen=True, slots=True)
class Component:
    """What one name of a path must look like.

    Attributes
    ----------
    text : str
        As it was written; of the last component without its extension.
    suffix : str or None
        The extension in lower case, compared without regard to case; ``None`` where it is part of ``text``.
    pattern : re.Pattern or None
        ``text`` with its wildcards; ``None`` where it has none.
    """

    text: str
    suffix: str | None
    pattern: re.Pattern[str] | None

    def matches(self, name: str) -> bool:
        """Tell whether a name looks like this."""
        if self.suffix is not None:
            name, dot, suffix = name.rpartition(".")
            if not dot or suffix.lower() != self.suffix:
                return False
        if self.text == "*":
            return True
        return self.pattern.match(name) is not None if self.pattern else name == self.text


def _component(text: str, *, last: bool) -> Component:
    suffix = None
    stem, dot, extension = text.rpartition(".")
    if last and stem and dot and extension.isalnum():
        text, suffix = stem, extension.lower()
    return Component(text, suffix, re.compile(fnmatch.translate(text)) if has_wildcard(text) else None)


class Glob:
    """A pattern over a path relative to some directory.

    The case of the extension at its end does not matter: ``*.jpg`` also means ``IMG_1.JPG``.

    Parameters
    ----------
    pattern : str
        Components with ``/`` between them. ``**`` is any number of directories, also none; at the end it is
        every file below.
    hidden : bool
        Whether wildcards also match names that begin with a dot. A component that begins with one always
        does.
    """

    def __init__(self, pattern: str, *, hidden: bool = False) -> None:
        parts = [part for part in pattern.split("/") if part not in {"", "."}]
        if not parts or parts[-1] == "**":
            parts.append("*")
        self.hidden = hidden
        self.last = len(parts) - 1
        self.components = tuple(_component(part, last=i == self.last) for i, part in enumerate(parts))
        self.start = self._reach({0})
        self.repeats = any(not has_wildcard(part) for part in parts[:-1])
        """Whether it names a directory below a wildcard, which may be a link to where it has been already."""

    def matches(self, states: States, name: str) -> bool:
        """Tell whether a file of this name, in a directory reached with these states, is meant."""
        return self.last in states and self._means(self.components[self.last], name)

    def descend(self, states: States, name: str, *, by_name: bool = False) -> States:
        """Tell what may match in a subdirectory.

        Parameters
        ----------
        states : States
            With which its parent was reached.
        name : str
            The subdirectory's name.
        by_name : bool
            Count only components without wildcards.

        Returns
        -------
        States
            Empty where nothing below can match.
        """
        reached = set()
        for index in states:
            component = self.components[index]
            if index == self.last or (by_name and has_wildcard(component.text)):
                continue
            if component.text == "**":
                if self.hidden or name in DOTS or not name.startswith("."):
                    reached.add(index)
            elif self._means(component, name) or (name in DOTS and component.matches(name)):
                reached.add(index + 1)
        return self._reach(reached)

    def covers(self, relative: str) -> bool:
        """Tell whether a path, or a directory above it, matches.

        Parameters
        ----------
        relative : str
            Path relative to the glob's directory.

        Returns
        -------
        bool
            True for ``a/b/c.jpg`` when the glob is ``a/b``.
        """
        states = self.start
        for name in relative.split("/"):
            if self.matches(states, name):
                return True
            states = self.descend(states, name)
        return False

    def _means(self, component: Component, name: str) -> bool:
        if name.startswith(".") and not self.hidden and not component.text.startswith("."):
            return False
        return component.matches(name)

    def _reach(self, states: Iterable[int]) -> States:
        """Add what follows a ``**``, which may stand for no directory."""
        reached = set(states)
        for index in sorted(reached):
            following = index
            while following < self.last and self.components[following].text == "**":
                following += 1
                reached.add(following)
        return frozenset(reached)


class Filter:
    """Which paths below an input are wanted.

    A glob without ``/`` is compared with every name on the path, one with ``/`` with the path from its
    beginning; a directory that matches stands for all it holds.

    Parameters
    ----------
    include, exclude : iterable of str
        What matches no ``include`` (where there is one) or any ``exclude`` is left out.
    """

    def __init__(self, include: Iterable[str], exclude: Iterable[str]) -> None:
        self._include = [_anywhere(pattern) for pattern in include]
        self._exclude = [_anywhere(pattern) for pattern in exclude]
        self.empty = not self._include and not self._exclude

    def admits(self, relative: str) -> bool:
        """Tell whether a file is wanted, by its path below its input."""
        if self._include and not any(glob.covers(relative) for glob in self._include):
            return False
        return not self.bars(relative)

    def bars(self, relative: str) -> bool:
        """Tell whether a directory need not be walked, by its path below its input."""
        return any(glob.covers(relative) for glob in self._exclude)


def _anywhere(pattern: str) -> Glob:
    inner = pattern.strip("/")
    return Glob(pattern if "/" in inner or pattern.startswith("/") else f"**/{inner}", hidden=True)
