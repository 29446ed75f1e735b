"""Outside input becomes parameters: the one place that loads pydantic for them."""

from __future__ import annotations

import contextlib
import re
import reprlib
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from pydantic import TypeAdapter, ValidationError

from dmedia.errors import ParameterError
from dmedia.operations import find_operation
from dmedia.operations.listing import parameter_fields
from dmedia.operations.parameters import SPELLINGS, Help, Parameters
from dmedia.operations.sizes import UNIT as BYTES
from dmedia.operations.sizes import parse_size
from dmedia.words import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core import ErrorDetails


T = TypeVar("T")

_ADAPTERS: dict[type, TypeAdapter[Any]] = {}


def adapter(parameters: type[T]) -> TypeAdapter[T]:
    """Make the validator of an operation's parameters; it also gives their JSON schema.

    Parameters
    ----------
    parameters : type
        The operation's parameter class, or another dataclass.

    Returns
    -------
    TypeAdapter
        Refuses unknown names, and reads numbers and switches from text as a command line or a table gives
        them.
    """
    if parameters not in _ADAPTERS:
        _ADAPTERS[parameters] = TypeAdapter(parameters)
    return _ADAPTERS[parameters]


def validate(operation: str, arguments: Mapping[str, Any]) -> Parameters:
    """Make an operation's parameters from outside input.

    Parameters
    ----------
    operation : str
        Name of the operation.
    arguments : mapping of str to object
        Parameter names and values, as typed or read.

    Returns
    -------
    `Parameters`
        An instance of the operation's parameter class.

    Raises
    ------
    UnknownOperationError
        When there is no such operation.
    ParameterError
        When a parameter is unknown (the nearest is named), of the wrong type, out of range or contradicts
        another.
    """
    return construct(operation, find_operation(operation).parameters, arguments)


def construct(subject: str, kind: type[T], arguments: Mapping[str, Any]) -> T:
    """Make a record of declared fields from outside input.

    Parameters
    ----------
    subject : str
        What the fields belong to, for messages.
    kind : type
        A dataclass whose fields all carry a `Help`.
    arguments : mapping of str to object
        Names and values, as typed or read.

    Returns
    -------
    object
        Of this kind.

    Raises
    ------
    ParameterError
        See `validate`.
    """
    known = parameter_fields(kind)
    for name in arguments:
        if name not in known:
            raise ParameterError(f"{subject}: unknown parameter {name!r}: {nearest(name, known)}")
        if isinstance(arguments[name], bool) and not _is_switch(known[name][0]):
            raise ParameterError(f"{subject}: {name} is {arguments[name]}: it is no switch, but has a value")
    try:
        return adapter(kind).validate_python({name: _read(name, known[name][2], arguments[name]) for name in arguments})
    except ValidationError as error:
        raise ParameterError("; ".join(_sentence(subject, detail) for detail in error.errors())) from None


def _is_switch(annotation: Any) -> bool:
    return bool in (annotation, *get_args(annotation))


def _read(parameter: str, described: Help, value: Any) -> Any:
    """Take a text for what it stands for; what it does not, the validator refuses."""
    if not isinstance(value, str):
        return value
    if described.unit == BYTES:
        with contextlib.suppress(ValueError):
            return parse_size(value)
    if parameter in SPELLINGS:
        return SPELLINGS[parameter].get(value.lower(), value.lower())
    return value


def _sentence(operation: str, detail: ErrorDetails) -> str:
    if not detail["loc"]:
        return detail["msg"].removeprefix("Value error, ")
    name = str(detail["loc"][0])
    if detail["type"] in {"missing", "missing_argument", "missing_keyword_only_argument"}:
        return f"{operation} needs {name}"
    fault = f"{operation}: {name} is {reprlib.repr(detail['input'])}"
    if detail["type"] == "literal_error":
        choices = re.findall("'([^']+)'", detail["ctx"]["expected"])
        return f"{fault}: {nearest(str(detail['input']), choices)}"
    return f"{fault}: {detail['msg'][0].lower()}{detail['msg'][1:]}"
