"""The pulse of a cluster: a frozen scheduler says nothing and breaks no connection, and all workers may be lost."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from dmedia.errors import ClusterError
from dmedia.run.patience import Call

if TYPE_CHECKING:
    from dmedia.record.writer import RecordWriter
    from dmedia.run.cluster import ConnectedCluster

IDLE_S = 3.0
"""Seconds without a result after which the scheduler is asked whether it is there."""

SILENCE_LIMIT_S = 30.0
"""Seconds after which a scheduler that does not answer counts as lost. A busy one answers within a few."""


class Pulse:
    """Feels whether a cluster is alive while no file finishes.

    Parameters
    ----------
    cluster : ConnectedCluster
        The cluster.
    record : RecordWriter
        Gets a warning when there are no workers.
    """

    def __init__(self, cluster: ConnectedCluster, record: RecordWriter) -> None:
        self._cluster, self._record = cluster, record
        self._heard_s = self._alone_since_s = time.monotonic()
        self._asked_s = 0.0
        self._call: Call | None = None

    def heard(self) -> None:
        """Note that a result came."""
        self._heard_s = self._alone_since_s = time.monotonic()
        self._call = None

    def check(self) -> None:
        """Ask the scheduler when nothing was heard for a while.

        Raises
        ------
        ClusterError
            When the scheduler was lost, does not answer, or has had no worker, for longer than the job waits.
        """
        now_s = time.monotonic()
        client: Any = self._cluster.client
        if client.status != "running":
            raise self._lost("was lost")
        if self._call is None:
            if now_s - self._heard_s > IDLE_S:
                self._asked_s = now_s
                self._call = Call(lambda: client.sync(client.scheduler.identity, n_workers=0))
        elif self._call.wait(0):
            workers = (self._call.answer or {}).get("n_workers")
            self._call, self._heard_s = None, now_s
            if workers:
                self._alone_since_s = now_s
            elif workers == 0:
                self._record.warn("The cluster has no workers: waiting for one")
                if now_s - self._alone_since_s > self._cluster.worker_wait_s:
                    raise self._lost(f"has had no workers for {self._cluster.worker_wait_s:g} s")
        elif now_s - self._asked_s > min(SILENCE_LIMIT_S, self._cluster.worker_wait_s):
            raise self._lost("does not answer")

    def _lost(self, how: str) -> ClusterError:
        return ClusterError(f"The scheduler at {self._cluster.scheduler} {how}", f"dmedia resume {self._record.job}")
