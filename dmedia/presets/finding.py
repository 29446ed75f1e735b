"""Where presets are looked for, and which one is taken.

Among those that come with dmedia, in the user's configuration directory, in ``./presets`` and in files named with
``--preset-file``; a later one of the same name takes the place of an earlier one. A file is read when its preset is
asked for, so that one that is broken troubles nobody else.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dmedia.errors import PresetError
from dmedia.presets.preset import BrokenPreset, check_name, name_of
from dmedia.presets.reading import read_preset
from dmedia.words import nearest, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dmedia.presets.preset import Preset


def shipped_directory() -> bytes:
    """Find the presets that come with dmedia.

    Returns
    -------
    bytes
        Within the installed package, or at the top of the checkout that an editable install points to.
    """
    package = os.path.dirname(os.path.dirname(os.path.abspath(os.fsencode(__file__))))
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
        found.update((name_of(path), path) for path in _toml_files(directory))
    for path in extra_files:
        if not os.path.exists(path):
            raise PresetError(f"{quoted(path)}: no such preset file")
        found[name_of(path)] = os.path.abspath(path)
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
    check_name(name)
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
        return BrokenPreset(name_of(path), path, error)


def _toml_files(directory: bytes) -> list[bytes]:
    try:
        names = sorted(os.listdir(directory))
    except OSError:
        return []
    return [os.path.join(directory, name) for name in names if name.endswith(b".toml") and not name.startswith(b".")]
