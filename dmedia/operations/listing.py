"""The parameters of an operation as a list: for a command line, a preset or a schema."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, get_type_hints

from dmedia.operations.parameters import FILE, Help


def parameter_fields(parameters: type[Any]) -> dict[str, tuple[Any, Any, Help]]:
    """List an operation's parameters for a command line or a schema.

    Parameters
    ----------
    parameters : type
        The operation's parameter class, or another dataclass whose fields all carry a `Help`.

    Returns
    -------
    dict of str to (annotation, default, Help)
        In the order they are declared; the annotation is an ``Annotated`` type. A parameter without default
        has ``dataclasses.MISSING``.
    """
    hints = get_type_hints(parameters, include_extras=True)
    listed: dict[str, tuple[Any, Any, Help]] = {}
    for field in fields(parameters):
        help_text = next(note for note in hints[field.name].__metadata__ if isinstance(note, Help))
        listed[field.name] = (hints[field.name], field.default, help_text)
    return listed


def file_parameters(parameters: type[Any]) -> frozenset[str]:
    """Name those of an operation's parameters that name files: see `FILE`."""
    fields_of = parameter_fields(parameters)
    return frozenset(name for name, (_, _, described) in fields_of.items() if described.unit == FILE)
