"""What an assistant gives a tool becomes the tool's arguments."""

from __future__ import annotations

from dataclasses import MISSING
from typing import TYPE_CHECKING, Any, TypeVar

from dmedia.operations.listing import parameter_fields
from dmedia.operations.validation import construct

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T")


def read_arguments(tool: str, kind: type[T], given: Mapping[str, Any]) -> T:
    """Check a tool's arguments; null, and where one is optional an empty text too, counts as not given.

    Many clients send these for whatever their assistant has not said.

    Parameters
    ----------
    tool : str
        Its name, for messages.
    kind : type
        The dataclass of its arguments.
    given : mapping of str to object
        As the client has sent them.

    Returns
    -------
    object
        Of this kind.

    Raises
    ------
    ParameterError
        When one is unknown, missing, of the wrong type or out of its range.
    """
    known = parameter_fields(kind)
    said = {
        name: _without_nothing(value) if name == "parameters" else value
        for name, value in given.items()
        if name not in known or not _is_nothing(value, optional=known[name][1] is not MISSING)
    }
    return construct(tool, kind, said)


def _without_nothing(parameters: Any) -> Any:
    """Leave out what nobody has said of an operation's parameters: it stays the default, or the preset's."""
    if not isinstance(parameters, dict):
        return parameters
    return {name: value for name, value in parameters.items() if not _is_nothing(value, optional=True)}


def _is_nothing(value: Any, *, optional: bool) -> bool:
    return value is None or (optional and value == "")
