"""An assistant's side of a conversation: the SDK's own client, and the server as a process of its own."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Literal, TypeVar

from mcp import Client
from mcp.client.stdio import StdioServerParameters

from tests.command import LIMIT_S, Dmedia

Mode = Literal["legacy", "auto"]

ERAS: dict[Mode, str] = {"legacy": "2025-11-25", "auto": "2026-07-28"}
"""How the client begins, and the newest protocol of that era."""

T = TypeVar("T")


class Assistant:
    """Talks to ``dmedia mcp`` in a directory, which is its root unless other options are given."""

    def __init__(self, dmedia: Dmedia, mode: Mode = "auto", *options: str | Path) -> None:
        self.mode = mode
        self.server = StdioServerParameters(
            command=sys.executable,
            args=["-m", "dmedia", "mcp", *map(str, options or ("--root", dmedia.directory))],
            env={name: value for name, value in dmedia.environment.items() if name != "PYTHONWARNINGS"},
            cwd="/",
        )

    def talk(self, conversation: Callable[[Client], Awaitable[T]]) -> T:
        """Hold a conversation with a server that is started for it."""

        async def run() -> T:
            async with Client(self.server, mode=self.mode, read_timeout_seconds=LIMIT_S) as client:
                return await conversation(client)

        try:
            return asyncio.run(asyncio.wait_for(run(), LIMIT_S))
        except BaseExceptionGroup as group:  # the SDK's task groups wrap what a test has to say
            raise first(group) from None

    def ask(self, tool: str, **arguments: Any) -> Any:
        """Call one tool of a new server, which must succeed; return the structured content."""
        return self.talk(lambda client: ask(client, tool, **arguments))


def first(error: BaseException) -> BaseException:
    """Unwrap what went wrong."""
    return first(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error


async def ask(client: Client, tool: str, **arguments: Any) -> Any:
    """Call a tool, which must succeed; return its structured content."""
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    return result.structured_content


async def refusal(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """Call a tool, which must be refused; return the error: code, message and hint."""
    result = await client.call_tool(tool, arguments)
    assert result.is_error, result.structured_content
    error: dict[str, Any] = result.structured_content
    assert set(error) == {"code", "message", "hint"}
    assert said(result).startswith(f"{error['code']}: {error['message']}")
    return error


async def until_over(client: Client, job: str) -> Any:
    """Ask for a job's status, again and again, until nobody works on it any more."""
    while True:
        status = await ask(client, "get_batch_status", job_id=job)
        if status["status"] in {"completed", "failed", "cancelled", "interrupted"}:
            return status
        await asyncio.sleep(0.2)


def said(result: Any) -> str:
    """The text of a result."""
    text: str = result.content[0].text
    return text
