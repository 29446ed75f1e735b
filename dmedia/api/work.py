"""What is done with each file: an operation, or what presets ask for."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dmedia.errors import ParameterError, UnknownOperationError
from dmedia.model import Listed, Recipe
from dmedia.operations import OPERATIONS, find_operation, foreign_names
from dmedia.words import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dmedia.model import Manifest
    from dmedia.operations.parameters import Parameters
    from dmedia.presets import Preset


@dataclass(frozen=True, slots=True)
class Work:
    """What is done with each file.

    Attributes
    ----------
    recipes : tuple of Recipe
        How each of its renditions is made; at least one.
    preset : str or None
        The preset that the first came from.
    manifests : tuple of Listed
        What is written beside the renditions when a job has ended.
    """

    recipes: tuple[Recipe, ...]
    preset: str | None = None
    manifests: tuple[Listed, ...] = ()

    @classmethod
    def of(cls, operation: str, parameters: Parameters) -> Work:
        """Ask for one operation."""
        return cls((Recipe("", "", operation, parameters),))

    @classmethod
    def by(cls, preset: Preset, *also: Preset) -> Work:
        """Ask for what presets do.

        Raises
        ------
        ParameterError
            When one is named twice.
        """
        names = [one.name for one in (preset, *also)]
        for name in names:
            if names.count(name) > 1:
                raise ParameterError(f"The preset {name} is named twice", "name each preset once")
        recipes = tuple(recipe for one in (preset, *also) for recipe in one.recipes)
        asking: dict[Manifest, list[str]] = {}
        for one in (preset, *also):
            for manifest in one.manifests:
                asking.setdefault(manifest, []).append(one.name)
        listed = tuple(Listed(manifest, tuple(presets)) for manifest, presets in asking.items())
        return cls(recipes, preset.name, listed)

    @property
    def accepts(self) -> frozenset[str]:
        """Kinds of media of which all renditions can be made."""
        return frozenset.intersection(*(find_operation(recipe.operation).accepts for recipe in self.recipes))


def read_work(
    operation: str, parameters: Mapping[str, Any] | None, preset: str | None = None, also: Sequence[str] = ()
) -> Work:
    """Find out what is asked for.

    Parameters
    ----------
    operation : str
        Name of an operation, or of a preset. Where both have a name, it is the operation.
    parameters : mapping of str to object or None
        Arguments; of a preset, those that shall be otherwise.
    preset : str, optional
        Name of a preset; ``operation`` is then its operation or its name once more.
    also : sequence of str
        Further presets, of which renditions are made too.

    Returns
    -------
    Work

    Raises
    ------
    UnknownOperationError, ParameterError, PresetError
        They name what is wrong, and the nearest that exists.
    """
    from dmedia.operations.validation import validate
    from dmedia.presets import find_presets, load_preset

    given = read_arguments(parameters)
    if preset is None:
        if is_operation(operation) and not also:
            return Work.of(operation, validate(operation, given))
        if is_operation(operation) and operation not in find_presets():
            raise ParameterError(f"also names presets beside a preset, and {operation} is an operation", "make it one")
        known = find_presets()
        if operation not in known:
            choices = nearest(str(operation), {*OPERATIONS, *foreign_names(), *known})
            raise UnknownOperationError(f"No operation or preset {operation!r}: {choices}")
        preset = operation
    found, others = load_preset(preset), map(load_preset, also)
    if operation not in (found.operation, found.name):
        raise ParameterError(
            f"The preset {preset} does {found.operation}, and the operation asked for is {operation}",
            "leave one of them out, or give the preset's name as the operation too",
        )
    recipes = tuple(
        replace(recipe, parameters=validate(recipe.operation, recipe.parameters.given() | given))
        for recipe in found.recipes
    )
    return Work.by(replace(found, recipes=recipes), *others)


def read_arguments(parameters: Mapping[str, Any] | None) -> dict[str, Any]:
    """Copy an operation's arguments.

    Raises
    ------
    ParameterError
        When they have no names.
    """
    try:
        given = dict(parameters or {})
    except (TypeError, ValueError):
        raise ParameterError(f"parameters is {parameters!r}: it is a dict of names and values") from None
    for name in given:
        if not isinstance(name, str):
            raise ParameterError(f"parameters: {name!r} is no name")
    return {name: os.fspath(value) if isinstance(value, os.PathLike) else value for name, value in given.items()}


def is_operation(name: str) -> bool:
    """Tell whether a name is an operation's, of ours or of another package's."""
    return name in OPERATIONS or name in foreign_names()
