"""The directory that holds several locations: of paths, and of URLs of one place."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dmedia.storage.locations import is_below, join, place

if TYPE_CHECKING:
    from collections.abc import Iterable


def common_parent(directories: Iterable[bytes]) -> bytes:
    """Find the directory that holds all of several directories, of which few are in memory.

    Parameters
    ----------
    directories : iterable of bytes
        At least one; normal.

    Returns
    -------
    bytes
        One of them or above; empty where there is none, because they lie in several places.
    """
    several = iter(directories)
    common = next(several)
    where, below = place(common), join(common, b"")
    for directory in several:
        if directory == common or directory.startswith(below):
            continue
        if place(directory) != where:
            return b""
        if where:
            common = where + _alike(common[len(where) :], directory[len(where) :])
        else:
            common = os.path.commonpath((common, directory))
        below = join(common, b"")
    return common


def _alike(one: bytes, other: bytes) -> bytes:
    """Keep the names that two keys begin with: empty ones and dots are names too."""
    names = one.split(b"/"), other.split(b"/")
    alike = next((i for i, (a, b) in enumerate(zip(*names, strict=False)) if a != b), min(map(len, names)))
    return b"/".join(names[0][:alike])


def common_parents(directories: Iterable[bytes]) -> dict[bytes, bytes]:
    """Find, for each place, the directory that holds all of its directories.

    Parameters
    ----------
    directories : iterable of bytes
        Normal; of few places, for their number is what is in memory.

    Returns
    -------
    dict of bytes to bytes
        Directory by place, as `place` gives it.
    """
    found: dict[bytes, bytes] = {}
    for directory in directories:
        where = place(directory)
        known = found.get(where)
        if known is None:
            found[where] = directory
        elif not is_below(directory, known):
            found[where] = common_parent((known, directory))
    return found
