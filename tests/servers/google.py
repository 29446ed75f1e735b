"""The part of Google Cloud Storage's JSON API that dmedia uses: ``python -m tests.servers.google``. It prints its port.

It keeps to the API's documentation (storage/docs/json_api, resumable uploads, preconditions); no package for tests
knows preconditions. Objects are in memory; any bucket is there but those that begin with ``no-``.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import re
import signal
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from aiohttp import web

GENERATIONS = itertools.count(1_700_000_000_000_000)
PAGE = 20


@dataclass
class Kept:
    """An object, or an upload in parts that is not complete."""

    described: dict[str, Any]
    content: bytes
    generation: str = ""
    condition: str | None = None

    def resource(self) -> dict[str, Any]:
        """Describe it as the API does."""
        return {
            **self.described,
            "size": str(len(self.content)),
            "generation": self.generation,
            "updated": datetime.now(UTC).isoformat(timespec="milliseconds"),
        }


class Google:
    """Answers requests."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], Kept] = {}
        self.sessions: dict[str, tuple[str, Kept]] = {}

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        path = request.raw_path.partition("?")[0]
        if path.startswith("/session/"):
            return await self.resume(request, path)
        found = re.fullmatch(r"/(?:(upload|download)/)?storage/v1/b/([^/]+)/o(?:/([^/]+))?", path)
        assert found is not None
        bucket, name = found[2], unquote(found[3] or "")
        if bucket.startswith("no-"):
            return fault(404, "The specified bucket does not exist.")
        if found[1] == "upload":
            return await self.upload(request, bucket)
        return self.one(request, found[1] or "", bucket, name) if name else self.list(request, bucket)

    def one(self, request: web.BaseRequest, kind: str, bucket: str, name: str) -> web.StreamResponse:
        """Answer a request about an object."""
        if (bucket, name) not in self.objects:
            return fault(404, f"No such object: {bucket}/{name}")
        kept = self.objects[bucket, name]
        if request.query.get("ifGenerationMatch", kept.generation) != kept.generation:
            return fault(412, "At least one of the pre-conditions you specified did not hold.")
        if request.method == "DELETE":
            del self.objects[bucket, name]
            return web.Response(status=204)
        return content_of(kept, request) if kind else web.json_response(kept.resource())

    def list(self, request: web.BaseRequest, bucket: str) -> web.Response:
        """Answer a page of a listing."""
        prefix, delimiter = request.query.get("prefix", ""), request.query.get("delimiter")
        names = sorted(name for where, name in self.objects if where == bucket and name.startswith(prefix))
        flat = [name for name in names if not (delimiter and delimiter in name[len(prefix) :])]
        after = int(request.query.get("pageToken", "0"))
        items = [self.objects[bucket, name].resource() for name in flat[after : after + PAGE]]
        following = {"nextPageToken": str(after + PAGE)} if after + PAGE < len(flat) else {}
        return web.json_response({"items": items, **following} if items else following)

    async def upload(self, request: web.BaseRequest, bucket: str) -> web.Response:
        """Take an object in one request, or begin to take one in parts."""
        condition = request.query.get("ifGenerationMatch")
        body = await request.content.read()
        if request.query["uploadType"] == "resumable":
            session = f"{len(self.sessions)}"
            self.sessions[session] = bucket, Kept(json.loads(body), b"", condition=condition)
            return web.Response(headers={"Location": f"http://{request.host}/session/{session}"})
        boundary = b"--" + request.headers["Content-Type"].partition("boundary=")[2].encode()
        _, head, content, _ = body.split(boundary)
        described = json.loads(head.partition(b"\r\n\r\n")[2])
        return self.keep(bucket, Kept(described, content.partition(b"\r\n\r\n")[2][:-2], condition=condition))

    async def resume(self, request: web.BaseRequest, path: str) -> web.Response:
        """Take a part, tell how far an upload is, or forget it."""
        session = path.rpartition("/")[2]
        if session not in self.sessions:
            return fault(404, "no such upload")
        if request.method == "DELETE":
            del self.sessions[session]
            return web.Response(status=499)
        bucket, kept = self.sessions[session]
        said = re.fullmatch(r"bytes (?:\*|(\d+)-\d+)/(\d+)", request.headers["Content-Range"])
        assert said is not None
        if said[1] is not None:
            kept.content = kept.content[: int(said[1])] + await request.content.read()
        if len(kept.content) == int(said[2]):
            if kept.generation:
                return web.json_response(kept.resource())
            return self.keep(bucket, kept)
        return web.Response(status=308, headers={"Range": f"bytes=0-{len(kept.content) - 1}"} if kept.content else {})

    def keep(self, bucket: str, kept: Kept) -> web.Response:
        """Publish what has come whole."""
        name = kept.described["name"]
        there = self.objects.get((bucket, name))
        if kept.condition is not None and kept.condition != (there.generation if there else "0"):
            return fault(412, "At least one of the pre-conditions you specified did not hold.")
        kept.generation = str(next(GENERATIONS))
        self.objects[bucket, name] = kept
        return web.json_response(kept.resource())


def content_of(kept: Kept, request: web.BaseRequest) -> web.Response:
    """Answer with an object's bytes, or those that are asked for."""
    headers = {"X-Goog-Generation": kept.generation, "Last-Modified": "Tue, 14 Nov 2023 22:13:20 GMT"}
    asked = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("Range", ""))
    if asked is None:
        return web.Response(body=kept.content, headers=headers)
    start, end = int(asked[1]), int(asked[2] or len(kept.content))
    if start >= len(kept.content):
        return fault(416, "no such range")
    return web.Response(status=206, body=kept.content[start : end + 1], headers=headers)


def fault(status: int, message: str) -> web.Response:
    """Refuse as the API does."""
    return web.json_response({"error": {"code": status, "message": message}}, status=status)


async def serve() -> None:
    """Serve until the process is ended or orphaned."""
    server = web.ServerRunner(web.Server(Google().handle, access_log=None))
    await server.setup()
    site = web.TCPSite(server, "127.0.0.1", 0)
    await site.start()
    print(site._server.sockets[0].getsockname()[1], flush=True)  # type: ignore[union-attr]
    parent = os.getppid()
    while os.getppid() == parent:
        await asyncio.sleep(1)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asyncio.run(serve())
