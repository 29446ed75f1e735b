"""Where the board is shown: ``/dmedia.json`` at once, ``/dmedia`` when somebody first looks, and a link in the menu."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import TYPE_CHECKING, Any

from tornado import web
from tornado.ioloop import IOLoop

from dmedia.run.dashboard.documents import board_document

if TYPE_CHECKING:
    from dmedia.run.dashboard.plugin import DashboardPlugin

PAGE = "dmedia"
"""Name of the page in Dask's menu, and its path."""


def offer_document(plugin: DashboardPlugin, scheduler: Any) -> None:
    """Answer ``/dmedia.json``.

    Parameters
    ----------
    plugin : DashboardPlugin
        Keeps the board.
    scheduler : distributed.Scheduler
        Its HTTP server is listening already.
    """
    route = (rf"{prefix_of(scheduler)}/{PAGE}\.json", DocumentHandler, {"plugin": plugin})
    scheduler.http_application.add_handlers(r".*", [route])


def offer_page(plugin: DashboardPlugin, scheduler: Any) -> None:
    """Answer ``/dmedia`` with its own loading, and link to it in Dask's menu where that is there already.

    The page needs Bokeh, which takes half a second of CPU to load where Dask has not loaded it.

    Parameters
    ----------
    plugin, scheduler
        See `offer_document`.
    """
    link_in_menu(scheduler)
    options = {"plugin": plugin, "scheduler": scheduler, "opening": asyncio.Lock()}
    loader = web.Application([(rf"{prefix_of(scheduler)}/{PAGE}/?", PageLoader, options)])
    # First: in a launcher's own process, what loads Dask's pages answers every path.
    scheduler.http_application.applications.insert(0, loader)


def link_in_menu(scheduler: Any) -> None:
    """Add the page to the menu of Dask's pages; without effect while none of them is loaded, or when it is there."""
    pages = sys.modules.get("distributed.dashboard.scheduler")
    if pages is not None:
        menu: list[str] = pages.template_variables(scheduler)["pages"]  # all pages share this very list
        if PAGE not in menu:
            menu.insert(menu.index("info") if "info" in menu else len(menu), PAGE)


def prefix_of(scheduler: Any) -> str:
    """Tell what comes before the paths of Dask's pages: nothing, or ``/`` and what an operator chose."""
    for application in scheduler.http_application.applications:
        prefix = getattr(application, "prefix", None)  # Bokeh's
        if isinstance(prefix, str):
            return prefix.rstrip("/")
    return ""


class DocumentHandler(web.RequestHandler):
    """Answers with the board as JSON."""

    def initialize(self, plugin: DashboardPlugin) -> None:
        """Take what `offer_document` passes on; tornado makes a handler for each request."""
        self._plugin = plugin

    def get(self) -> None:
        """Answer. Other programs may look at any time, so nothing is cached."""
        document = board_document(self._plugin.board, self._plugin.workers(), time.time())
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.set_header("Cache-Control", "no-store")
        self.write(json.dumps(document))


class PageLoader(web.RequestHandler):
    """Loads the page, then sends the visitor to it."""

    def initialize(self, plugin: DashboardPlugin, scheduler: Any, opening: asyncio.Lock) -> None:
        """Take what `offer_page` passes on."""
        self._plugin, self._scheduler, self._opening = plugin, scheduler, opening

    async def get(self) -> None:
        """Load the page once; it then answers in this place."""
        applications = self._scheduler.http_application.applications
        async with self._opening:
            if self.application in applications:
                try:
                    make_page = await asyncio.get_running_loop().run_in_executor(None, load_page)
                except ImportError as error:
                    self.set_status(501)
                    self.finish(f"The page needs Bokeh on the scheduler: {error}. /dmedia.json needs nothing.")
                    return
                page = make_page(self._plugin, self._scheduler, prefix_of(self._scheduler))
                page.initialize(IOLoop.current())
                page.start()
                link_in_menu(self._scheduler)
                applications[applications.index(self.application)] = page
        self.redirect(self.request.uri or f"/{PAGE}")


def load_page() -> Any:
    """Import the page, and Bokeh with it.

    Returns
    -------
    callable
        Makes Bokeh's application for a scheduler.
    """
    from dmedia.run.dashboard.page import make_page

    return make_page
