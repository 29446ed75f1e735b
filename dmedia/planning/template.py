"""Name templates: texts in which fields stand for what a source and its rendition are called."""

from __future__ import annotations

import os
import string
from typing import TYPE_CHECKING

from dmedia.errors import UsageError
from dmedia.model import Policies
from dmedia.words import nearest

if TYPE_CHECKING:
    from dmedia.model import JobSpec, Recipe

FIELDS = ("dir", "stem", "name", "ext", "operation", "preset", "rendition")

MIRRORED = Policies().name_template
"""The tree of the sources, with the renditions' extensions."""


def template_of(spec: JobSpec, recipe: Recipe) -> str:
    """Choose the template of a recipe: where nobody gave one, what tells renditions of one source apart."""
    if spec.policies.name_template != MIRRORED or not spec.also:
        return spec.policies.name_template
    several = len({other.preset for other in spec.recipes}) > 1
    return ("{preset}/" if several else "") + "{dir}/{stem}" + ("-{rendition}" if recipe.name else "") + ".{ext}"


def parse_template(template: str) -> list[tuple[bytes, str]]:
    """Part a name template into literal texts, each with the field that follows it (empty at the end).

    Raises
    ------
    UsageError
        See `Naming`.
    """
    try:
        parsed = list(string.Formatter().parse(template))
    except ValueError as error:
        raise UsageError(f"The name template {template!r} cannot be read: {error}", HINT) from None
    pieces = []
    for text, field, specification, conversion in parsed:
        if field is not None and field not in FIELDS:
            raise UsageError(f"The name template {template!r} has an unknown field {field!r}: {nearest(field, FIELDS)}")
        if specification or conversion:
            raise UsageError(f"The name template {template!r} has a format specification; write {{{field}}}", HINT)
        pieces.append((os.fsencode(text), field or ""))
    if not template.endswith(".{ext}") or os.path.basename(template) == ".{ext}":
        raise UsageError(f"The name template {template!r} does not end in a name and .{{ext}}", HINT)
    if template.startswith("/") or ".." in template.split("/") or "\0" in template:
        raise UsageError(f"The name template {template!r} leads out of the output directory", HINT)
    return pieces


HINT = "A template looks like '{dir}/{stem}.{ext}'; fields are " + ", ".join(f"{{{field}}}" for field in FIELDS) + "."
