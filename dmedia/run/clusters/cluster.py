"""The Dask cluster a job runs on: made in this process or of a file, running elsewhere, or that of a given client."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dmedia.model.request import WORKER_WAIT_S
from dmedia.run.clusters.door import (
    CONNECT_TIMEOUT_S,
    Door,
    address_of,
    count_slots,
    door_beside,
    door_into,
    door_to,
    open_client,
)
from dmedia.run.clusters.exposure import exposure, own_exposure
from dmedia.run.clusters.made_cluster import made_cluster
from dmedia.run.clusters.places import GivenCluster, MadeCluster, OwnCluster
from dmedia.run.clusters.scheduler_file import FILE_WAIT_S, find_scheduler
from dmedia.run.clusters.upkeep import replace_lost_workers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from distributed import Client

    from dmedia.run.clusters.places import ClusterChoice

THREADS_PER_SLOT = 2
"""Threads of a worker in this process for each slot: the next chunk waits at the slot, and not in Dask's event loop
(2 to 4 ms a chunk, measured as idle slots with ``benchmarks/throughput.py``)."""

LOCAL_CONFIG = {
    "distributed.admin.tick.interval": "1 s",  # nobody watches the health of this event loop
    "distributed.worker.profile.enabled": False,  # it samples threads, and the work is in other processes
    "distributed.scheduler.active-memory-manager.start": False,  # results leave at once: there is nothing to manage
    "distributed.scheduler.work-stealing": False,  # one worker
    "distributed.scheduler.worker-saturation": "inf",  # it may hold all of the window, so that no slot waits for more
}


@dataclass(frozen=True)
class ConnectedCluster:
    """A cluster that is ready for work.

    Attributes
    ----------
    client : distributed.Client
        Connected.
    slots : int
        Worker threads, and so slots, when it was connected.
    scheduler : str
        Its address.
    dashboard : str or None
        Address of the dashboard.
    warning : str or None
        What a person should know about it.
    worker_wait_s : float
        Seconds to wait for a worker when all were lost.
    connection : object
        The client's to its scheduler, when it was connected; see `is_lost`.
    """

    client: Client
    slots: int
    scheduler: str
    dashboard: str | None
    warning: str | None = None
    worker_wait_s: float = WORKER_WAIT_S
    connection: Any = None

    @property
    def is_lost(self) -> bool:
        """Whether this connection has ended.

        Dask's client connects again by itself, to a scheduler that may be another one and has none of our slots.
        """
        client: Any = self.client
        return client.status != "running" or client.scheduler_comm is not self.connection


@contextlib.contextmanager
def connect(
    choice: ClusterChoice, tick: Callable[[], None] = lambda: None, *, again: bool = False
) -> Iterator[ConnectedCluster]:
    """Connect to a cluster, or make one, for the length of a job.

    Parameters
    ----------
    choice : ClusterChoice
        Which one.
    tick : callable
        Is called now and then while a scheduler is waited for; what it raises ends that.
    again : bool
        Whether it was lost: its workers may then come later.

    Yields
    ------
    ConnectedCluster

    Raises
    ------
    ClusterError
        When the scheduler does not answer, gets no worker in time, or is public and not encrypted.
    """
    with _connected(choice, tick, again=again) as cluster:
        yield replace(cluster, worker_wait_s=choice.worker_wait_s)


@contextlib.contextmanager
def _connected(choice: ClusterChoice, tick: Callable[[], None], *, again: bool) -> Iterator[ConnectedCluster]:
    place, wait_s = choice.place, choice.worker_wait_s
    if isinstance(place, OwnCluster):
        with _local_cluster(place.slots) as cluster:
            yield cluster
    elif isinstance(place, MadeCluster):
        with _made_cluster(place, tick, wait_s) as cluster:
            yield cluster
    elif isinstance(place, GivenCluster):
        # Its workers may come when there is something to do: what is patient with a lost cluster is so with this one.
        with _open_cluster(door_beside(place.client), tick, patient=True) as cluster:
            dashboard = _dashboard_of(cluster.client, place.client)
            yield replace(cluster, dashboard=dashboard)
    else:
        address = find_scheduler(place, tick, FILE_WAIT_S)
        warning = exposure(address, insecure=place.insecure)
        first_s = CONNECT_TIMEOUT_S if again else wait_s
        with _open_cluster(door_to(address), tick, patient=again, first_s=first_s) as cluster:
            yield replace(cluster, scheduler=address, warning=warning)


@contextlib.contextmanager
def _local_cluster(slots: int) -> Iterator[ConnectedCluster]:
    import dask
    from distributed import Client, LocalCluster

    from dmedia.run.dashboard import PlainWorker, offer_dashboard

    with (
        dask.config.set(LOCAL_CONFIG),
        LocalCluster(
            n_workers=1,
            threads_per_worker=THREADS_PER_SLOT * slots,
            processes=False,
            memory_limit=0,  # media is in the slots, which watch themselves
            dashboard_address="127.0.0.1:0",
            worker_dashboard_address="127.0.0.1:0",
            worker_class=PlainWorker,
            scheduler_kwargs={"dashboard": False},  # see offer_dashboard
            silence_logs="CRITICAL",
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        for worker in cluster.workers.values():
            worker.http_server.stop()  # the scheduler's is the only port
        server = cluster.scheduler.http_server
        with contextlib.suppress(Exception):  # a job never fails because its dashboard cannot be shown
            offer_dashboard(cluster.scheduler)
        dashboard = f"http://{server.address}:{server.port}/status"
        yield ConnectedCluster(client, slots, cluster.scheduler.address, dashboard, connection=client.scheduler_comm)


@contextlib.contextmanager
def _made_cluster(place: MadeCluster, tick: Callable[[], None], wait_s: float) -> Iterator[ConnectedCluster]:
    def tick_and_watch() -> None:
        tick()
        making.watch()

    with (
        made_cluster(place, tick, wait_s) as making,
        _open_cluster(door_into(making), tick_and_watch, first_s=wait_s) as cluster,
    ):
        making.adapt()
        replace_lost_workers(making.cluster)
        address = str(making.cluster.scheduler_address)
        yield replace(cluster, scheduler=address, warning=own_exposure(address))


@contextlib.contextmanager
def _open_cluster(
    door: Door, tick: Callable[[], None], *, patient: bool = False, first_s: float = CONNECT_TIMEOUT_S
) -> Iterator[ConnectedCluster]:
    with open_client(door, tick) as client:
        connection = client.scheduler_comm
        slots = count_slots(client, None if patient else door, tick, first_s)
        dashboard = _dashboard_of(client, client)
        yield ConnectedCluster(client, slots, address_of(client), dashboard, connection=connection)


def _dashboard_of(client: Client, owner: Client) -> str | None:
    """Name the dashboard's address; the client that belongs to whoever made the cluster knows it best."""
    with contextlib.suppress(Exception):  # the link is made of the user's own template, which may name anything
        link: str = owner.dashboard_link
        return link if "dashboard" in client.scheduler_info(n_workers=0)["services"] else None
    return None
