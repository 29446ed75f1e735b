"""The page ``/dmedia``: a Bokeh application in the look and with the menu of Dask's own pages."""

from __future__ import annotations

import functools
import os
import weakref
from typing import TYPE_CHECKING, Any

from bokeh.models import InlineStyleSheet
from bokeh.models.widgets.markups import Div
from distributed.dashboard.components.scheduler import BOKEH_THEME
from distributed.dashboard.core import BokehApplication
from distributed.dashboard.scheduler import template_variables
from distributed.http import utils as dask_http
from jinja2 import ChoiceLoader, Environment, FileSystemLoader

from dmedia.run.dashboard import markup
from dmedia.run.dashboard.documents import failures_shown, workers_shown
from dmedia.run.dashboard.figures import CLOCK, COUNT, BytesOverTime, OverTime, Reasons
from dmedia.run.dashboard.routes import PAGE

if TYPE_CHECKING:
    from bokeh.document import Document

    from dmedia.run.dashboard.plugin import DashboardPlugin

UPDATE_MS = 1000
"""Milliseconds between two looks of a visitor at the board, which hears of a job as often."""

MOST_WORKERS_SHOWN = 256
"""Workers on the page, the busiest; ``/dmedia.json`` has all."""

HERE = os.path.dirname(__file__)

TEMPLATES = Environment(
    loader=ChoiceLoader([FileSystemLoader(HERE), FileSystemLoader(os.path.join(dask_http.dirname, "templates"))]),
    autoescape=False,  # noqa: S701 - the values are Dask's and Bokeh's own markup; ours is escaped in `markup`
)


def make_page(plugin: DashboardPlugin, scheduler: Any, prefix: str) -> Any:
    """Make Bokeh's application for a scheduler.

    Parameters
    ----------
    plugin : DashboardPlugin
        Keeps the board.
    scheduler : distributed.Scheduler
        Gives the menu, and settings of its dashboard.
    prefix : str
        Of the paths of its pages.

    Returns
    -------
    bokeh.server.tornado.BokehTornado
        To be started in the scheduler's loop.
    """
    document = functools.partial(fill, plugin)
    return BokehApplication(
        {f"/{PAGE}": lambda _scheduler, extra, doc: document(extra, doc)},
        scheduler,
        prefix=prefix,
        template_variables=template_variables(scheduler),
    )


def fill(plugin: DashboardPlugin, extra: dict[str, Any], document: Document) -> None:
    """Fill the document of one visitor; it goes when the visitor does, and the page's parts with it.

    Parameters
    ----------
    plugin : DashboardPlugin
        Keeps the board.
    extra : dict
        Variables of Dask's template.
    document : bokeh.document.Document
        Empty.
    """
    page = Page(plugin)
    page.look()
    for root in page.roots:
        document.add_root(root)
    document.title = "Dask: dmedia"
    document.template = TEMPLATES.get_template("dashboard.html")
    document.template_variables.update(extra, active=PAGE)
    document.theme = BOKEH_THEME
    seen = weakref.ref(page)
    document.add_periodic_callback(functools.partial(look_again, seen), UPDATE_MS)
    document.on_session_destroyed(functools.partial(forget, [page]))  # keeps the page until then


def look_again(seen: weakref.ref[Page]) -> None:
    """Update a page that somebody still looks at."""
    if page := seen():
        page.look()


def forget(kept: list[Page], _session: object) -> None:
    """Let a visitor's page go."""
    kept.clear()


class Page:
    """One visitor's view of the board.

    Parameters
    ----------
    plugin : DashboardPlugin
        Keeps the board.

    Attributes
    ----------
    roots : list of bokeh.models.Model
        By the names that the template has.
    """

    def __init__(self, plugin: DashboardPlugin) -> None:
        self._plugin = plugin
        with open(os.path.join(HERE, "dashboard.css"), encoding="utf-8") as file:
            style = InlineStyleSheet(css=file.read())
        names = ("cards", "legend", "jobs", "workers", "failures")
        self._texts = {
            name: Div(name=name, stylesheets=[style], sizing_mode="stretch_width", margin=0) for name in names
        }
        self._rate = OverTime("Files per second", "files_per_s", COUNT)
        self._left = OverTime("Time left", "eta_s", CLOCK)
        self._bytes, self._reasons = BytesOverTime(), Reasons()
        self._figures: dict[str, Any] = {
            "rate": self._rate,
            "left": self._left,
            "bytes": self._bytes,
            "reasons": self._reasons,
        }
        for name, shown in self._figures.items():
            shown.root.name = name
        self._texts["legend"].text = markup.legend()
        self.roots = [*self._texts.values(), *(shown.root for shown in self._figures.values())]

    def look(self) -> None:
        """Show what the board has now; a visitor gets only what has changed."""
        self._plugin.guard("page", self._update)

    def _update(self) -> None:
        board, workers = self._plugin.board, self._plugin.workers()
        jobs, counted = board.jobs(), board.shown()
        doing = workers_shown(jobs, workers)
        if len(doing) > MOST_WORKERS_SHOWN:
            doing = sorted(doing, key=lambda one: -one["files_per_s"])[:MOST_WORKERS_SHOWN]
        texts = {
            "cards": markup.cards(jobs, counted, workers),
            "jobs": markup.job_rows(jobs),
            "workers": markup.worker_rows(doing),
            "failures": markup.failure_rows(failures_shown(jobs)),
        }
        for name, text in texts.items():
            if self._texts[name].text != text:
                self._texts[name].text = text
        for shown in self._figures.values():
            shown.update(counted)
