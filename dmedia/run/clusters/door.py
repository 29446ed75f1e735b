"""The way to a scheduler: a client is opened, patiently, and says how many slots there are."""

from __future__ import annotations

import contextlib
import functools
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dmedia.errors import ClusterError
from dmedia.run.clusters.certificates import check_certificates, speaks_http, unreachable
from dmedia.run.clusters.given_client import connect_like
from dmedia.run.patience import Call, patiently

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from distributed import Client

    from dmedia.run.clusters.made_cluster import Making

CONNECT_TIMEOUT_S = 10.0
"""Seconds to wait for a scheduler to answer; and for a worker, where one may come later as well."""

ANSWER_LIMIT_S = 2 * CONNECT_TIMEOUT_S
"""Seconds to wait for what Dask should have given up by itself: a frozen scheduler takes a connection, and it waits."""

LEAVE_LIMIT_S = 2.0
"""Seconds to wait for a scheduler to take leave."""


def _start_workers(address: str) -> ClusterError:
    return ClusterError(
        f"The scheduler at {address} has no workers",
        f"start one with: dask worker {address}; --worker-wait says how long to wait for it",
    )


@dataclass(frozen=True)
class Door:
    """The way to a scheduler.

    Attributes
    ----------
    open : callable
        Makes a client.
    place : str
        Where to, in a sentence.
    without_workers : callable
        Makes the error that no worker is there, of the scheduler's address.
    address : str or None
        The scheduler's, if somebody has said it.
    """

    open: Callable[[], Client]
    place: str
    without_workers: Callable[[str], ClusterError] = _start_workers
    address: str | None = None


def door_to(address: str) -> Door:
    """Find the way to an address, and see whether it can be gone.

    Raises
    ------
    ClusterError
        When it needs certificates, and there are none that can be used.
    """
    from distributed import Client

    check_certificates(address)

    client = functools.partial(Client, address, timeout=CONNECT_TIMEOUT_S, set_as_default=False)
    return Door(client, f"at {address}", address=address)


def door_into(making: Making) -> Door:
    """Find the way into a cluster that was made of a file."""
    from distributed import Client

    client = functools.partial(Client, making.cluster, timeout=CONNECT_TIMEOUT_S, set_as_default=False)
    return Door(client, f"in the cluster of {making.path}", lambda _: making.without_workers())


def door_beside(client: Any) -> Door:
    """Find the way that a program's client has gone."""
    return Door(functools.partial(connect_like, client, CONNECT_TIMEOUT_S), "to the given client's address")


@contextlib.contextmanager
def open_client(door: Door, tick: Callable[[], None]) -> Iterator[Client]:
    """Connect to a scheduler.

    Parameters
    ----------
    door : Door
        The way there.
    tick : callable
        Is called while it is waited for; what it raises ends that.

    Yields
    ------
    distributed.Client

    Raises
    ------
    ClusterError
        When no scheduler answers.
    """
    given_up = threading.Event()

    def connect() -> Client:
        client = door.open()
        if given_up.is_set():
            client.close()
        return client

    try:
        client = patiently(connect, tick, ANSWER_LIMIT_S)
    except (OSError, TimeoutError, ValueError) as error:
        if door.address and speaks_http(door.address):
            raise ClusterError(
                f"What answers {door.place} speaks HTTP: it is no Dask scheduler",
                "is it a dashboard's (8787) instead of a scheduler's (8786)?",
            ) from error
        raise unreachable(door.place, error) from error
    finally:
        given_up.set()
    try:
        yield client
    finally:
        Call(client.close).wait(LEAVE_LIMIT_S)


def count_slots(client: Client, door: Door | None, tick: Callable[[], None], first_s: float) -> int:
    """Wait for a first worker, and count the threads of those that are there; at least one, for they may come later.

    Parameters
    ----------
    client : distributed.Client
        Connected.
    door : Door or None
        The way there, if there must be a worker.
    tick : callable
        Is called while one is waited for; what it raises ends that.
    first_s : float
        Seconds to wait for one.

    Raises
    ------
    ClusterError
        When the scheduler is gone; or has no workers and must have some.
    """
    address = address_of(client)
    try:
        patiently(lambda: client.wait_for_workers(1, timeout=first_s), tick, first_s + CONNECT_TIMEOUT_S)
    except TimeoutError:
        if door:
            raise door.without_workers(address) from None
    except (OSError, ValueError) as error:
        raise ClusterError(f"The scheduler at {address} was lost: {error}") from error
    try:
        threads: dict[str, int] = patiently(client.nthreads, tick, ANSWER_LIMIT_S)
    except (OSError, ValueError) as error:
        raise ClusterError(f"The scheduler at {address} was lost: {error}") from error
    return max(1, sum(threads.values()))


def address_of(client: Client) -> str:
    """Tell the address of a client's scheduler."""
    return str(getattr(client.scheduler, "address", "an unknown address"))
