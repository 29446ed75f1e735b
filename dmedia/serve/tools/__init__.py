"""What an assistant can ask for: one table, in the order in which it is listed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dmedia.serve.tools import batches, files, knowledge, reports

if TYPE_CHECKING:
    from dmedia.serve.tool import Tool


def list_tools(*, read_only: bool) -> dict[str, Tool]:
    """List the tools of a server.

    Parameters
    ----------
    read_only : bool
        Whether those that write are left out.

    Returns
    -------
    dict of str to Tool
        By name.
    """
    tools = (*batches.TOOLS, *reports.TOOLS, *files.TOOLS, *knowledge.TOOLS)
    return {tool.name: tool for tool in tools if not (read_only and tool.nature.writes)}
