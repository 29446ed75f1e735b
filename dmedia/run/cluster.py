"""The Dask cluster a job runs on: one in this process, or one that is running elsewhere."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dmedia.errors import ClusterError
from dmedia.run.exposure import exposure
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
    """

    scheduler: str | None
    slots: int
    insecure: bool = False
    worker_wait_s: float = 600.0

    @property
    def local(self) -> bool:
        """Whether the cluster is made in this process."""
        return self.scheduler is None


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
    worker_wait_s: float = 600.0


def load_dask() -> Any:
    """Import Dask quickly and quietly: numpy's threads are of no use here, and cost 0.3 s of CPU.

    Returns
    -------
    module
        ``dask``; ``distributed`` is loaded as well.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    warnings.filterwarnings("ignore", module="distributed")
    import dask
    import distributed  # noqa: F401 - the import is the point: it takes most of a second

    for name in list(logging.root.manager.loggerDict):
        if name.startswith("distributed"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)  # what matters of it becomes an error of ours
    return dask


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
    if choice.scheduler is None:
        with _local_cluster(choice.slots) as cluster:
            yield cluster
    else:
        with _remote_cluster(choice, choice.scheduler, tick, again=again) as cluster:
            yield cluster


@contextlib.contextmanager
def _local_cluster(slots: int) -> Iterator[ConnectedCluster]:
    dask = load_dask()
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
def _remote_cluster(
    choice: ClusterChoice, address: str, tick: Callable[[], None], *, again: bool
) -> Iterator[ConnectedCluster]:
    warning = exposure(address, insecure=choice.insecure)
    load_dask()
    from distributed import Client

    given_up = threading.Event()

    def open_client() -> Client:
        client = Client(address, timeout=CONNECT_TIMEOUT_S, set_as_default=False)
        if given_up.is_set():
            client.close()
        return client

    try:
        client = patiently(open_client, tick, ANSWER_LIMIT_S)
    except (OSError, TimeoutError, ValueError) as error:
        raise ClusterError(
            f"No Dask scheduler answers at {address}: {error}", "start one with: dask scheduler"
        ) from error
    finally:
        given_up.set()
    try:
        slots = _count_slots(client, address, tick, again=again)
        yield ConnectedCluster(client, slots, address, _dashboard_of(client), warning, choice.worker_wait_s)
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


def _dashboard_of(client: Client) -> str | None:
    with contextlib.suppress(Exception):  # the link is made of the user's own template, which may name anything
        link: str = client.dashboard_link
        return link if "dashboard" in client.scheduler_info(n_workers=0)["services"] else None
    return None
