"""Reading a preset's file, and saying what is wrong with it."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dmedia.errors import MediaError, ParameterError, PresetError, UnknownOperationError
from dmedia.model import Manifest, Recipe
from dmedia.operations import find_operation
from dmedia.operations.listing import file_parameters
from dmedia.operations.watermark import LATER
from dmedia.presets.preset import Preset, check_name, name_of
from dmedia.storage.local import open_source
from dmedia.words import nearest, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LARGEST_BYTES = 1_000_000
"""What a preset file may hold. A real one has some hundred bytes; what is larger is something else."""

KEYS = ("description", "operation", "parameters", "renditions", "manifest")

MOST_RENDITIONS = 64
"""Of one preset: a page with eight widths in three formats needs 24."""


def read_preset(path: bytes) -> Preset:
    """Read and validate one file.

    Parameters
    ----------
    path : bytes
        A TOML file: ``operation``, a table ``[parameters]``, a ``description``, tables ``[[renditions]]`` and
        ``manifest``, of which only the first is required.

    Returns
    -------
    Preset
        The preset.

    Raises
    ------
    PresetError
        When it is no preset. The message names the file; the line where it is no TOML; the nearest where a
        key, the operation or a parameter is unknown.
    """
    from dmedia.operations.validation import validate

    name = name_of(path)
    try:
        check_name(name)
        given = _checked(_parse(_read(path)))
        recipes = tuple(
            Recipe(title, name, operation, validate(operation, _with_logo_later(operation, arguments)))
            for title, operation, arguments in given.renditions()
        )
    except (PresetError, UnknownOperationError, ParameterError) as error:
        raise PresetError(f"{quoted(path)}: {error.message}", error.hint) from None
    return Preset(name, given.description, recipes, tuple(map(Manifest, given.manifest)), os.path.abspath(path))


@dataclass(frozen=True, slots=True)
class _Given:
    """What stands in a preset's file, each of its type."""

    description: str
    operation: str
    arguments: dict[str, Any]
    tables: list[dict[str, Any]]
    manifest: list[str]

    def renditions(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """List name, operation and arguments of each rendition; the shared arguments hold where it says nothing else.

        Raises
        ------
        PresetError
            When one has no name, or that of another one in the same format.
        """
        if not self.tables:
            yield "", self.operation, self.arguments
        seen: set[tuple[str, str]] = set()
        for number, table in enumerate(self.tables, 1):
            own = dict(table)
            name, operation = own.pop("name", ""), own.pop("operation", self.operation)
            if not isinstance(name, str) or not name or not isinstance(operation, str):
                raise PresetError(f'rendition {number} has no name: name = "small", for example')
            check_name(name)
            arguments = self.arguments | own
            one = (name, str(arguments.get("format")))
            if one in seen:
                raise PresetError(f"two renditions are called {name!r}: give each a name, or a format, of its own")
            seen.add(one)
            yield name, operation, arguments


def _read(path: bytes) -> bytes:
    try:
        descriptor = open_source(path)
    except MediaError as error:
        raise PresetError(error.message) from None
    with open(descriptor, "rb") as file:
        try:
            text = file.read(LARGEST_BYTES + 1)
        except OSError as error:
            raise PresetError(f"cannot be read: {error.strerror}") from None
    if len(text) > LARGEST_BYTES:
        raise PresetError("larger than 1 MB: this is no preset")
    return text


def _parse(text: bytes) -> dict[str, Any]:
    last_line = text.rstrip().count(b"\n") + 1
    try:
        return tomllib.loads(text.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        raise PresetError(f"not UTF-8 (at line {line})") from None
    except (ValueError, RecursionError) as error:
        reason = str(error).replace("at end of document", f"at line {last_line}, the last")
        raise PresetError(f"not TOML: {reason}") from None


def _checked(table: Mapping[str, Any]) -> _Given:
    for key in table:
        if key not in KEYS:
            raise PresetError(f"unknown key {key!r}: {nearest(key, KEYS)}")
    if "operation" not in table:
        raise PresetError('the operation is missing: operation = "resize", for example')
    operation, description = table["operation"], table.get("description", "")
    arguments, tables = table.get("parameters", {}), table.get("renditions", [])
    if not isinstance(operation, str) or not isinstance(description, str):
        raise PresetError("operation and description are texts")
    if not isinstance(arguments, dict):
        raise PresetError("parameters is a table: [parameters]")
    if not isinstance(tables, list) or not all(isinstance(one, dict) for one in tables):
        raise PresetError("renditions are tables: [[renditions]]")
    if len(tables) > MOST_RENDITIONS:
        raise PresetError(f"{len(tables)} renditions, and {MOST_RENDITIONS} can be")
    return _Given(description, operation, arguments, tables, _manifests(table.get("manifest", [])))


def _with_logo_later(operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Let a preset without a text be one for a logo, who uses it says which; and refuse parameters that name files.

    Who takes a preset from somebody shall not read what that one wants.
    """
    for name in file_parameters(find_operation(operation).parameters) & arguments.keys():
        raise PresetError(f"{name} names a file, which no preset can", f"give it where the preset is used: --{name}")
    return arguments | {"logo": LATER} if operation == "watermark" and "text" not in arguments else arguments


def _manifests(given: Any) -> list[str]:
    listed = [given] if isinstance(given, str) else given
    known = [str(word) for word in Manifest]
    if not isinstance(listed, list):
        raise PresetError(f"manifest is one of {', '.join(known)}, or a list of them")
    for word in listed:
        if word not in known:
            raise PresetError(f"unknown manifest {word!r}: {nearest(str(word), known)}")
    return list(dict.fromkeys(listed))
