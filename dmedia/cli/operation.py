"""One command for each operation, made from its parameters."""

from __future__ import annotations

from dataclasses import MISSING
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin

from dmedia.cli.command import Command, make_command, option
from dmedia.cli.launch import launch
from dmedia.cli.options import HOW_PARAMETERS, WHERE_PARAMETERS, read_spec
from dmedia.cli.types import Choice, Quantity
from dmedia.errors import UsageError
from dmedia.operations import package_of
from dmedia.operations.listing import parameter_fields
from dmedia.operations.sizes import UNIT as BYTES

if TYPE_CHECKING:
    import click

    from dmedia.operations.operation import Operation
    from dmedia.operations.parameters import Help

PARAMETERS = "Parameters"


def operation_command(operation: Operation) -> Command:
    """Make an operation's command.

    Parameters
    ----------
    operation : Operation
        What it does and takes.

    Returns
    -------
    Command
        With an option for each parameter.

    Raises
    ------
    UsageError
        When one of its parameters is called like an option of every command: only another package's can be.
    """
    declared = parameter_fields(operation.parameters)

    def run(**values: Any) -> int:
        from dmedia.api.work import Work
        from dmedia.operations.validation import validate

        parameters = validate(operation.name, {name: values[name] for name in declared if values[name] is not None})
        return launch(read_spec(Work.of(operation.name, parameters), values), values)

    options = [_parameter_option(name, *field) for name, field in declared.items()]
    _refuse_taken(operation, options)
    return make_command(
        operation.name,
        operation.summary,
        [*WHERE_PARAMETERS, *options, *HOW_PARAMETERS],
        run,
        operation.example,
    )


def _refuse_taken(operation: Operation, options: list[click.Option]) -> None:
    others = [*WHERE_PARAMETERS, *HOW_PARAMETERS]
    taken = {"help", "--help", *(word for other in others for word in (str(other.name), *other.opts))}
    for own in options:
        if not taken.isdisjoint((str(own.name), *own.opts, *own.secondary_opts)):
            raise UsageError(
                f"The operation {operation.name!r} of {package_of(operation.name)} cannot be a command: its parameter "
                f"{own.name!r} is an option of every command",
                "a preset can give it; its authors should call that parameter otherwise",
            )


def _parameter_option(name: str, annotation: Any, default: Any, described: Help) -> click.Option:
    flag = "--" + name.replace("_", "-")
    kind = _kind(annotation)
    text = described.text + ("" if default in (MISSING, None, False) else f"  [default: {default}]")
    text += "  [required]" if default is MISSING else ""
    if kind is bool:
        return option(f"{flag}/--no-{flag[2:]}", name, group=PARAMETERS, default=None, help=text)
    if isinstance(kind, tuple):
        from dmedia.operations.parameters import SPELLINGS

        return option(flag, name, group=PARAMETERS, type=Choice(kind, SPELLINGS.get(name)), help=text)
    if kind is int and described.unit == BYTES:
        return option(flag, name, group=PARAMETERS, type=Quantity("SIZE"), metavar="SIZE", help=text)
    metavar = described.unit.split(" of ")[0].upper() or "TEXT"
    return option(flag, name, group=PARAMETERS, type=kind, metavar=metavar, help=text)


def _kind(annotation: Any) -> type | tuple[str, ...]:
    """Find what a parameter's values are: a type, or the words of a choice."""
    while hasattr(annotation, "__metadata__"):
        annotation = annotation.__origin__
    if get_origin(annotation) in (Union, UnionType):
        kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
        return _kind(kinds[0]) if len(kinds) == 1 else tuple(word for kind in kinds for word in _kind(kind))  # type: ignore[union-attr]  # unions of literals only
    if get_origin(annotation) is Literal:
        return tuple(str(word) for word in get_args(annotation))
    kind: type = annotation
    return kind
