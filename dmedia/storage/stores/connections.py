"""Connections of clients: how many a process may have to one store."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiohttp import ClientSession

MOST_CONNECTIONS = 10_000
"""More than any worker has lanes and any listing threads, which are what bounds them: a transfer that waited for a
connection would count as one that stands still, and with aiohttp's own limit of 100 a worker of 17 slots has such."""


def widen(session: ClientSession) -> ClientSession:
    """Let a client have as many connections as it is asked for.

    Parameters
    ----------
    session : aiohttp.ClientSession
        Of a client that has no option for it.

    Returns
    -------
    aiohttp.ClientSession
        The same.
    """
    assert session.connector is not None
    session.connector._limit = MOST_CONNECTIONS  # noqa: SLF001 - is told to whoever makes it, and the client has
    return session
