"""The live channel beside the results: upward what slots are working on, downward requests to end it."""

from __future__ import annotations

import pickle
import secrets
import time
from typing import TYPE_CHECKING, Any

from dmedia import __version__
from dmedia.errors import ClusterError, ClusterLostError, DmediaError
from dmedia.model import Running
from dmedia.run.brake import EndedError
from dmedia.run.fitness.demand import UNEXAMINED, Lack, Testimony
from dmedia.run.fitness.envoy import Envoy
from dmedia.run.patience import Call, patiently
from dmedia.run.worker import SlotsPlugin, drain, kill, live_topic, plugin_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from dmedia.model import WorkOrder
    from dmedia.run.clusters.cluster import ConnectedCluster
    from dmedia.run.fitness.demand import Demand
    from dmedia.run.fleet import Fleet

ANSWER_LIMIT_S = 5.0
"""Seconds to wait for the workers to end their slots when the job has ended."""

LEAVE_LIMIT_S = 1.0
"""Seconds to wait for that when the job was asked to end before all workers had slots: one may be frozen."""

REGISTER_LIMIT_S = 20.0
"""Seconds to wait for all workers to have their slots. One that is frozen does not keep the others from working."""

TESTIMONY_LIMIT_S = 30.0
"""Seconds to wait for all of them to have examined themselves; a slot loads its codecs for it."""

LOOK_PERIOD_S = 0.02
"""Seconds between two looks at what workers have said of themselves."""

SCHEDULER_TOPIC = "all"
"""Dask's own topic, on which the scheduler tells of workers that come and go."""


class Live:
    """A job's slots on all workers, for as long as it runs.

    Parameters
    ----------
    cluster : ConnectedCluster
        The cluster.
    order : WorkOrder
        The job.
    fleet : Fleet
        Is told of workers as they come and go.
    demand : Demand or None
        What is demanded of every worker; ``None`` of one in this process.
    tick : callable
        Is called now and then while workers get their slots; what it raises ends that.

    Attributes
    ----------
    fleet : Fleet
        As given.
    worker_was_lost : bool
        Whether a worker has left meanwhile. Dask runs its tasks elsewhere, and says nothing of it with the results.
    """

    def __init__(
        self, cluster: ConnectedCluster, order: WorkOrder, fleet: Fleet, demand: Demand | None, tick: Callable[[], None]
    ) -> None:
        self._cluster, self._client = cluster, cluster.client
        self._order = order
        self.fleet = fleet
        self._demand = demand
        self._tick = tick
        self._launch = secrets.token_hex(8)
        self._told: dict[str, list[Running]] = {}
        self._busy: set[str] = set()
        self._drained = -1
        self._killed = False
        self.worker_was_lost = False

    def __enter__(self) -> Live:
        """Give every worker its slots, those that come later too.

        Raises
        ------
        ClusterError
            When this cannot be done.
        ClusterLostError
            When the scheduler is gone.
        """
        self._client.subscribe_topic(live_topic(self._order.job), self._hear)
        self._client.subscribe_topic(SCHEDULER_TOPIC, self._hear_scheduler)
        try:
            given = patiently(lambda: self._client.register_plugin(self._envoy()), self._tick, REGISTER_LIMIT_S)
            self._wait_for(frozenset(given or ()))
            self._refuse_lost()
        except TimeoutError:
            pass  # a worker is frozen: the others have their slots, and it gets them when it thaws
        except OSError as error:
            raise ClusterLostError(f"The scheduler was lost while workers got their slots: {error}") from error
        except EndedError:
            Call(self._leave).wait(LEAVE_LIMIT_S)
            raise
        except DmediaError as error:  # what is told while it is waited
            self.__exit__(type(error))
            raise
        except Exception as error:
            if self._cluster.is_lost:
                raise ClusterLostError(f"The scheduler was lost while workers got their slots: {error}") from error
            Call(self._leave).wait(ANSWER_LIMIT_S)
            raise ClusterError(
                f"The workers cannot run dmedia: {type(error).__name__}: {error}",
                "install the same version of dmedia in every worker's environment",
            ) from error
        return self

    def __exit__(self, kind: type[BaseException] | None, *ended: object) -> None:
        """End the slots on every worker, unless the cluster was lost: it would hear that much later, and obey."""
        is_lost = kind is not None and (issubclass(kind, ClusterLostError) or self._cluster.is_lost)
        if not is_lost:
            Call(self._leave).wait(ANSWER_LIMIT_S)

    def running(self) -> list[Running]:
        """Tell what slots were working on when their workers last told."""
        return [entry for entries in list(self._told.values()) for entry in entries]

    @property
    def is_at_work(self) -> bool:
        """Whether a worker was working on files, or on their way from or to a store, when it last told."""
        return bool(self._busy)

    def drain(self, wave: int) -> None:
        """Let every worker begin no further file of the chunks that were submitted up to a wave.

        Parameters
        ----------
        wave : int
            See `Window.wave`.
        """
        if wave > self._drained:
            self._drained = wave
            Call(lambda: self._client.run(drain, self._order.job, wave, on_error="ignore"))

    def kill(self) -> None:
        """End the job's slots on every worker, with the files they are working on."""
        if not self._killed:
            self._killed = True
            Call(lambda: self._client.run(kill, self._order.job, on_error="ignore"))

    def _envoy(self) -> Envoy:
        plugin = SlotsPlugin(self._order, self._demand, self._launch)
        job = self._order.job
        return Envoy(plugin_name(job), __version__, pickle.dumps(plugin), live_topic(job), self._launch)

    def _wait_for(self, workers: frozenset[str]) -> None:
        """Wait until workers have examined themselves, or left; those that say nothing get no files until they do."""
        until_s = time.monotonic() + TESTIMONY_LIMIT_S
        while self._demand and self.fleet.awaits(workers) and time.monotonic() < until_s:
            self._refuse_lost()
            self._tick()
            time.sleep(LOOK_PERIOD_S)
        if self._demand and self.fleet.awaits(workers):
            loop: Any = self._client.loop  # where the fleet is told what workers say
            loop.add_callback(self._miss, workers)

    def _refuse_lost(self) -> None:
        if self._cluster.is_lost:
            raise ClusterLostError(f"The scheduler at {self._cluster.scheduler} was lost while workers got their slots")

    def _miss(self, workers: frozenset[str]) -> None:
        for address in self.fleet.awaits(workers):
            self.fleet.hear(Testimony(address, 0, (UNEXAMINED,)))

    def _leave(self) -> None:
        self._client.unsubscribe_topic(live_topic(self._order.job))
        self._client.unsubscribe_topic(SCHEDULER_TOPIC)
        self._client.unregister_worker_plugin(plugin_name(self._order.job))

    def _hear(self, event: tuple[float, dict[str, Any]]) -> None:
        told = event[1]
        if told.get("launch") == self._launch:
            self._told[told["worker"]] = [Running(*entry) for entry in told["running"]]
            (self._busy.add if told.get("busy") else self._busy.discard)(told["worker"])
            lacks = tuple(Lack(*lack) for lack in told["lacks"])
            self.fleet.hear(Testimony(told["worker"], told["slots"], lacks))

    def _hear_scheduler(self, event: tuple[float, dict[str, Any]]) -> None:
        told = event[1]
        if isinstance(told, dict) and told.get("action") == "remove-worker":
            self.worker_was_lost = True
            self._told.pop(told.get("worker", ""), None)
            self._busy.discard(told.get("worker", ""))
            self.fleet.lose(told.get("worker", ""))
