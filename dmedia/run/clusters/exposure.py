"""Who else could reach a scheduler: whoever does can run code as its workers' user."""

from __future__ import annotations

import ipaddress
import socket
import urllib.parse

from dmedia.errors import ClusterError
from dmedia.run.clusters.transports import is_open


def exposure(address: str, *, insecure: bool) -> str | None:
    """Judge who else could reach a scheduler: whoever does can run code as the workers' user.

    Parameters
    ----------
    address : str
        The scheduler's address.
    insecure : bool
        Whether a public address without encryption is accepted.

    Returns
    -------
    str or None
        A warning, for a private address without encryption.

    Raises
    ------
    ClusterError
        For a public address without encryption, unless it is accepted.
    """
    if not is_open(address):
        return None
    parts = urllib.parse.urlsplit(address if "://" in address else f"tcp://{address}")
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port, type=socket.SOCK_STREAM)
    except (OSError, ValueError) as error:
        raise ClusterError(f"No Dask scheduler answers at {address}: {error}") from error
    if all(ipaddress.ip_address(entry[4][0]).is_private for entry in found):
        return _warning(address)
    if not insecure:
        raise ClusterError(
            f"{address} is a public address and not encrypted: anybody could run code on the workers",
            "use tls://, or --insecure when the network is closed otherwise",
        )
    return None


def own_exposure(address: str) -> str | None:
    """Judge who else could reach the scheduler of a cluster that a job has made: nobody refuses what its file says.

    Parameters
    ----------
    address : str
        The scheduler's address.

    Returns
    -------
    str or None
        A warning, for an address without encryption that other machines may reach.
    """
    if not is_open(address):
        return None
    try:
        if ipaddress.ip_address(urllib.parse.urlsplit(address).hostname or "").is_loopback:
            return None
    except ValueError:
        pass  # a name
    return _warning(address)


def _warning(address: str) -> str:
    return f"{address} is not encrypted: whoever reaches it can run code as the workers' user; tls:// protects it"
