"""dmedia mcp: serve assistants over the Model Context Protocol."""

from __future__ import annotations

import os

import click

from dmedia.cli.options import PATH
from dmedia.errors import UsageError


@click.command(short_help="Serve an AI assistant over MCP, within given directories.")
@click.option(
    "--root",
    "roots",
    metavar="DIR",
    multiple=True,
    required=True,
    type=PATH,
    help="Directory or URL that may be used; may be repeated. Relative paths are meant below the first.",
)
@click.option("--read-only", is_flag=True, help="Offer only what writes nothing.")
def command(roots: tuple[bytes, ...], *, read_only: bool) -> int:
    """Serve an AI assistant over the Model Context Protocol, on standard input and output.

    It is started by the assistant's program, and neither reads nor writes outside of the
    directories given. A job that it starts goes on in a process of its own.
    """
    from dmedia.serve.roots import Roots

    chosen = Roots.of(roots)
    try:
        from dmedia.serve.server import serve
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in ("mcp", "mcp_types", "anyio"):
            raise
        raise UsageError("The MCP server needs the extra mcp", "pip install 'dmedia[mcp]'") from None
    if chosen.directory:  # presets in ./presets are the user's own, and a launcher starts where the server is
        os.chdir(chosen.directory)
    serve(chosen, read_only=read_only)
    return 0
