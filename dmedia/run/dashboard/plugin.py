"""What hears launchers on the scheduler, and shows what they tell. A launcher puts it there; it then stays."""

from __future__ import annotations

import contextlib
import logging
import time
from typing import TYPE_CHECKING, Any

from distributed.diagnostics.plugin import SchedulerPlugin

from dmedia.run.dashboard.board import Board
from dmedia.run.dashboard.documents import WorkerOnBoard

if TYPE_CHECKING:
    from collections.abc import Callable

    from distributed import Scheduler

TOPIC = "dmedia-jobs"
"""The Dask event topic on which launchers tell of their jobs."""

LOG = logging.getLogger(__name__)


class DashboardPlugin(SchedulerPlugin):
    """Keeps the board of a scheduler's jobs, and offers page, document and metrics on its HTTP server.

    Dask calls of which none is documented do that: each is guarded, so that one that has changed costs its page only.

    Attributes
    ----------
    board : Board
        What launchers have told.
    """

    name = "dmedia-dashboard"
    idempotent = True  # the scheduler keeps the first one, with what it has heard

    def __init__(self) -> None:
        self.board = Board()
        self._scheduler: Any = None
        self._said: set[str] = set()

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to a scheduler as a new one."""
        return type(self), ()

    async def start(self, scheduler: Scheduler) -> None:
        """Offer page, document and metrics. Waits for nothing: Dask then adds the plugin in the same step."""
        from dmedia.run.dashboard import routes

        self._scheduler = scheduler
        self.guard("document", lambda: routes.offer_document(self, scheduler))
        self.guard("page", lambda: routes.offer_page(self, scheduler))
        self.guard("metrics", self._show_metrics)

    async def close(self) -> None:
        """Be counted no longer in the metrics of this process."""
        self.guard("metrics", self._hide_metrics)

    def log_event(self, topic: str, msg: Any) -> None:
        """Hear a launcher. Of its messages the scheduler need not keep any."""
        if topic == TOPIC:
            self.guard("board", lambda: self.board.hear(msg, time.time()))
            with contextlib.suppress(Exception):
                self._scheduler._broker.truncate(TOPIC)  # noqa: SLF001 - it would keep the last thousand

    def remove_client(self, scheduler: Scheduler, client: str) -> None:  # noqa: ARG002 - Dask's signature
        """Note that a launcher has gone."""
        self.guard("board", lambda: self.board.launcher_left(client))

    def workers(self) -> list[WorkerOnBoard]:
        """Tell the workers of the scheduler, by name."""
        states = list(self._scheduler.workers.values()) if self._scheduler else []
        workers = [WorkerOnBoard(state.address, str(state.name), state.nthreads) for state in states]
        return sorted(workers, key=lambda worker: (len(worker.name), worker.name))

    def _show_metrics(self) -> None:
        try:
            from dmedia.run.dashboard.metrics import COLLECTOR
        except ImportError:
            return  # Dask answers /metrics with a word of that itself
        COLLECTOR.show(self)

    def _hide_metrics(self) -> None:
        with contextlib.suppress(ImportError):
            from dmedia.run.dashboard.metrics import COLLECTOR

            COLLECTOR.hide(self)

    def guard(self, what: str, action: Callable[[], object]) -> None:
        """Do something that shall never disturb the scheduler; what fails is told once.

        Parameters
        ----------
        what : str
            What is then not shown.
        action : callable
            What is done.
        """
        try:
            action()
        except Exception:
            if what not in self._said:
                self._said.add(what)
                LOG.warning("dmedia cannot show jobs (%s) on this dashboard", what, exc_info=True)
