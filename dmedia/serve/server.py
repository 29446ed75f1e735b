"""The server: the protocol's requests become calls of tools, in threads, so that none keeps another waiting."""

from __future__ import annotations

import functools
import time
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import anyio.to_thread
from mcp import MCPError
from mcp import types as protocol
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

from dmedia import __version__
from dmedia.api.job import OVER
from dmedia.errors import DmediaError
from dmedia.model import FileStatus
from dmedia.record.reader import read_files, read_job, read_warned
from dmedia.report.documents import job_document
from dmedia.report.summary import extent, outcome, summarise
from dmedia.run.single import give_up
from dmedia.serve import resources, schemas
from dmedia.serve.answers import Answer, failure, result
from dmedia.serve.arguments import read_arguments
from dmedia.serve.tools import list_tools
from dmedia.words import nearest

if TYPE_CHECKING:
    from collections.abc import Callable

    from mcp.server.context import ServerRequestContext

    from dmedia.model import JobReport
    from dmedia.serve.roots import Roots
    from dmedia.serve.tool import Tool

    Context = ServerRequestContext[Any, Any]

T = TypeVar("T")

LOOK_S = 0.25
"""Seconds between two looks at a job that is waited for."""

GIVE_UP_S = 3.0
"""Seconds in which files that are being worked on when the client leaves are given up."""

INSTRUCTIONS = """\
dmedia processes photos and films in batches. {starting}get_batch_status tells how a job stands, and get_batch_report
what became of each file. list_presets and get_capabilities tell what can be asked for. Paths are relative to {root} or
absolute; nothing outside of the given directories is read or written."""

STARTING = """\
batch_process starts a job over many files and answers at once with its id; the job goes on when the conversation ends,
and sources are never changed. """

READ_ONLY = """\
This server only tells: it starts and changes nothing. """


class Service:
    """What a server answers.

    Parameters
    ----------
    roots : Roots
        What may be used.
    read_only : bool
        Whether only tools that write nothing are offered.
    """

    def __init__(self, roots: Roots, *, read_only: bool) -> None:
        self._roots = roots
        self._tools = list_tools(read_only=read_only)

    async def list_tools(self, _: Context, __: object) -> protocol.ListToolsResult:
        """List the tools with their schemas."""
        return protocol.ListToolsResult(tools=[_describe(tool) for tool in self._tools.values()])

    async def call_tool(self, context: Context, asked: protocol.CallToolRequestParams) -> protocol.CallToolResult:
        """Call a tool; whatever goes wrong becomes a result that says so."""
        tool = self._tools.get(asked.name)
        if tool is None:
            raise MCPError(protocol.INVALID_PARAMS, f"No tool {asked.name!r}: {nearest(asked.name, self._tools)}")
        try:
            began_s = time.monotonic()
            arguments: Any = read_arguments(tool.name, tool.arguments, asked.arguments or {})
            answer = await _in_thread(tool.run, self._roots, arguments)
            if answer.job:
                wait_s = getattr(arguments, "wait_seconds", 0.0)
                report = await _wait(context, answer.job, began_s + wait_s)
                answer = await _in_thread(_retell, answer, report) if wait_s else answer
            return result(answer)
        except Exception as error:  # noqa: BLE001 - a bug must not end the server, and is told as one
            return failure(error)

    async def list_resources(self, _: Context, __: object) -> protocol.ListResourcesResult:
        """List the jobs."""
        return protocol.ListResourcesResult(resources=await _in_thread(resources.list_resources, self._roots))

    async def list_templates(self, _: Context, __: object) -> protocol.ListResourceTemplatesResult:
        """List the kinds of addresses."""
        return protocol.ListResourceTemplatesResult(resource_templates=resources.list_templates())

    async def read_resource(self, _: Context, asked: protocol.ReadResourceRequestParams) -> protocol.ReadResourceResult:
        """Read a document."""
        try:
            text = await _in_thread(resources.read_resource, self._roots, str(asked.uri))
        except DmediaError as error:
            detail = {"code": error.code, "hint": error.hint, "uri": str(asked.uri)}
            raise MCPError(protocol.INVALID_PARAMS, error.message, detail) from None
        contents = protocol.TextResourceContents(uri=asked.uri, mime_type=resources.JSON, text=text)
        return protocol.ReadResourceResult(contents=[contents])


def serve(roots: Roots, *, read_only: bool) -> None:
    """Answer on standard input and output until the client leaves.

    Parameters
    ----------
    roots : Roots
        What may be used.
    read_only : bool
        Whether only tools that write nothing are offered.
    """
    root = roots.paths[0].decode("utf-8", "replace")
    instructions = INSTRUCTIONS.format(root=root, starting=READ_ONLY if read_only else STARTING)
    anyio.run(_serve, Service(roots, read_only=read_only), instructions)
    give_up(GIVE_UP_S)  # nobody is there any more who could be told of a single file


async def _serve(service: Service, instructions: str) -> None:
    server: Server[Any] = Server(
        "dmedia",
        version=__version__,
        title="dmedia",
        instructions=instructions,
        on_list_tools=service.list_tools,
        on_call_tool=service.call_tool,
        on_list_resources=service.list_resources,
        on_list_resource_templates=service.list_templates,
        on_read_resource=service.read_resource,
    )
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


async def _wait(context: Context, job: str, until_s: float) -> JobReport:
    """Wait for a job's end, telling how it goes whoever has asked for that."""
    report, told = await _in_thread(read_job, job), -1.0
    while True:
        progress = _progress(report)
        if progress > told:
            told = progress
            total = None if report.planning else report.total
            await context.session.report_progress(told, total, outcome(report) if total else extent(report))
        if report.state in OVER or time.monotonic() >= until_s:
            return report
        await anyio.sleep(LOOK_S)
        report = await _in_thread(read_job, job)


def _progress(report: JobReport) -> float:
    """Tell how far a job is, in files: it only grows, and stays below one while files are counted."""
    return report.total / (report.total + 1_000_000) if report.planning else float(report.done)


def _retell(answer: Answer, report: JobReport) -> Answer:
    """Tell what has become of a job that was waited for: what went wrong, and why."""
    lines = [answer.text, f"{report.state}: {outcome(report)}"]
    if report.state in OVER and (report.failed or report.warnings):
        failed, warned = read_files(report.id, {FileStatus.FAILED}), read_warned(report.id)
        lines += list(summarise(report, failed, warned))[1:]
    return Answer(job_document(report), "\n".join(lines), report.id)


def _describe(tool: Tool) -> protocol.Tool:
    return protocol.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=schemas.input_schema(tool),
        output_schema=schemas.output_schema(tool),
        annotations=protocol.ToolAnnotations(
            title=tool.title,
            read_only_hint=not tool.nature.writes,
            destructive_hint=tool.nature.destroys,
            idempotent_hint=not tool.nature.repeats,
            open_world_hint=False,
        ),
    )


async def _in_thread(function: Callable[..., T], *arguments: Any) -> T:
    """Call what may take a moment; a request that is cancelled does not wait for it."""
    return await anyio.to_thread.run_sync(functools.partial(function, *arguments), abandon_on_cancel=True)
