"""How messages name things: the nearest known word, and paths whatever their bytes are."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str:
    """Name the known words closest to an unknown one.

    Parameters
    ----------
    word : str
        What was typed.
    known : iterable of str
        What exists.

    Returns
    -------
    str
        ``"did you mean 'resize'?"``, or the whole list where nothing is close.
    """
    known = sorted(set(known))
    close = difflib.get_close_matches(word.lower(), known, n=2, cutoff=0.6)
    if close:
        return "did you mean " + " or ".join(repr(name) for name in close) + "?"
    return "known are: " + ", ".join(known) if known else "there are none"


def shown(path: bytes) -> str:
    """Write a path into a message, with U+FFFD for bytes that are not UTF-8."""
    return path.decode("utf-8", "replace")


def quoted(path: bytes) -> str:
    """Quote a path in a message: on one line, whatever its bytes are."""
    return repr(shown(path))
