"""Roots: directories outside of which a job neither reads nor writes.

They are real paths, found once and never followed again: a root that has become a link since then holds nothing; or
URLs of directories in stores. What decides is where a path really leads, through all its links, and of an open file
what was opened, whatever its name leads to by then.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dmedia.errors import MediaError, OutsideRootsError, UsageError
from dmedia.storage.locations import decoded, is_below, is_read_only, is_url, normal
from dmedia.words import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dmedia.errors import Stage

OPEN_FILES = "/proc/self/fd"
"""Where Linux says what a descriptor is (man 5 proc)."""

REASON = "Permission denied: it leads out of the directories that this job may use"
HINT = "Put it inside one of them, or allow its directory with --root in a new job."


def real_roots(paths: Iterable[bytes]) -> tuple[bytes, ...]:
    """Make roots of directories as somebody has named them.

    Parameters
    ----------
    paths : iterable of bytes
        Existing directories; relative ones are below the current directory. Links are followed now, and never again.
        Or URLs, which need not stand for anything yet.

    Returns
    -------
    tuple of bytes
        Absolute real paths and URLs, each once, in the order given.

    Raises
    ------
    UsageError
        When one has no name, is not there or is no directory, or is a URL that cannot be used.
    """
    roots: dict[bytes, None] = {}
    for path in paths:
        if is_url(path):
            roots[normal(path)] = None
            continue
        try:
            real = os.path.realpath(path, strict=True) if path else b""
        except (OSError, ValueError):
            real = b""
        if not os.path.isdir(real):
            raise UsageError(f"The root {quoted(path)} is no directory", "name an existing directory")
        roots[real] = None
    return tuple(roots)


def narrowed(roots: tuple[bytes, ...], further: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Keep what lies in both of two sets of roots.

    Parameters
    ----------
    roots, further : tuple of bytes
        Absolute real paths; empty: anywhere.

    Returns
    -------
    tuple of bytes
        Empty only when both are.

    Raises
    ------
    OutsideRootsError
        When nothing does.
    """
    if not (roots and further):
        return roots or further
    pairs = [(one, other) for one in roots for other in further]
    both = [one for one, other in pairs if lies_below(one, other)]
    both += [other for one, other in pairs if lies_below(other, one)]
    if not both:
        raise OutsideRootsError("The job may use none of these directories", _extent(roots))
    return tuple(dict.fromkeys(both))


def is_inside(path: bytes, roots: tuple[bytes, ...]) -> bool:
    """Tell whether a path leads to a root, or below one.

    Parameters
    ----------
    path : bytes
        It need not exist; links are followed, also those that lead nowhere yet.
    roots : tuple of bytes
        Absolute real paths and URLs. Empty: everything is inside. A URL is inside only of a root that is a URL.
    """
    if not roots:
        return True
    try:
        real = normal(path) if is_url(path) else os.path.realpath(path)
    except (OSError, ValueError, UsageError):  # a NUL byte
        return False
    return any(lies_below(real, root) for root in roots) and _stays_inside(real, roots)


def lies_below(path: bytes, directory: bytes) -> bool:
    """Tell whether a real path is a directory, or below it, name by name. Both are absolute, or URLs."""
    if is_url(path) or is_url(directory):
        return is_below(path, directory)
    return os.path.commonpath((path, directory)) == os.path.normpath(directory)


def leading_out(what: str, roots: tuple[bytes, ...]) -> OutsideRootsError:
    """Make the error about something of a request that leads out of the roots.

    Parameters
    ----------
    what : str
        It, as a person knows it.
    roots : tuple of bytes
        Absolute real paths, at least one.
    """
    return OutsideRootsError(f"{what} leads out of the directories that this job may use", _extent(roots))


def refuse_outside(path: bytes, roots: tuple[bytes, ...], stage: Stage) -> None:
    """Refuse a path that leads out of the roots.

    Parameters
    ----------
    path : bytes
        See `is_inside`.
    roots : tuple of bytes
        Absolute real paths. Empty: nothing is refused.
    stage : Stage
        Where on the file's way it is asked.

    Raises
    ------
    MediaError
        ``permission_denied``.
    """
    if not is_inside(path, roots):
        raise MediaError("permission_denied", REASON, stage, HINT)


def refuse_outside_descriptor(descriptor: int, path: bytes, roots: tuple[bytes, ...], stage: Stage = "open") -> None:
    """Refuse what was opened when it lies outside the roots: its name may have led there at that moment only.

    Parameters
    ----------
    descriptor : int
        It, open.
    path : bytes
        By which it was opened.
    roots : tuple of bytes
        Absolute real paths. Empty: nothing is refused.
    stage : Stage
        Where on the file's way it is asked.

    Raises
    ------
    MediaError
        ``permission_denied``.
    """
    if not roots:
        return
    real = _real_path(descriptor, path)
    if real is None or not any(lies_below(real, root) for root in roots):
        raise MediaError("permission_denied", REASON, stage, HINT)


def _stays_inside(real: bytes, roots: tuple[bytes, ...]) -> bool:
    """Tell whether a page lies inside also for a server that decodes escapes before it resolves dots."""
    if not is_read_only(real):
        return True
    return any(is_below(decoded(real), decoded(root)) for root in roots if is_read_only(root))


def _extent(roots: tuple[bytes, ...]) -> str:
    return f"It may use {' and '.join(map(quoted, roots))}, and what is below."


def _real_path(descriptor: int, path: bytes) -> bytes | None:
    """Find where an open file lies; ``None`` where nobody can tell.

    Linux says so, with a word behind the name of what was deleted meanwhile, which changes no directory. Elsewhere it
    is where its name leads now, if that is still the same file.
    """
    try:
        real = os.fsencode(os.readlink(f"{OPEN_FILES}/{descriptor}"))
        return real if os.path.isabs(real) else None  # no path, or one that this process cannot reach
    except OSError:
        pass
    try:
        real = os.path.realpath(path, strict=True)
        same = os.path.samestat(os.stat(real, follow_symlinks=False), os.fstat(descriptor))
    except (OSError, ValueError):
        return None
    return real if same else None
