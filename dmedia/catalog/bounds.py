"""Bounds: which inputs lie in the directories that a job may use, asked once a directory."""

from __future__ import annotations

import os
from functools import lru_cache

from dmedia.catalog.given import UNKNOWN, look
from dmedia.storage.local import is_inside, leading_out
from dmedia.words import quoted


class Bounds:
    """The roots, as a catalog asks about them. What is opened later is judged again, by what was opened.

    Parameters
    ----------
    roots : tuple of bytes
        Absolute real paths; empty: everything is inside.
    """

    def __init__(self, roots: tuple[bytes, ...] = ()) -> None:
        self.roots = roots
        self._holds = lru_cache(maxsize=4096)(self.holds)

    def holds(self, path: bytes) -> bool:
        """Tell whether a path leads inside, as it is now."""
        return is_inside(path, self.roots)

    def refuse(self, directory: bytes, text: bytes) -> None:
        """Refuse an input whose directory lies outside.

        Parameters
        ----------
        directory : bytes
            Its absolute path.
        text : bytes
            The input as it was given.

        Raises
        ------
        OutsideRootsError
            It names the input.
        """
        if not self._holds(directory):
            raise leading_out(quoted(text), self.roots)

    def look(self, path: bytes) -> tuple[int, tuple[int, int]]:
        """Look at a file once, like `given.look`, but at none outside: nobody learns whether there is one."""
        if self.roots and not (self._holds(os.path.dirname(path)) and self._stays(path)):
            return 0, UNKNOWN
        return look(path)

    def _stays(self, path: bytes) -> bool:
        return not os.path.islink(path) or self.holds(path)
