"""A web server of static files: ``python -m tests.servers.pages DIRECTORY [CERTIFICATE KEY]``. It prints its port."""

from __future__ import annotations

import asyncio
import os
import signal
import ssl
import sys

from aiohttp import web


async def redirect(request: web.Request) -> web.Response:
    """Lead elsewhere: ``/redirect?to=URL``."""
    raise web.HTTPFound(request.query["to"])


async def serve(directory: str, *certificate: str) -> None:
    """Serve until the process is ended or orphaned."""
    pages = web.Application()
    pages.router.add_get("/redirect", redirect)
    pages.router.add_static("/", directory)
    runner = web.AppRunner(pages, access_log=None)
    await runner.setup()
    context = None
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*certificate)
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    print(site._server.sockets[0].getsockname()[1], flush=True)  # type: ignore[union-attr]
    parent = os.getppid()
    while os.getppid() == parent:
        await asyncio.sleep(1)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asyncio.run(serve(*sys.argv[1:]))
