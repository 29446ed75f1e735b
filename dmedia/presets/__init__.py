"""Presets: named operations with parameters, in TOML files. A preset's name is its file's name without ``.toml``."""

from __future__ import annotations

from dmedia.presets.finding import (
    find_presets,
    list_presets,
    load_preset,
    preset_directories,
    shipped_directory,
    try_preset,
)
from dmedia.presets.preset import BrokenPreset, Preset
from dmedia.presets.reading import read_preset

__all__ = [
    "BrokenPreset",
    "Preset",
    "find_presets",
    "list_presets",
    "load_preset",
    "preset_directories",
    "read_preset",
    "shipped_directory",
    "try_preset",
]
