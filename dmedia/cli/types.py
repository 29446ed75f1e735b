"""Types of command line values that Click does not have."""

from __future__ import annotations

import os
import re

import click

from dmedia.errors import UsageError
from dmedia.operations.sizes import parse_size
from dmedia.words import nearest

_SECONDS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}


class Quantity(click.ParamType[int]):
    """A number with an optional suffix: ``400M``, ``2GiB``, ``1.5G``.

    Parameters
    ----------
    name : str
        What is shown in the help text.
    least : int
        The smallest number that makes sense.
    """

    def __init__(self, name: str, least: int = 1) -> None:
        self.name = name
        self._least = least

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read the number; k, M, G and T are powers of 1000, Ki, Mi, Gi and Ti of 1024."""
        if isinstance(value, int):
            return value
        try:
            number = parse_size(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if number < self._least:
            self.fail(f"{value!r} is no size; write for instance 400M or 2GiB", param, ctx)
        return number


class Age(click.ParamType[float]):
    """A length of time in whole or part minutes, hours, days or weeks: ``30m``, ``12h``, ``90d``, ``4w``."""

    name = "age"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read it, in seconds."""
        if isinstance(value, float):
            return value
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([mhdw])", str(value).strip().lower())
        if match is None:
            self.fail(f"{value!r} is no age; write for instance 90d, 12h or 4w", param, ctx)
        return float(match[1]) * _SECONDS[match[2]]


class Root(click.ParamType[bytes]):
    """An existing directory, as its absolute real path, or a URL."""

    name = "directory"

    def split_envvar_value(self, rv: str) -> list[str]:
        """Part the directories of an environment variable: the colon of a URL's scheme parts nothing."""
        return [directory for directory in re.split(rf"{os.pathsep}(?!//)", rv or "") if directory]

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> bytes:
        """Find it, through all links."""
        from dmedia.storage.local import real_roots

        try:
            (real,) = real_roots([value if isinstance(value, bytes) else os.fsencode(str(value))])
        except UsageError as error:
            self.fail(error.message, param, ctx)
        return real


class Choice(click.Choice[str]):
    """A choice in which case does not matter, other spellings count, and a wrong word gets the nearest named.

    Parameters
    ----------
    choices : sequence of str
        The words.
    spellings : dict of str to str, optional
        Other words for them.
    """

    def __init__(self, choices: tuple[str, ...], spellings: dict[str, str] | None = None) -> None:
        super().__init__(choices, case_sensitive=False)
        self._spellings = spellings or {}

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Read the word."""
        word = self._spellings.get(value.lower(), value.lower())
        if word not in self.choices:
            self.fail(f"{value!r}: {nearest(word, self.choices)}", param, ctx)
        return word
