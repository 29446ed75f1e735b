"""Commands and options whose help text stands under titles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable


class Option(click.Option):
    """An option that stands under a title in the help text.

    Parameters
    ----------
    group : str
        The title.
    """

    def __init__(self, *args: Any, group: str = "Options", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.group = group


class Command(click.Command):
    """A command whose help text shows its options under titles, and an example."""

    example: str = ""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options under their titles, in the order the titles first occur."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record and isinstance(parameter, click.Option):
                groups.setdefault(getattr(parameter, "group", "Options"), []).append(record)
        for title, records in groups.items():
            with formatter.section(title):
                formatter.write_dl(records)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - Click's signature
        """Write the example."""
        if self.example:
            with formatter.section("Example"):
                formatter.write_text(self.example)


def option(*names: str, group: str, **attributes: Any) -> Option:
    """Make an option under a title."""
    return Option(list(names), group=group, **attributes)


def flag(*names: str, group: str, help: str) -> Option:  # noqa: A002 - Click's word
    """Make a switch under a title."""
    return Option(list(names), group=group, help=help, is_flag=True)


def make_command(
    name: str, summary: str, parameters: list[click.Parameter], run: Callable[..., int], example: str = ""
) -> Command:
    """Put a command together.

    Parameters
    ----------
    name, summary, example : str
        For the help text.
    parameters : list of click.Parameter
        Its arguments and options.
    run : callable
        Gets their values by keyword and returns the exit status.

    Returns
    -------
    Command
    """
    command = Command(name, callback=run, params=parameters, help=summary)
    command.example = example
    return command
