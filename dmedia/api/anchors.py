"""Paths as a program or a command gave them become independent of the current directory."""

from __future__ import annotations

import os
from typing import Any

from dmedia.errors import ParameterError, UsageError


def encoded(name: str, path: Any) -> bytes:
    """Make the bytes of a path that a program gave.

    Parameters
    ----------
    name : str
        What it is called, for messages.
    path : object
        A text, bytes or a path.

    Raises
    ------
    ParameterError
        When it is something else, or a text that no path can be.
    """
    try:
        return os.fsencode(path)
    except (TypeError, UnicodeEncodeError):
        raise ParameterError(f"{name} is {path!r}: a path is a text, bytes or a Path") from None


def anchored(path: bytes) -> bytes:
    """Make a path or glob independent of the current directory: a job may be planned by another process.

    It is not made shorter or resolved; an empty path and a URL stay so, to be refused by whoever reads them.

    Raises
    ------
    UsageError
        When the current directory is gone, and the path needs it.
    """
    if not path or os.path.isabs(path) or b"://" in path:
        return path
    try:
        return os.path.join(os.getcwdb(), path)
    except FileNotFoundError:
        raise UsageError("The current directory does not exist any longer", "change to another one") from None
