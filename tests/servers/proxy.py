"""A reverse proxy that makes trouble by rule and notes what was asked: ``python -m tests.servers.proxy UPSTREAM``.

It prints its port. ``POST /--rules`` takes a list of `Rule` as JSON, ``GET /--requests`` tells what came since then.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from dataclasses import asdict, dataclass, field
from typing import Any

from aiohttp import ClientSession, ClientTimeout, web
from yarl import URL

HOP = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "expect", "content-length"}


@dataclass
class Rule:
    """What happens to requests that match, so many times; the first rule that matches and is not used up counts.

    ``action``: ``status`` answers without asking upstream; ``delay`` waits ``seconds`` first; ``hang`` never answers;
    ``cut`` breaks the answer off after ``bytes`` of its body; ``lose`` passes the request on and closes the connection
    instead of answering; ``drip`` sends ``bytes`` of the answer every ``seconds``.
    """

    method: str = ".*"
    path: str = ".*"
    action: str = "status"
    times: int = 1
    status: int = 503
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    bytes: int = 0


class Proxy:
    """Passes requests on to ``upstream``, but for what its rules say."""

    def __init__(self, upstream: str) -> None:
        self.upstream = upstream.rstrip("/")
        self.rules: list[Rule] = []
        self.seen: list[dict[str, Any]] = []
        self.session: ClientSession

    async def serve(self) -> None:
        """Serve until the process is ended, or nobody reads its standard output any more."""
        self.session = ClientSession(
            auto_decompress=False,
            timeout=ClientTimeout(total=120),
            skip_auto_headers=("Content-Type", "Accept", "User-Agent"),
        )
        server = web.ServerRunner(web.Server(self.handle, access_log=None))
        await server.setup()
        site = web.TCPSite(server, "127.0.0.1", 0)
        await site.start()
        print(site._server.sockets[0].getsockname()[1], flush=True)  # type: ignore[union-attr]
        parent = os.getppid()
        while os.getppid() == parent:
            await asyncio.sleep(1)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        if request.path == "/--rules":
            self.rules, self.seen = [Rule(**rule) for rule in await request.json()], []
            return web.json_response({})
        if request.path == "/--requests":
            return web.json_response(self.seen)
        if request.headers.get("Expect", "").lower() == "100-continue":
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            request.writer.output_size = 0
        target = request.raw_path
        rule = next((rule for rule in self.rules if rule.times > 0 and matches(rule, request.method, target)), None)
        note = {"method": request.method, "path": target, "headers": dict(request.headers), "rule": ""}
        self.seen.append(note)
        if rule is None:
            return await self.pass_on(request, None)
        rule.times -= 1
        note["rule"] = rule.action
        if rule.action == "status":
            await request.content.read()
            return web.Response(status=rule.status, body=rule.body.encode(), headers=rule.headers)
        if rule.action == "hang":
            await asyncio.sleep(3600)
        if rule.action == "delay":
            await asyncio.sleep(rule.seconds)
        return await self.pass_on(request, rule)

    async def pass_on(self, request: web.BaseRequest, rule: Rule | None) -> web.StreamResponse:
        """Ask upstream, and pass its answer on as far as a rule lets it."""
        headers = [(name, value) for name, value in request.headers.items() if name.lower() not in HOP]
        body = await request.content.read() if request.body_exists else None
        async with self.session.request(
            request.method,
            URL(self.upstream + request.raw_path, encoded=True),
            headers=headers,
            data=body,
            allow_redirects=False,
        ) as answer:
            content = await answer.read()
            kept = [(name, value) for name, value in answer.headers.items() if name.lower() not in HOP]
            length = answer.headers.get("Content-Length", str(len(content)))
            response = web.StreamResponse(status=answer.status, headers=dict(kept) | {"Content-Length": length})
        assert request.transport is not None
        if rule is not None and rule.action == "lose":
            request.transport.abort()
            return response
        await response.prepare(request)
        if rule is not None and rule.action == "cut":
            await response.write(content[: rule.bytes])
            request.transport.close()
            return response
        step = rule.bytes if rule is not None and rule.action == "drip" else len(content) or 1
        for start in range(0, len(content), step):
            await response.write(content[start : start + step])
            if step < len(content):
                assert rule is not None
                await asyncio.sleep(rule.seconds)
        return response


def matches(rule: Rule, method: str, target: str) -> bool:
    """Tell whether a rule speaks of a request."""
    return bool(re.fullmatch(rule.method, method) and re.search(rule.path, target))


def as_json(rule: Rule) -> dict[str, Any]:
    """Write a rule as the proxy reads it."""
    return asdict(rule)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asyncio.run(Proxy(sys.argv[1]).serve())
