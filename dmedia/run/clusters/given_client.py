"""A Dask client that a program has already: the job is a guest in its process and on its cluster."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from dmedia.errors import ClusterError, UsageError

if TYPE_CHECKING:
    from distributed import Client

GONE = frozenset({"closing", "closed"})
"""Status of a client that does not come back; one that has lost its scheduler is ``connecting`` again by itself."""


def refuse_unfit(client: Any) -> None:
    """Refuse what no job can run with.

    Parameters
    ----------
    client : object
        What a program gave as its client.

    Raises
    ------
    UsageError
        When it is no ``distributed.Client``, or one that is asynchronous or closed.
    """
    loaded = sys.modules.get("distributed")  # whoever has a client has loaded it
    if loaded is None or not isinstance(client, loaded.Client):
        raise UsageError(
            f"The client is no dask.distributed.Client but a {type(client).__name__}",
            "give one that is connected, or none: the job then runs in a process of its own",
        )
    if client.asynchronous:
        raise UsageError("The Dask client is asynchronous: a job needs one made without asynchronous=True")
    if client.status in GONE:
        raise UsageError("The Dask client is closed", "make another one for the job")


def is_gone(client: Client) -> bool:
    """Tell whether a client was closed, or has given up its scheduler."""
    return client.status in GONE


def connect_like(client: Client, timeout_s: float) -> Client:
    """Make a connection of the job's own to the scheduler of a client.

    A client has one handler for each topic of events and tells nobody apart who uses it: two jobs, or a job and its
    caller, would take messages from each other. With connections of their own they meet on the scheduler only, and
    closing one closes nothing of the caller's.

    Parameters
    ----------
    client : distributed.Client
        The caller's.
    timeout_s : float
        Seconds to wait for the scheduler.

    Raises
    ------
    ClusterError
        When the caller's client was closed.
    OSError
        When the scheduler does not answer.
    """
    from distributed import Client

    scheduler = client.scheduler
    if is_gone(client) or scheduler is None:
        raise ClusterError("The Dask client was closed, or has given up its scheduler")
    return Client(scheduler.address, security=client.security, timeout=timeout_s, set_as_default=False)
