"""Presets as documents."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dmedia.presets import BrokenPreset, Preset
from dmedia.presets import list_presets as read_presets
from dmedia.words import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dmedia.api.options import AnyPath
    from dmedia.report.shapes import PresetDocument


def list_presets(extra_files: Sequence[AnyPath] = ()) -> list[PresetDocument]:
    """List all presets: dmedia's own, those in the configuration directory and in ``./presets``.

    Parameters
    ----------
    extra_files : sequence of path
        Further files, which take precedence.

    Returns
    -------
    list of dict
        Sorted by name; a file that is no preset has an ``error``.

    Raises
    ------
    PresetError
        When one of ``extra_files`` does not exist.
    """
    return [preset_document(preset) for preset in read_presets([*map(os.fsencode, extra_files)])]


def preset_document(preset: Preset | BrokenPreset) -> PresetDocument:
    """Make the document of a preset, or of a file that should be one."""
    if isinstance(preset, BrokenPreset):
        return {"name": preset.name, "path": shown(preset.path), "error": preset.error.message}
    document: PresetDocument = {
        "name": preset.name,
        "description": preset.description,
        "operation": preset.operation,
        "parameters": preset.parameters.given(),
        "path": shown(preset.path),
    }
    if len(preset.recipes) > 1:
        document["renditions"] = [
            {
                "name": recipe.name,
                "preset": recipe.preset,
                "operation": recipe.operation,
                "parameters": recipe.parameters.given(),
            }
            for recipe in preset.recipes
        ]
    if preset.manifests:
        document["manifests"] = [str(manifest) for manifest in preset.manifests]
    return document
