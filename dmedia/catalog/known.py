"""Files that several inputs name are one source: which files of a catalog are known already."""

from __future__ import annotations

import os
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

from dmedia.storage.locations import is_url, parent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dmedia.catalog.given import Given


class Known:
    """The files that a catalog has given.

    Only inputs that lie within one another are remembered, by 64 bits of a keyed hash a file (about 70 bytes in a set):
    a million files take one for another once in 30 million jobs.

    Parameters
    ----------
    given : sequence of Given
        The inputs.
    has_listing : bool
        Whether there is a listing beside them, which can name any file.
    """

    def __init__(self, given: Sequence[Given], *, has_listing: bool) -> None:
        self._real_path = lru_cache(maxsize=4096)(os.path.realpath)
        repeats = any(each.glob and each.glob.repeats for each in given)
        self._alone = frozenset() if has_listing or repeats else self._inputs_alone([each.base for each in given])
        self._seen: set[int] = set()

    def is_new(self, path: bytes, given: Given | None) -> bool:
        """Tell whether no other input named this file, and remember it."""
        if given is not None and given.base in self._alone:
            return True
        if not is_url(path):
            directory, name = os.path.split(path)
            path = os.path.join(self._real_path(directory), name)
        known = hash(path)
        if known in self._seen:
            return False
        self._seen.add(known)
        return True

    def forget(self) -> None:
        """Begin again."""
        self._seen.clear()

    def _inputs_alone(self, bases: Sequence[bytes]) -> frozenset[bytes]:
        """Find the bases of inputs that can name no file that another input, or they themselves, name too."""
        real_paths = [(base, base if is_url(base) else self._real_path(base)) for base in bases]
        uses = Counter(real for _, real in real_paths)
        above = {directory for real in uses for directory in _parents(real)}
        return frozenset(
            base
            for base, real in real_paths
            if uses[real] == 1 and real not in above and uses.keys().isdisjoint(_parents(real))
        )


def _parents(path: bytes) -> Iterator[bytes]:
    while (above := parent(path)) != path:
        path = above
        yield path
