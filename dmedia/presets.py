"""Presets: named operations with parameters, in TOML files.

A preset's name is its file's name without ``.toml``. They are looked for among those that come with dmedia,
in the user's configuration directory, in ``./presets`` and in files named with ``--preset-file``; a later one
of the same name takes the place of an earlier one. A file is read when its preset is asked for, so that one
that is broken troubles nobody else.
"""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dmedia.errors import MediaError, ParameterError, PresetError, UnknownOperationError
from dmedia.operations import find_operation
from dmedia.operations.parameters import file_parameters
from dmedia.operations.watermark import LATER
from dmedia.storage.local import open_source
from dmedia.words import nearest, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dmedia.operations.parameters import Parameters

LARGEST_BYTES = 1_000_000
"""What a preset file may hold. A real one has some hundred bytes; what is larger is something else."""

KEYS = ("description", "operation", "parameters")

_NAME = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Preset:
    """A named operation with parameters.

    Attributes
    ----------
    name : str
        Letters, digits, ``-`` and ``_``.
    description : str
        One sentence for people.
    operation : str
        Name of the operation.
    parameters : Parameters
        Its validated arguments.
    path : bytes
        The file it was read from.
    """

    name: str
    description: str
    operation: str
    parameters: Parameters
    path: bytes


@dataclass(frozen=True, slots=True)
class BrokenPreset:
    """A file that should be a preset and is none.

    Attributes
    ----------
    name : str
        What it would be called.
    path : bytes
        The file.
    error : PresetError
        What is wrong with it.
    """

    name: str
    path: bytes
    error: PresetError


def shipped_directory() -> bytes:
    """Find the presets that come with dmedia.

    Returns
    -------
    bytes
        Within the installed package, or at the top of the checkout that an editable install points to.
    """
    package = os.path.dirname(os.path.abspath(os.fsencode(__file__)))
    installed = os.path.join(package, b"shipped_presets")
    return installed if os.path.isdir(installed) else os.path.join(os.path.dirname(package), b"presets")


def preset_directories() -> list[bytes]:
    """List where presets are looked for, a later directory taking precedence; they need not exist."""
    from platformdirs import user_config_path

    user = os.fsencode(user_config_path("dmedia", appauthor=False))
    return [shipped_directory(), os.path.join(user, b"presets"), os.path.abspath(b"presets")]


def find_presets(extra_files: Sequence[bytes] = ()) -> dict[str, bytes]:
    """Find presets without reading them.

    Parameters
    ----------
    extra_files : sequence of bytes
        Files named with ``--preset-file``; they take precedence.

    Returns
    -------
    dict of str to bytes
        The file of each name, sorted by name.

    Raises
    ------
    PresetError
        When one of ``extra_files`` does not exist.
    """
    found: dict[str, bytes] = {}
    for directory in preset_directories():
        found.update((_name_of(path), path) for path in _toml_files(directory))
    for path in extra_files:
        if not os.path.exists(path):
            raise PresetError(f"{quoted(path)}: no such preset file")
        found[_name_of(path)] = os.path.abspath(path)
    return dict(sorted(found.items()))


def load_preset(name: str, extra_files: Sequence[bytes] = ()) -> Preset:
    """Read the preset of a name.

    Parameters
    ----------
    name : str
        As it was typed.
    extra_files : sequence of bytes
        Files named with ``--preset-file``; they take precedence.

    Returns
    -------
    Preset
        The preset.

    Raises
    ------
    PresetError
        When there is none of this name (the nearest is named), or its file is not valid.
    """
    _check_name(name)
    found = find_presets(extra_files)
    if name not in found:
        raise PresetError(f"Unknown preset {name!r}: {nearest(name, found)}")
    return read_preset(found[name])


def list_presets(extra_files: Sequence[bytes] = ()) -> Iterator[Preset | BrokenPreset]:
    """Read all presets.

    Parameters
    ----------
    extra_files : sequence of bytes
        Files named with ``--preset-file``; they take precedence.

    Yields
    ------
    Preset or BrokenPreset
        Sorted by name.

    Raises
    ------
    PresetError
        When one of ``extra_files`` does not exist.
    """
    return map(try_preset, find_presets(extra_files).values())


def try_preset(path: bytes) -> Preset | BrokenPreset:
    """Read one file; what is wrong with it is told and not raised. See `read_preset`."""
    try:
        return read_preset(path)
    except PresetError as error:
        return BrokenPreset(_name_of(path), path, error)


def read_preset(path: bytes) -> Preset:
    """Read and validate one file.

    Parameters
    ----------
    path : bytes
        A TOML file: ``operation``, a table ``[parameters]`` and a ``description``, of which only the first is
        required.

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

    name = _name_of(path)
    try:
        _check_name(name)
        table = _parse(_read(path))
        operation, arguments, description = _checked(table)
        _refuse_files(operation, arguments)
        parameters = validate(operation, _with_logo_later(operation, arguments))
    except (PresetError, UnknownOperationError, ParameterError) as error:
        raise PresetError(f"{quoted(path)}: {error.message}", error.hint) from None
    return Preset(name, description, operation, parameters, os.path.abspath(path))


def _name_of(path: bytes) -> str:
    return os.path.splitext(os.path.basename(path))[0].decode("utf-8", "replace")


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise PresetError(f"{name!r} cannot name a preset: letters, digits, - and _ can")


def _toml_files(directory: bytes) -> list[bytes]:
    try:
        names = sorted(os.listdir(directory))
    except OSError:
        return []
    return [os.path.join(directory, name) for name in names if name.endswith(b".toml") and not name.startswith(b".")]


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


def _refuse_files(operation: str, arguments: Mapping[str, Any]) -> None:
    """Refuse parameters that name files: who takes a preset from somebody shall not read what that one wants."""
    for name in file_parameters(find_operation(operation).parameters) & arguments.keys():
        raise PresetError(f"{name} names a file, which no preset can", f"give it where the preset is used: --{name}")


def _with_logo_later(operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Let a preset without a text be one for a logo: who uses it says which."""
    return arguments | {"logo": LATER} if operation == "watermark" and "text" not in arguments else arguments


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


def _checked(table: Mapping[str, Any]) -> tuple[str, dict[str, Any], str]:
    for key in table:
        if key not in KEYS:
            raise PresetError(f"unknown key {key!r}: {nearest(key, KEYS)}")
    if "operation" not in table:
        raise PresetError('the operation is missing: operation = "resize", for example')
    operation, description = table["operation"], table.get("description", "")
    arguments = table.get("parameters", {})
    if not isinstance(operation, str) or not isinstance(description, str):
        raise PresetError("operation and description are texts")
    if not isinstance(arguments, dict):
        raise PresetError("parameters is a table: [parameters]")
    return operation, arguments, description
