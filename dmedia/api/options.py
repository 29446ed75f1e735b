"""What may be said of a batch or a file besides what is done with it."""

from __future__ import annotations

import math
import os
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypedDict

from dmedia.errors import ParameterError
from dmedia.model import Limits, Persistence
from dmedia.words import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    AnyPath = str | bytes | os.PathLike[str] | os.PathLike[bytes]


class FileOptions(TypedDict, total=False):
    """What may be said of one file besides what is done with it.

    Attributes
    ----------
    overwrite : bool
        Whether a file that is not dmedia's own may be replaced.
    limits : Limits
        What the file may cost.
    roots : path or sequence of path
        Directories outside of which nothing is read or written.
    """

    overwrite: bool | None
    limits: Limits | None
    roots: AnyPath | Sequence[AnyPath] | None


class PlaceOptions(TypedDict, total=False):
    """Where a launcher of its own runs a batch; a batch with a client has no such launcher.

    Attributes
    ----------
    slots : int
        Files worked on at once on this machine, 1 to 1024.
    scheduler : str
        Address of the Dask scheduler to run on instead.
    scheduler_file : path
        The file that such a scheduler has written, with ``dask scheduler --scheduler-file``.
    cluster : path
        A YAML file with ``module``, ``class``, ``args`` and ``kwargs`` of a Dask cluster, which the launcher makes and
        closes at the end.
    workers : int or str
        Workers of that cluster, or ``"MIN:MAX"``: between them, by the work there is (experimental).
    """

    slots: int | None
    scheduler: str | None
    scheduler_file: AnyPath | None
    cluster: AnyPath | None
    workers: int | str | None


class BatchOptions(FileOptions, PlaceOptions, total=False):
    """What may be said of a batch besides its four arguments; each has the command line's name and default.

    Attributes
    ----------
    overwrite, limits, roots
        As for one file.
    slots, scheduler, scheduler_file, cluster, workers
        See `PlaceOptions`.
    preset : str
        A preset; ``parameters`` then take precedence over its own.
    also : str or sequence of str
        Further presets: one task makes the renditions of all of one decoded picture.
    recursive : bool
        Whether directories are walked into.
    include, exclude : str or sequence of str
        Globs over the path below its input.
    limit : int
        Take at most so many files, at least 1.
    shard : str
        ``K/N``: take the K-th of N parts of the files, for N launchers that share the work, such as ``2/8``.
    on_collision : str
        ``error``, ``keep-ext`` or ``number``.
    name : str
        Template of a rendition's path, such as ``{dir}/{stem}.{ext}``.
    portable_names : bool
        Whether names that differ only in case or Unicode form collide.
    persistence : Persistence
        How failure and want of room are met.
    """

    preset: str | None
    also: str | Sequence[str] | None
    recursive: bool | None
    include: str | Sequence[str] | None
    exclude: str | Sequence[str] | None
    limit: int | None
    shard: str | None
    on_collision: str | None
    name: str | None
    portable_names: bool | None
    persistence: Persistence | None


LISTS: dict[str, tuple[type, ...]] = {
    "also": (str,), "include": (str,), "exclude": (str,), "roots": (str, bytes, os.PathLike),
}  # fmt: skip
"""Options that may have several values, and what each of them is."""

SWITCHES = frozenset({"overwrite", "recursive", "portable_names"})
RECORDS: dict[str, type] = {"limits": Limits, "persistence": Persistence}
FROM_ZERO = frozenset({"retries", "retry_wait_s", "max_failed", "max_failed_share", "min_free_bytes"})
"""Fields of these records that can be nothing."""

PATHS = frozenset({"scheduler_file", "cluster"})

NUMBERS: dict[str, int | None] = {"limit": None, "slots": 1024}
"""Options that are whole numbers from 1 on, and the largest that they can be."""


def read_options(given: Mapping[str, Any], known: type) -> dict[str, Any]:
    """Check what was said.

    Parameters
    ----------
    given : mapping of str to object
        Options by name.
    known : type
        `BatchOptions` or `FileOptions`.

    Returns
    -------
    dict
        What is ``None`` was not said; of what may be several there is a tuple.

    Raises
    ------
    ParameterError
        When an option is unknown, or of a value that it cannot have.
    """
    for name in given:
        if name not in known.__annotations__:
            raise ParameterError(f"Unknown option {name!r}: {nearest(name, known.__annotations__)}")
    return {name: _read(name, value) for name, value in given.items() if value is not None}


def further_presets(given: BatchOptions) -> tuple[str, ...]:
    """Take the further presets of a batch from its options. Raises `ParameterError` like `read_options`."""
    return tuple(read_options({"also": given.get("also")}, BatchOptions).get("also", ()))


def _read(name: str, value: Any) -> Any:
    if kinds := LISTS.get(name):
        listed = (value,) if isinstance(value, (str, bytes, os.PathLike)) else _several(name, value)
        for one in listed:
            _refuse_unless(isinstance(one, kinds), name, one, "a path" if bytes in kinds else "a text")
        _refuse_unless(bool(listed) or name != "roots", name, value, "left out, or name at least one directory")
        return listed
    if name in SWITCHES:
        _refuse_unless(isinstance(value, bool), name, value, "True or False")
    elif kind := RECORDS.get(name):
        _refuse_unless(isinstance(value, kind), name, value, f"dmedia.{kind.__name__}(...)")
        _check_numbers(name, value)
    elif name in NUMBERS:
        most = NUMBERS[name]
        fits = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= (most or value)
        _refuse_unless(fits, name, value, "a whole number from 1 " + (f"to {most}" if most else "on"))
    elif name in PATHS:
        _refuse_unless(isinstance(value, (str, bytes, os.PathLike)), name, value, "a path")
    elif name == "workers":
        fits = isinstance(value, (int, str)) and not isinstance(value, bool)
        _refuse_unless(fits, name, value, "a number such as 4, or a text such as '1:8'")
    else:
        _refuse_unless(isinstance(value, str), name, value, "a text")
    return value


def _check_numbers(name: str, record: Any) -> None:
    """Refuse what is no number, or no switch, where a record has one: a slot would be asked for what it cannot do."""
    for one in fields(record):
        value = getattr(record, one.name)
        if value is None and one.default is None:
            continue
        if isinstance(one.default, bool):
            _refuse_unless(isinstance(value, bool), f"{name}.{one.name}", value, "True or False")
            continue
        fits = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < math.inf
        least = "0" if one.name in FROM_ZERO else "more than 0"
        _refuse_unless(fits and (value > 0 or one.name in FROM_ZERO), f"{name}.{one.name}", value, f"a number, {least}")


def _several(name: str, value: Any) -> tuple[Any, ...]:
    try:
        return tuple(value)
    except TypeError:
        raise ParameterError(f"{name} is {value!r}: it is one, or a list of them") from None


def _refuse_unless(fits: bool, name: str, value: Any, what: str) -> None:
    if not fits:
        raise ParameterError(f"{name} is {value!r}: it can be {what}")
