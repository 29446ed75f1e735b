"""The live channel beside the results: upward what slots are working on, downward requests to end it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from dmedia.errors import ClusterError
from dmedia.model import Running
from dmedia.run.patience import Call
from dmedia.run.worker import SlotsPlugin, drain, kill, live_topic, plugin_name

if TYPE_CHECKING:
    from distributed import Client

    from dmedia.model import WorkOrder
    from dmedia.record.writer import RecordWriter
    from dmedia.run.stop import Stop

REQUEST_PERIOD_S = 0.5
"""Seconds between two looks into the record for requests of other processes."""

DRAIN_S = 10.0
"""Seconds that running files get to end by themselves after a signal."""

KILL_S = 2.0
"""Seconds after which a job ends although workers have not given back its files: they may be frozen, or gone."""

ANSWER_LIMIT_S = 5.0
"""Seconds to wait for the workers to end their slots when the job has ended."""


SCHEDULER_TOPIC = "all"
"""Dask's own topic, on which the scheduler tells of workers that come and go."""


class Live:
    """A job's slots on all workers, for as long as it runs.

    Parameters
    ----------
    client : distributed.Client
        Of the cluster.
    order : WorkOrder
        The job.

    Attributes
    ----------
    worker_was_lost : bool
        Whether a worker has left meanwhile. Dask runs its tasks elsewhere, and says nothing of it with the results.
    """

    def __init__(self, client: Client, order: WorkOrder) -> None:
        self._client = client
        self._order = order
        self._told: dict[str, list[Running]] = {}
        self.worker_was_lost = False

    def __enter__(self) -> Live:
        """Give every worker its slots, those that come later too.

        Raises
        ------
        ClusterError
            When a worker cannot have them, for instance because dmedia is not installed there.
        """
        self._client.subscribe_topic(live_topic(self._order.job), self._hear)
        self._client.subscribe_topic(SCHEDULER_TOPIC, self._hear_scheduler)
        try:
            self._client.register_plugin(SlotsPlugin(self._order))
        except Exception as error:
            raise ClusterError(
                f"The workers cannot run dmedia: {type(error).__name__}: {error}",
                "install the same version of dmedia in every worker's environment",
            ) from error
        return self

    def __exit__(self, *ended: object) -> None:
        """End the slots on every worker."""
        Call(self._leave).wait(ANSWER_LIMIT_S)

    def running(self) -> list[Running]:
        """Tell what slots were working on when their workers last told."""
        return [entry for entries in list(self._told.values()) for entry in entries]

    def drain(self) -> None:
        """Let every worker begin no further file."""
        Call(lambda: self._client.run(drain, self._order.job, on_error="ignore"))

    def kill(self) -> None:
        """End the job's slots on every worker, with the files they are working on."""
        Call(lambda: self._client.run(kill, self._order.job, on_error="ignore"))

    def _leave(self) -> None:
        self._client.unsubscribe_topic(live_topic(self._order.job))
        self._client.unsubscribe_topic(SCHEDULER_TOPIC)
        self._client.unregister_worker_plugin(plugin_name(self._order.job))

    def _hear(self, event: tuple[float, dict[str, Any]]) -> None:
        told = event[1]
        self._told[told["worker"]] = [Running(*entry) for entry in told["running"]]

    def _hear_scheduler(self, event: tuple[float, dict[str, Any]]) -> None:
        told = event[1]
        if isinstance(told, dict) and told.get("action") == "remove-worker":
            self.worker_was_lost = True
            self._told.pop(told.get("worker", ""), None)


class Brake:
    """Ends a job's work on request: of a signal in this process, or of another process through the record.

    Parameters
    ----------
    stop : Stop
        What signal handlers set.
    record : RecordWriter
        Where other processes leave requests.
    live : Live
        The way to the slots.
    """

    def __init__(self, stop: Stop, record: RecordWriter, live: Live) -> None:
        self.cancelled = False
        self._stop, self._record, self._live = stop, record, live
        self._looked_s = 0.0
        self._drained_s: float | None = None
        self._killed_s: float | None = None

    @property
    def expired(self) -> bool:
        """Whether the job ends now, whatever workers still hold."""
        return self._killed_s is not None and time.monotonic() - self._killed_s > KILL_S

    def look(self) -> bool:
        """Look whether the job is asked to end, and see to it.

        Returns
        -------
        bool
            Whether nothing further shall begin.
        """
        now_s = time.monotonic()
        if not self.cancelled and now_s - self._looked_s > REQUEST_PERIOD_S:
            self._looked_s = now_s
            self.cancelled = "cancel" in self._record.requests()
        if self._stop.signal is not None and self._drained_s is None:
            self._drained_s = now_s
            self._live.drain()
        late = self._drained_s is not None and now_s - self._drained_s > DRAIN_S
        if (self.cancelled or self._stop.at_once or late) and self._killed_s is None:
            self._killed_s = now_s
            self._live.kill()
        return self._killed_s is not None or self._drained_s is not None
