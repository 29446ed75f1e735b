"""Dask's dashboard on a scheduler of this process: its pages are loaded when somebody first looks at one.

Loading them takes about as much CPU time as a hundred small photos (0.5 s), and most jobs end without a look.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from distributed import Worker
from tornado import web

from dmedia.run.dashboard.routes import link_in_menu

if TYPE_CHECKING:
    from distributed import Scheduler


class PlainWorker(Worker):
    """A worker of this process: it has no pages of its own, which `LocalCluster` would load."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **{**options, "dashboard": False})


def offer_dashboard(scheduler: Scheduler) -> None:
    """Answer every page of the dashboard with its own loading.

    Parameters
    ----------
    scheduler : distributed.Scheduler
        Of this process, without a dashboard; its HTTP server is already listening.
    """
    loader: Any = web.Application([(r".*", DashboardLoader, {"scheduler": scheduler, "opening": asyncio.Lock()})])
    application: Any = scheduler.http_application
    application.add_application(loader)


class DashboardLoader(web.RequestHandler):
    """Loads the dashboard, then sends the visitor to the page that was asked for."""

    def initialize(self, scheduler: Any, opening: asyncio.Lock) -> None:
        """Take what `offer_dashboard` passes on; tornado makes a handler for each request."""
        self._scheduler = scheduler
        self._opening = opening

    async def get(self) -> None:
        """Load the pages once; they then answer in its place."""
        async with self._opening:
            if self.application in self._scheduler.http_application.applications:
                connect = await asyncio.get_running_loop().run_in_executor(None, load_pages)
                connect(self._scheduler.http_application, self._scheduler.http_server, self._scheduler)
                with contextlib.suppress(Exception):  # without the link, the page is there nevertheless
                    link_in_menu(self._scheduler)
                self._scheduler.http_application.applications.remove(self.application)
        self.redirect(self.request.uri or "/")


def load_pages() -> Any:
    """Import the dashboard, which imports Bokeh.

    Returns
    -------
    callable
        Puts the pages on a scheduler.
    """
    from distributed.dashboard.scheduler import connect

    return connect
