"""What an operation of another package must be to be let in: what would otherwise fail later, and less clearly.

Its parameters go through a command line, a record and a wire, so they are of the simplest types.
"""

from __future__ import annotations

import re
from dataclasses import fields
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from dmedia.operations.operation import IMAGE_AND_FILM, Operation
from dmedia.operations.parameters import Encoding, Help

NAME = re.compile(r"[a-z][a-z0-9_-]*")
WORK = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")

VALUES = (bool, int, float, str)
"""What a command line can spell and a record can hold; a ``Literal`` of texts too, and each of them or ``None``."""


def admit(name: str, found: object) -> Operation:
    """Look at what an entry point names.

    Parameters
    ----------
    name : str
        The entry point's.
    found : object
        What it led to.

    Returns
    -------
    Operation
        The same object.

    Raises
    ------
    ValueError, TypeError
        When it is no operation that dmedia could carry out; the message says why, and goes on from "...: ".
    """
    if not isinstance(found, Operation):
        raise TypeError(f"it names a {type(found).__name__}, and no dmedia.operations.operation.Operation")
    if found.name != name:
        raise ValueError(f"its entry point calls it {name!r}, and it calls itself {found.name!r}")
    if not NAME.fullmatch(name):
        raise ValueError("its name may have small letters, digits, - and _, and begins with a letter")
    if not all(isinstance(text, str) for text in (found.summary, found.example)) or not found.summary:
        raise ValueError("summary and example are texts, and the first says something")
    if not isinstance(found.accepts, frozenset) or not found.accepts or not found.accepts <= IMAGE_AND_FILM:
        raise ValueError("accepts is IMAGE or IMAGE_AND_FILM")
    if not isinstance(found.work, str) or not WORK.fullmatch(found.work):
        raise ValueError("work is no 'package.module:function'")
    _check_parameters(found.parameters)
    return found


def _check_parameters(parameters: object) -> None:
    if not isinstance(parameters, type) or not issubclass(parameters, Encoding):
        raise TypeError("its parameters are no subclass of dmedia.operations.parameters.Encoding (or Box)")
    if "__dataclass_fields__" not in vars(parameters):
        raise ValueError(f"{parameters.__name__} lacks @dataclass(frozen=True, kw_only=True)")
    try:
        hints = get_type_hints(parameters, include_extras=True)
    except Exception as error:  # noqa: BLE001 - it evaluates what somebody has written
        raise ValueError(f"the types of {parameters.__name__} cannot be read: {error}") from None
    for field in fields(parameters):
        if not any(isinstance(note, Help) for note in getattr(hints[field.name], "__metadata__", ())):
            raise ValueError(f"its parameter {field.name!r} has no Help: write Annotated[..., Help(...)]")
        if not _is_plain(hints[field.name]):
            types = "bool, int, float, str, a Literal of texts, or one of them or None"
            raise ValueError(f"its parameter {field.name!r} is none of {types}")


def _is_plain(annotation: Any) -> bool:
    """Tell whether values of a type can be typed and recorded."""
    while hasattr(annotation, "__metadata__"):
        annotation = annotation.__origin__
    if get_origin(annotation) in (Union, UnionType):
        kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
        return all(_is_plain(kind) for kind in kinds) and (len(kinds) == 1 or all(_is_choice(kind) for kind in kinds))
    return annotation in VALUES or _is_choice(annotation)


def _is_choice(annotation: Any) -> bool:
    return get_origin(annotation) is Literal and all(isinstance(word, str) for word in get_args(annotation))
