"""The logo that a request names becomes part of it."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from dmedia.api.anchors import anchored
from dmedia.errors import ParameterError
from dmedia.operations.watermark import LATER, Watermark

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dmedia.model import Logo, Recipe


def take_logos(recipes: Iterable[Recipe], roots: tuple[bytes, ...]) -> tuple[tuple[Recipe, ...], Logo | None]:
    """Read the logo that recipes name, if one does.

    Parameters
    ----------
    recipes : iterable of Recipe
        With the path of the logo among their parameters, relative to the current directory.
    roots : tuple of bytes
        Absolute real paths and URLs outside of which it is not read. Empty: anywhere.

    Returns
    -------
    tuple of Recipe and Logo or None
        The recipes then have no path, but only the file's name: what is in it counts, and not where it was.

    Raises
    ------
    ParameterError
        When a preset leaves it open, and nobody has said which; when they name several: a job has one logo.
    UsageError, PreflightError
        See `read_logo`.
    """
    taken = tuple(recipes)
    paths = dict.fromkeys(filter(None, map(_logo_of, taken)))
    if not paths:
        return taken, None
    if LATER in paths:
        raise ParameterError(
            "The preset lays a logo over pictures, and leaves open which", "give it: logo, or --logo FILE"
        )
    if len(paths) > 1:
        raise ParameterError(f"A job has one logo, and here are several: {', '.join(paths)}", "make a job for each")
    from dmedia.run.logo import read_logo

    (path,) = paths
    logo = read_logo(anchored(os.fsencode(path)), roots)
    return tuple(with_logo(recipe, logo.name) for recipe in taken), logo


def with_logo(recipe: Recipe, logo: str) -> Recipe:
    """Let a recipe that lays a logo over pictures name this one; others stay as they are."""
    if _logo_of(recipe) is None:
        return recipe
    return replace(recipe, parameters=replace(recipe.parameters, logo=logo))  # type: ignore[call-arg]  # a watermark's


def _logo_of(recipe: Recipe) -> str | None:
    return recipe.parameters.logo if isinstance(recipe.parameters, Watermark) else None
