"""How schedulers are reached: Dask's transports, and which of them nobody on the way can read or write."""

from __future__ import annotations

import urllib.parse

ENCRYPTED = frozenset({"tls", "wss"})
"""Transports that Dask has with certificates only (Dask's documentation, "TLS/SSL")."""

TRANSPORTS = ENCRYPTED | {"tcp", "ws", "ucx", "ucxx"}
"""How addresses begin that Dask knows, before ``://host:port``; ``ucxx`` is of the package ``distributed-ucxx``."""

WITHIN_PROCESS = "inproc"
"""How addresses begin that lead nowhere out of a process; they have no port."""

CLOSED = ENCRYPTED | {WITHIN_PROCESS, "gateway"}
"""Transports that only the two sides read and write. Dask Gateway's own is TLS with certificates that it makes (its
documentation, "Security"). All others, also those that are not known here, are taken for open."""


def is_open(address: str) -> bool:
    """Tell whether others than the two sides may read and write what goes to a scheduler.

    Parameters
    ----------
    address : str
        The scheduler's; without a transport it is one of ``tcp://``.
    """
    return "://" not in address or urllib.parse.urlsplit(address).scheme not in CLOSED
