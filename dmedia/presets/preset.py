"""What a preset is, and what it can be called."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dmedia.errors import PresetError

if TYPE_CHECKING:
    from dmedia.model import Manifest, Recipe
    from dmedia.operations.parameters import Parameters

_NAME = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Preset:
    """A named operation with parameters, or several that are made of each source together.

    Attributes
    ----------
    name : str
        Letters, digits, ``-`` and ``_``.
    description : str
        One sentence for people.
    recipes : tuple of Recipe
        How each rendition of a source is made; at least one.
    manifests : tuple of Manifest
        What is written beside the renditions when a job has ended.
    path : bytes
        The file it was read from.
    """

    name: str
    description: str
    recipes: tuple[Recipe, ...]
    manifests: tuple[Manifest, ...]
    path: bytes

    @property
    def operation(self) -> str:
        """Name of the operation, of several the first one's."""
        return self.recipes[0].operation

    @property
    def parameters(self) -> Parameters:
        """Its arguments, of several the first one's."""
        return self.recipes[0].parameters


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


def name_of(path: bytes) -> str:
    """Tell what the preset of a file is called."""
    return os.path.splitext(os.path.basename(path))[0].decode("utf-8", "replace")


def check_name(name: str) -> None:
    """Refuse what cannot name a preset or a rendition. Raises `PresetError`."""
    if not _NAME.fullmatch(name):
        raise PresetError(f"{name!r} cannot name a preset: letters, digits, - and _ can")
