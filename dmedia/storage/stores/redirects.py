"""Redirects of web servers, followed one by one where a job has roots: nothing outside of them is asked for."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from dmedia.errors import MediaError
from dmedia.storage.local import refuse_outside

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from aiohttp import ClientResponse, ClientSession
    from yarl import URL

MOST_REDIRECTS = 10
"""Redirects that are followed for one answer: aiohttp's default (its documentation, "max_redirects")."""

REDIRECTING = frozenset({301, 302, 303, 307, 308})
"""HTTP statuses of an answer that names where another one is (RFC 9110, section 15.4)."""


@asynccontextmanager
async def follow(
    session: ClientSession, method: str, url: URL, headers: Mapping[str, str], roots: tuple[bytes, ...]
) -> AsyncIterator[ClientResponse]:
    """Ask for a page, also where redirects lead, but not outside of roots, and not from a secure page to an insecure.

    Parameters
    ----------
    session : aiohttp.ClientSession
        What asks.
    method : str
        ``GET`` or ``HEAD``; it stays the same.
    url : yarl.URL
        The page; it lies in the roots.
    headers : mapping of str to str
        Of each request.
    roots : tuple of bytes
        As of `storage.local.is_inside`, at least one.

    Yields
    ------
    aiohttp.ClientResponse
        The first that is no redirect.

    Raises
    ------
    MediaError
        ``permission_denied`` when a redirect leads out of the roots, or to an insecure page.
    aiohttp.InvalidURL, aiohttp.TooManyRedirects
        When one leads nowhere, or they do not end.
    """
    import aiohttp

    for _ in range(MOST_REDIRECTS + 1):
        async with session.request(method, url, headers=headers, allow_redirects=False) as answer:
            target = _target(answer)
            if target is None:
                yield answer
                return
        refuse_insecure(url, target)
        refuse_outside(str(target).encode(), roots, "open")
        url = target
    raise aiohttp.TooManyRedirects(answer.request_info, ())


def refuse_insecure(url: URL, target: URL) -> None:
    """Refuse a secure page that leads to one that anybody on the way can change.

    Raises
    ------
    MediaError
        ``permission_denied``.
    """
    if url.scheme == "https" and target.scheme != "https":
        said = f"Permission denied: {url.origin()} leads to an insecure page"
        raise MediaError("permission_denied", said, "open")


def _target(answer: ClientResponse) -> URL | None:
    """Tell where an answer leads; ``None``: it is none that leads anywhere."""
    import aiohttp
    from yarl import URL

    said = answer.headers.get("Location", "")
    if answer.status not in REDIRECTING or not said:
        return None
    try:
        target = answer.url.join(URL(said))
    except ValueError:
        raise aiohttp.InvalidURL(said) from None
    if target.scheme not in {"https", "http"} or not target.host:
        raise aiohttp.InvalidURL(said)
    return target
