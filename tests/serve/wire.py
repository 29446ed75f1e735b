"""The wire itself: a server process, and the lines that go in and come out of it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.command import LIMIT_S, Dmedia

MODULE = ("-m", "dmedia")
"""What the interpreter runs, unless a test puts something before it."""


class Wire:
    """Speaks the protocol by hand, so that a test sees every byte of it and has the process in its hand.

    Parameters
    ----------
    dmedia : Dmedia
        Whose directory is the root, unless other options are given.
    *options : str or Path
        Of ``dmedia mcp``.
    program : sequence of str
        The interpreter's arguments in front of ``mcp``.
    """

    def __init__(self, dmedia: Dmedia, *options: str | Path, program: Sequence[str] = MODULE) -> None:
        self.log = dmedia.directory / f"server-{id(self)}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, *program, "mcp", *map(str, options or ("--root", dmedia.directory))],
                cwd="/",
                env=dmedia.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        self.notes: list[dict[str, Any]] = []
        self.noise: list[bytes] = []
        self._answers: dict[int, dict[str, Any]] = {}
        self._came = threading.Condition()
        self._last = 0
        self._is_over = False
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def __enter__(self) -> Self:
        self.ask(
            "initialize",
            protocolVersion="2025-11-25",
            capabilities={},
            clientInfo={"name": "test", "version": "1"},
        )
        self.tell("notifications/initialized")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()
        if kind is None:
            assert self.noise == []

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._came:
                try:
                    message = json.loads(line)
                    assert message["jsonrpc"] == "2.0"
                except (ValueError, TypeError, KeyError, AssertionError):
                    self.noise.append(line)
                else:
                    if "id" in message:
                        self._answers[message["id"]] = message
                    else:
                        self.notes.append(message)
                self._came.notify_all()
        with self._came:
            self._is_over = True
            self._came.notify_all()

    def write(self, line: bytes) -> None:
        """Write a line as it is."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + b"\n")
        self.process.stdin.flush()

    def tell(self, method: str, **parameters: Any) -> None:
        """Send a notification."""
        self.write(json.dumps({"jsonrpc": "2.0", "method": method, "params": parameters}).encode())

    def begin(self, method: str, **parameters: Any) -> int:
        """Send a request and go on; return its id."""
        self._last += 1
        self.write(json.dumps({"jsonrpc": "2.0", "id": self._last, "method": method, "params": parameters}).encode())
        return self._last

    def answer(self, request: int) -> dict[str, Any]:
        """Wait for the answer to a request: its result, or its error."""
        with self._came:
            self._came.wait_for(lambda: request in self._answers or self._is_over, LIMIT_S)
            assert request in self._answers, f"no answer to {request}: {self.log.read_text()}"
            return self._answers[request]

    def has_answered(self, request: int) -> bool:
        """Tell whether a request has been answered yet."""
        return request in self._answers

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a request; return its result."""
        answer = self.answer(self.begin(method, **parameters))
        assert "result" in answer, answer
        result: dict[str, Any] = answer["result"]
        return result

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool; return its result, whether it is an error or not."""
        return self.ask("tools/call", name=tool, arguments=arguments)

    def document(self, tool: str, **arguments: Any) -> Any:
        """Call a tool, which must succeed; return the structured content."""
        result = self.call(tool, **arguments)
        assert not result.get("isError"), result
        return result["structuredContent"]

    def refusal(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool, which must be refused; return the error."""
        result = self.call(tool, **arguments)
        assert result.get("isError") is True, result
        error: dict[str, Any] = result["structuredContent"]
        assert set(error) == {"code", "message", "hint"}
        assert result["content"][0]["text"].startswith(f"{error['code']}: {error['message']}")
        return error

    def finish(self) -> int:
        """End the input; return the status with which the server ends."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(LIMIT_S)
