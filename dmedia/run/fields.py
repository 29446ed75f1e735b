"""The fields of a message from somebody who is not trusted: each is of its type and within its range, or a breach."""

from __future__ import annotations

import math
from typing import Any, get_args

LONGEST_TEXT, MOST_TEXTS = 6000, 20
"""Characters, and texts in a list: a path of 4096 bytes and a sentence around it have room."""

LARGEST_INTEGER = 2**63 - 1
"""What the record can hold."""


class BreachError(Exception):
    """A slot said what no slot says: it is not one any more."""


class Fields:
    """An object of a message. Every method takes one field as what it must be.

    Parameters
    ----------
    found : object
        As parsed from JSON.

    Raises
    ------
    BreachError
        By every method, and when this is no object.
    """

    def __init__(self, found: object) -> None:
        if not isinstance(found, dict):
            raise BreachError("a message is no object")
        self._found = found

    def integer(self, name: str, most: int = LARGEST_INTEGER, least: int = 0) -> int:
        """Take a whole number within a range."""
        value = self._take(name)
        if type(value) is not int or not least <= value <= most:
            raise BreachError(f"{name} is no number from {least} to {most}")
        return value

    def number(self, name: str) -> float:
        """Take seconds: finite, not negative."""
        value = self._take(name)
        if type(value) not in (int, float) or not 0 <= value <= LARGEST_INTEGER or not math.isfinite(value):
            raise BreachError(f"{name} is no number of seconds")
        return float(value)

    def share(self, name: str) -> float:
        """Take a number from 0 to 1."""
        value = self._take(name)
        if type(value) not in (int, float) or not 0 <= value <= 1:
            raise BreachError(f"{name} is no number from 0 to 1")
        return float(value)

    def boolean(self, name: str) -> bool:
        """Take a truth value."""
        value = self._take(name)
        if type(value) is not bool:
            raise BreachError(f"{name} is neither true nor false")
        return value

    def text(self, name: str) -> str:
        """Take a text of limited length."""
        return _text(name, self._take(name))

    def path(self, name: str) -> bytes:
        """Take a path, whatever its bytes are."""
        value = self._take(name)
        try:
            return str(value).encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            raise BreachError(f"{name} is no path") from None

    def texts(self, name: str) -> tuple[str, ...]:
        """Take a list of texts."""
        return tuple(_text(name, value) for value in self.items(name, MOST_TEXTS))

    def items(self, name: str, most: int) -> list[object]:
        """Take a list of at most so many."""
        value = self._take(name)
        if not isinstance(value, list) or len(value) > most:
            raise BreachError(f"{name} is no list of at most {most}")
        return value

    def choice(self, name: str, words: object) -> Any:
        """Take one of the words of a ``Literal``."""
        value = self._take(name)
        if value not in get_args(words):
            raise BreachError(f"{name} is none of those there are")
        return value

    def fields(self, name: str) -> Fields:
        """Take an object."""
        return Fields(self._take(name))

    def has(self, name: str) -> bool:
        """Tell whether a field that must be there is not null."""
        return self._take(name) is not None

    def names(self) -> list[str]:
        """Name all fields."""
        return [_text("a name", name) for name in self._found]

    def _take(self, name: str) -> Any:
        if name not in self._found:
            raise BreachError(f"{name} is missing")
        return self._found[name]


def _text(name: str, value: object) -> str:
    """Take a text that a record can hold: JSON can spell half a character, which no file takes."""
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        raise BreachError(f"{name} is no text of at most {LONGEST_TEXT} characters")
    return value.encode("utf-8", "replace").decode("utf-8")
