"""The Dask cluster a job runs on: one in this process, one that is running elsewhere, or that of a given client."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dmedia.errors import ClusterError
from dmedia.model.request import WORKER_WAIT_S
from dmedia.run.exposure import exposure
from dmedia.run.given_client import connect_like, is_gone, refuse_unfit
from dmedia.run.patience import Call, patiently

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from distributed import Client

CONNECT_TIMEOUT_S = 10.0
"""Seconds to wait for a scheduler to answer, and for a first worker to be there."""

ANSWER_LIMIT_S = 2 * CONNECT_TIMEOUT_S
"""Seconds to wait for what Dask should have given up by itself: a frozen scheduler takes a connection, and it waits."""

CLOSE_LIMIT_S = 2.0
"""Seconds to wait for a scheduler to take leave."""

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
class ClusterChoice:
    """Which cluster a job runs on.

    Attributes
    ----------
    scheduler : str or None
        Address of a running scheduler; ``None`` makes a cluster in this process.
    slots : int
        Slots of a cluster in this process; a running one brings its own.
    insecure : bool
        Whether a public address without encryption is accepted.
    worker_wait_s : float
        Seconds to wait for a worker when all were lost.
    client : distributed.Client or None
        Of the program that this process is: the job runs on its cluster, and leaves it and the process as they are.

    Raises
    ------
    UsageError
        When the client is asynchronous, closed or none.
    """

    scheduler: str | None
    slots: int
    insecure: bool = False
    worker_wait_s: float = WORKER_WAIT_S
    client: Any = None

    def __post_init__(self) -> None:
        if self.client is not None:
            refuse_unfit(self.client)

    @property
    def local(self) -> bool:
        """Whether the cluster is made in this process."""
        return self.scheduler is None and self.client is None

    @property
    def may_come_back(self) -> bool:
        """Whether a scheduler that was lost is worth looking for."""
        return not (self.local or (self.client is not None and is_gone(self.client)))


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
    """

    client: Client
    slots: int
    scheduler: str
    dashboard: str | None
    warning: str | None = None
    worker_wait_s: float = WORKER_WAIT_S


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
        When the scheduler does not answer, has no workers, or is public and not encrypted.
    """
    if choice.client is not None:
        # Its workers may come when there is something to do: what is patient with a lost cluster is so with this one.
        with _running_cluster(choice, tick, again=True) as cluster:
            yield cluster
    elif choice.scheduler is not None:
        warning = exposure(choice.scheduler, insecure=choice.insecure)
        with _running_cluster(choice, tick, again=again) as cluster:
            yield replace(cluster, warning=warning)
    else:
        with _local_cluster(choice.slots) as cluster:
            yield cluster


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
        yield ConnectedCluster(
            client, slots, cluster.scheduler.address, f"http://{server.address}:{server.port}/status"
        )


@contextlib.contextmanager
def _running_cluster(choice: ClusterChoice, tick: Callable[[], None], *, again: bool) -> Iterator[ConnectedCluster]:
    from distributed import Client

    given_up = threading.Event()

    def open_client() -> Client:
        if choice.client is None:
            client = Client(choice.scheduler, timeout=CONNECT_TIMEOUT_S, set_as_default=False)
        else:
            client = connect_like(choice.client, CONNECT_TIMEOUT_S)
        if given_up.is_set():
            client.close()
        return client

    try:
        client = patiently(open_client, tick, ANSWER_LIMIT_S)
    except (OSError, TimeoutError, ValueError) as error:
        place = f"at {choice.scheduler}" if choice.scheduler else "to the given client's address"
        raise ClusterError(f"No Dask scheduler answers {place}: {error}", "start one with: dask scheduler") from error
    finally:
        given_up.set()
    address = choice.scheduler or client.scheduler.address
    try:
        slots = _count_slots(client, address, tick, again=again)
        dashboard = _dashboard_of(client, choice.client or client)
        yield ConnectedCluster(client, slots, address, dashboard, worker_wait_s=choice.worker_wait_s)
    finally:
        Call(client.close).wait(CLOSE_LIMIT_S)


def _count_slots(client: Client, address: str, tick: Callable[[], None], *, again: bool) -> int:
    """Wait for a first worker, and count the threads of those that are there; at least one, for they may come later.

    Raises
    ------
    ClusterError
        When the scheduler is gone; or has no workers, unless it was lost: then they may not be back yet.
    """
    try:
        patiently(lambda: client.wait_for_workers(1, timeout=CONNECT_TIMEOUT_S), tick, ANSWER_LIMIT_S)
    except TimeoutError:
        if not again:
            raise ClusterError(
                f"The scheduler at {address} has no workers", f"start one with: dask worker {address}"
            ) from None
    except (OSError, ValueError) as error:
        raise ClusterError(f"The scheduler at {address} was lost: {error}") from error
    try:
        threads: dict[str, int] = patiently(client.nthreads, tick, ANSWER_LIMIT_S)
    except (OSError, ValueError) as error:
        raise ClusterError(f"The scheduler at {address} was lost: {error}") from error
    return max(1, sum(threads.values()))


def _dashboard_of(client: Client, owner: Client) -> str | None:
    """Name the dashboard's address; the client that belongs to whoever made the cluster knows it best."""
    with contextlib.suppress(Exception):  # the link is made of the user's own template, which may name anything
        link: str = owner.dashboard_link
        return link if "dashboard" in client.scheduler_info(n_workers=0)["services"] else None
    return None
