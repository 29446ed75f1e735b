"""The commands. Each is loaded when it is called, so that ``dmedia --help`` answers at once."""

from __future__ import annotations

from importlib import import_module

import click

from dmedia import __version__
from dmedia.operations import OPERATIONS, broken_operations, find_operation, foreign_names, known_operations
from dmedia.words import nearest

SECTIONS: dict[str, dict[str, str]] = {
    "Operations": {name: operation.summary for name, operation in OPERATIONS.items()},
    "Presets": {
        "apply": "Process files by a preset.",
        "presets": "List, show and check presets.",
    },
    "Jobs": {
        "status": "Show running and recent jobs, or one of them.",
        "cancel": "End a running job.",
        "pause": "Let a running job wait until it is resumed.",
        "resume": "Go on with a job that was paused, interrupted or cancelled.",
        "retry": "Try the failed files of a job again.",
        "prune": "Remove the records of old jobs.",
    },
    "Files": {
        "info": "Show what photos and films say about themselves.",
    },
    "Assistants": {
        "mcp": "Serve an AI assistant over MCP, within given directories.",
    },
    "First steps": {
        "doctor": "Show versions, limits, and whether this machine's protections are active.",
        "demo": "Make a small tree of photos and a film to try dmedia on.",
    },
}


OWN = frozenset(name for section in SECTIONS.values() for name in section)
"""For these, nobody looks whether other packages bring operations: that takes a while."""


class Commands(click.Group):
    """Finds a command's module by its name."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - Click's signature
        """Name all commands, those that are operations of other packages too."""
        own = [name for section in SECTIONS.values() for name in section]
        return [*own, *(name for name in foreign_names() if name not in OWN)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one command."""
        if cmd_name in OWN and cmd_name not in OPERATIONS:
            command: click.Command = import_module(f"dmedia.cli.{cmd_name}").command
            return command
        if cmd_name in OWN or cmd_name in self.list_commands(ctx):
            from dmedia.cli.operation import operation_command

            return operation_command(find_operation(cmd_name))
        return None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that was typed; name the nearest when there is none."""
        if args and not args[0].startswith("-") and args[0] not in OWN and args[0] not in self.list_commands(ctx):
            raise click.UsageError(
                f"No command or operation {args[0]!r}: {nearest(args[0], self.list_commands(ctx))}", ctx
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - Click's signature
        """Write the commands under their sections, without loading any of dmedia's own."""
        for title, commands in _sections().items():
            with formatter.section(title):
                formatter.write_dl(list(commands.items()))


def _sections() -> dict[str, dict[str, str]]:
    """Put the operations of other packages, if there are any, behind dmedia's own."""
    foreign = {name: operation.summary for name, operation in known_operations().items() if name not in OWN}
    broken = {name: "Cannot be used: dmedia doctor says why." for name in broken_operations() if name not in OWN}
    listed = dict(sorted((foreign | broken).items()))
    first, *others = SECTIONS.items()
    return dict([first, *([("Operations of other packages", listed)] if listed else []), *others])


@click.command(
    cls=Commands,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "auto_envvar_prefix": "DMEDIA",
        "max_content_width": 100,
    },
    epilog="Example: dmedia convert 'photos/**/*.jpg' -o web --format webp --width 1280",
)
@click.version_option(__version__, prog_name="dmedia", message="%(prog)s %(version)s")
def app() -> None:
    """Process photos and films in batches, on this machine's cores or on a Dask cluster."""
