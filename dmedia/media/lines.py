"""Where the lines of a text are broken."""

from __future__ import annotations

import textwrap


def balanced(text: str, count: int) -> str:
    """Break the lines of a text at spaces, so that the longest becomes lines of about one length.

    Parameters
    ----------
    text : str
        Any; its own line ends stay.
    count : int
        Into how many lines the longest one is broken at most, where it has spaces enough.

    Returns
    -------
    str
        With more line ends. Words are never broken.
    """
    lines = text.split("\n")
    longest = max(lines, key=len)
    width = max(1, -(-len(longest) // count))
    while len(_broken(longest, width)) > count and width < len(longest):
        width += 1
    return "\n".join(part for line in lines for part in (_broken(line, width) or [""]))


def _broken(line: str, width: int) -> list[str]:
    return textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False)
