"""The pulse of a cluster: a frozen scheduler says nothing and breaks no connection, and all workers may be lost."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

from dmedia.errors import ClusterError, ClusterLostError, RecordFullError
from dmedia.run.patience import Call

if TYPE_CHECKING:
    from dmedia.record.writer import RecordWriter
    from dmedia.run.clusters.cluster import ConnectedCluster
    from dmedia.run.collect import Outcome
    from dmedia.run.fleet import Fleet

IDLE_S = 2.0
"""Seconds without a result after which the scheduler is asked whether it is there."""

SILENCE_S = 3.0
"""Seconds after which a scheduler that does not answer is told of. A busy one answers within one or two."""

SILENCE_LIMIT_S = 30.0
"""Seconds after which it counts as lost."""

REFUSALS_LIMIT_S = 30.0
"""Seconds after which a cluster whose workers refuse every chunk, while none of them is at work, is given up, if not
``--worker-wait`` is shorter."""


class Pulse:
    """Feels whether a cluster is alive while no file finishes.

    Parameters
    ----------
    cluster : ConnectedCluster
        The cluster.
    record : RecordWriter
        Gets a warning for as long as something is wrong.
    fleet : Fleet
        Knows which workers are no use to the job.
    """

    def __init__(self, cluster: ConnectedCluster, record: RecordWriter, fleet: Fleet) -> None:
        self._cluster, self._record, self._fleet = cluster, record, fleet
        self._heard_s = self._alone_since_s = time.monotonic()
        self._asked_s = 0.0
        self._refused_since_s: float | None = None
        self._call: Call | None = None
        self._warning: str | None = None

    def hear(self, outcome: Outcome, *, at_work: bool) -> None:
        """Note what came.

        Parameters
        ----------
        outcome : Outcome
            Of futures; empty when nothing came.
        at_work : bool
            Whether some worker is working on files of the job: then others may refuse what they get.

        Raises
        ------
        ClusterError
            When workers have refused everything for a while. It says what a worker said.
        """
        if outcome.results:
            self._heard_s = self._alone_since_s = time.monotonic()
            self._call = self._refused_since_s = None
            self._warn(None)
        elif at_work:
            self._refused_since_s = None
        elif outcome.refused:
            self._refused_since_s = self._refused_since_s or time.monotonic()
            if time.monotonic() - self._refused_since_s > min(REFUSALS_LIMIT_S, self._cluster.worker_wait_s):
                raise ClusterError(
                    f"The workers cannot work on files: {outcome.refusal}",
                    f"look at the workers' logs; then dmedia resume {self._record.job}",
                )

    def check(self, *, waits: bool) -> None:
        """Ask the scheduler when nothing was heard for a while.

        Parameters
        ----------
        waits : bool
            Whether the job is paused: then it needs no workers.

        Raises
        ------
        ClusterLostError
            When the scheduler was lost, or does not answer for longer than the job waits for an answer.
        ClusterError
            When it has had no worker for longer than the job waits for one.
        """
        now_s = time.monotonic()
        client: Any = self._cluster.client
        if self._cluster.is_lost:
            raise self._lost("was lost")
        if self._call is None:
            if now_s - self._heard_s > IDLE_S:
                self._asked_s = now_s
                self._call = Call(lambda: client.sync(client.scheduler.identity, n_workers=0))
        elif self._call.wait(0):
            workers = (self._call.answer or {}).get("n_workers")
            self._call, self._heard_s = None, now_s
            self._count(None if waits else workers, now_s)
        elif now_s - self._asked_s > min(SILENCE_LIMIT_S, self._cluster.worker_wait_s):
            raise self._lost("does not answer")
        elif now_s - self._asked_s > SILENCE_S:
            self._warn(f"The scheduler at {self._cluster.scheduler} does not answer")

    def close(self) -> None:
        """Withdraw what was said of this connection."""
        self._warn(None)

    def _count(self, workers: int | None, now_s: float) -> None:
        unfit = self._fleet.allowed() == []
        lacking = "no workers" if workers == 0 else "no worker that is fit for the job" if unfit else None
        if workers is None or not lacking:
            self._warn(None)
            self._alone_since_s = now_s
        elif now_s - self._alone_since_s <= self._cluster.worker_wait_s:
            self._warn(f"The cluster has {lacking}: waiting for one")
        else:
            self._warn(None)
            raise ClusterError(
                f"The scheduler at {self._cluster.scheduler} has had {lacking} for {self._cluster.worker_wait_s:g} s",
                f"see that workers are started there again; then dmedia resume {self._record.job}",
            )

    def _warn(self, text: str | None) -> None:
        if text == self._warning:
            return
        with contextlib.suppress(RecordFullError):
            if self._warning:
                self._record.life.withdraw_warning(self._warning)
            self._warning = None
            if text:
                self._record.life.warn(text, passing=True)
            self._warning = text

    def _lost(self, how: str) -> ClusterLostError:
        self._warn(None)
        return ClusterLostError(
            f"The scheduler at {self._cluster.scheduler} {how}", f"dmedia resume {self._record.job}"
        )
