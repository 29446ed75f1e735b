"""How messages name things: the nearest known word, and paths whatever their bytes are."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


HIDDEN = b"..."

LONGEST_GIST = 300
"""Characters of what others say that are kept: three lines of a terminal, which hold nearly all that servers say."""

_SECRET = re.compile(rb"(?i)([?&][^=&#]*(?:sig|token|key|secret|password|credential|policy|auth)[^=&#]*)=[^&#]*")
"""A part of a URL's query that lets its bearer in, as signed URLs of S3, CloudFront, Google and Azure have them."""

_QUERY = re.compile(r'((?:https?://|/(?=[^\s"<>]*\?[^\s"<>]*=))[^\s?"<>]*)\?[^\s"<>]+', re.IGNORECASE)
"""Where others name a URL, or a path of a server: all of its query, for theirs have secrets of names of their own."""

_PASSWORD = re.compile(r'://[^\s/@:?"<>]*:[^\s/@?"<>]*@')
"""What a URL, mostly that of a proxy, has in front of its host."""


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
    """Write a path or a URL into a message, with U+FFFD for bytes that are not UTF-8, and without what is secret."""
    return redacted(path).decode("utf-8", "replace")


def redacted(path: bytes) -> bytes:
    """Leave out of a signed URL what lets its bearer in. Every other location stays as it is."""
    if path.startswith(b"/") or b"?" not in path or not path[:8].lower().startswith((b"http://", b"https://")):
        return path
    return _SECRET.sub(rb"\1=" + HIDDEN, path)


def quoted(path: bytes) -> str:
    """Quote a path in a message: on one line, whatever its bytes are."""
    return repr(shown(path))


def gist(said: str | Exception) -> str:
    """Write what somebody or something else has said into a message: on one line, and cut where it is long.

    Queries and passwords of URLs are left out: they let their bearer in.

    Parameters
    ----------
    said : str or Exception
        An error without words is told by its class.
    """
    text = str(said) or (type(said).__name__ if isinstance(said, Exception) else "")
    line = " ".join(text.split())[: 4 * LONGEST_GIST]
    line = _PASSWORD.sub("://...@", _QUERY.sub(r"\1?...", line))
    return line if len(line) <= LONGEST_GIST else line[:LONGEST_GIST] + "…"
