"""What was given: each input is a file, a directory or a glob, with the directory whose tree it mirrors."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass

from dmedia.catalog.globs import Glob, has_wildcard
from dmedia.errors import UsageError
from dmedia.storage.locations import is_url, normal
from dmedia.words import quoted

UNKNOWN = (-1, -1)
"""Size and modification time of a file that could not be looked at."""


@dataclass(frozen=True, slots=True)
class Given:
    """One input.

    Attributes
    ----------
    base : bytes
        Absolute path, or URL, of the directory below which its files lie: of a file its parent, of a glob the part in
        front of the first component with a wildcard.
    glob : Glob or None
        What is taken below ``base``; ``None`` for one file.
    named : bool
        Whether its files are tasks whatever they are called: those of a directory are not.
    text : bytes
        As it was given.
    path : bytes
        Absolute path, or URL, of a file.
    identity : tuple of int
        Size and modification time of a file.
    version : str
        Of an object in its store; see `Source`.
    """

    base: bytes
    glob: Glob | None
    named: bool
    text: bytes
    path: bytes = b""
    identity: tuple[int, int] = UNKNOWN
    version: str = ""


def absolute(path: bytes) -> bytes:
    """Make a path absolute and free of ``.`` and ``..``; symbolic links keep their names. URLs get their one spelling.

    Parameters
    ----------
    path : bytes
        As it was given; a relative one is below the current directory.

    Returns
    -------
    bytes
        Absolute path, or URL. Where ``..`` follows a symbolic link, so that the text alone would name another file,
        the link is resolved.

    Raises
    ------
    UsageError
        When it is empty, a URL that cannot be used, or no path at all.
    """
    if not path:
        raise UsageError("An input is empty: it should be a file, a directory or a glob")
    if is_url(path):
        return normal(path)
    if b"\0" in path:
        raise UsageError(f"{quoted(path)} holds a NUL byte, which no path can")
    parts = path.split(b"/")
    if b".." in parts:
        above = len(parts) - parts[::-1].index(b"..")
        path = b"/".join([_without_dots(b"/".join(parts[:above])), *parts[above:]])
    lexical = os.path.abspath(path)
    return lexical[1:] if lexical.startswith(b"//") else lexical


def _without_dots(path: bytes) -> bytes:
    lexical = os.path.abspath(path)
    try:
        return lexical if os.path.samefile(path, lexical) else os.path.realpath(path)
    except OSError:
        return lexical


def look(path: bytes) -> tuple[int, tuple[int, int]]:
    """Look at a file once.

    Parameters
    ----------
    path : bytes
        Its path; symbolic links are followed.

    Returns
    -------
    tuple of int and identity
        Its mode (0 where it cannot be looked at), its size in bytes and its modification time in nanoseconds.
    """
    try:
        found = os.stat(path)
    except OSError:
        return 0, UNKNOWN
    return found.st_mode, (found.st_size, found.st_mtime_ns)


def classify(text: bytes, *, recursive: bool) -> Given:
    """Tell what an input is. A path that exists is itself, whatever wildcards are in its name.

    Parameters
    ----------
    text : bytes
        As it was given.
    recursive : bool
        Whether directories are walked into.

    Returns
    -------
    Given
        The input. What does not exist and has no wildcard is a file, and so is a directory that cannot be
        read: the task will say why it fails.

    Raises
    ------
    UsageError
        When it is no path.
    """
    path = absolute(text)
    mode, identity = look(path)
    if stat.S_ISDIR(mode):
        if os.access(path, os.R_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids):
            return Given(path, Glob("**" if recursive else "*"), named=False, text=text)
        identity = UNKNOWN
    elif not mode and has_wildcard(os.fsdecode(text)) and not os.path.lexists(path):
        return _glob(text)
    return Given(os.path.dirname(path), None, named=True, text=text, path=path, identity=identity)


def _glob(text: bytes) -> Given:
    parts = os.fsdecode(text).split("/")
    first = next(index for index, part in enumerate(parts) if has_wildcard(part))
    if ".." in parts[first:]:
        raise UsageError(f"{quoted(text)}: .. after a wildcard could be many directories; name the directory instead")
    front = "/".join(parts[:first])
    base = absolute(os.fsencode(front or ("/" if first else ".")))
    return Given(base, Glob("/".join(parts[first:])), named=True, text=text)


def reason(error: OSError) -> str:
    """Tell why the operating system refused, without its number."""
    return error.strerror or str(error)
