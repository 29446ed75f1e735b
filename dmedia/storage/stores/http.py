"""Files of web servers, by fsspec's client: read only, one by one, for a web server has no listing."""

from __future__ import annotations

import copy
from itertools import pairwise
from typing import TYPE_CHECKING
from urllib.parse import quote

from dmedia.errors import MediaError, UsageError
from dmedia.storage import locations
from dmedia.storage.stores.bodies import BLOCK_BYTES
from dmedia.storage.stores.calls import answer_of, at_exit
from dmedia.storage.stores.configuration import configured
from dmedia.storage.stores.connections import widen
from dmedia.storage.stores.objects import ReadObjects
from dmedia.storage.stores.redirects import follow, refuse_insecure
from dmedia.storage.stores.service import Found, Place
from dmedia.storage.stores.settings import settings
from dmedia.storage.stores.web import AnsweredError, explain_web, identity_of, refuse_failure

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractAsyncContextManager
    from typing import NoReturn

    from aiohttp import ClientResponse, ClientSession

    from dmedia.errors import Stage
    from dmedia.storage.stores.attempts import Refusal
    from dmedia.storage.stores.downloads import Download
    from dmedia.storage.stores.store import Entry, Identity, Terms

SAFE = "%/:=&?~#+!$,;'@()*[]"
"""What stands in a URL as it is (RFC 3986, section 2.2); the percent sign too, for most are escaped already."""

NO_HEAD = frozenset({403, 405, 501})
"""How servers answer that do not know HEAD, or have signed a URL for GET only."""

CREDENTIALS = "Credentials for web servers come from ~/.netrc or from fsspec's configuration (client_kwargs of http)"


def store(scheme: str, host: bytes) -> Pages:
    """Make the store of one web server."""
    return Pages(Http(scheme, host.decode("ascii", "replace")))


class Pages(ReadObjects):
    """Files of one web server. See `Store`."""

    read_only = True

    def __init__(self, service: Http) -> None:
        super().__init__(service)
        self._http = service

    def within(self, roots: tuple[bytes, ...]) -> Pages:
        """Make a store that is not led out of roots."""
        return Pages(self._http.within(roots))

    def entries(self, directory: bytes, *, recursive: bool) -> Iterator[Entry]:  # noqa: ARG002 - is of a store
        """Refuse: there is no listing.

        Raises
        ------
        UsageError
            Always.
        """
        shown = locations.shown(directory)
        raise UsageError(f"A web server has no listing of {shown!r}", "name its files, or list them with --files-from")

    def put(self, descriptor: int, location: bytes, terms: Terms) -> NoReturn:  # noqa: ARG002 - is of a store
        """Refuse: it is only read."""
        raise _refused()

    def mark_of(self, location: bytes) -> None:  # noqa: ARG002 - is of a store
        """Tell that nothing there is of any job."""
        return

    def checksum_of(self, location: bytes) -> None:  # noqa: ARG002 - is of a store
        """Tell that nothing there is of any job."""
        return

    def remove(self, location: bytes) -> NoReturn:  # noqa: ARG002 - is of a store
        """Refuse: it is only read."""
        raise _refused()


class Http:
    """Requests to a web server. See `Readable`.

    Parameters
    ----------
    scheme : str
        ``https`` or ``http``.
    host : str
        With its port, if any.
    """

    def __init__(self, scheme: str, host: str) -> None:
        import aiohttp
        import fsspec.config
        from fsspec.implementations.http import HTTPFileSystem

        self._name = f"{scheme}://{host}"
        limits = settings()
        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=limits.connect_timeout_s, sock_read=limits.read_timeout_s
        )
        given = fsspec.config.conf.get(scheme, fsspec.config.conf.get("http", {})).get("client_kwargs", {})
        self._system = HTTPFileSystem(
            asynchronous=True,
            skip_instance_cache=True,
            use_listings_cache=False,
            encoded=True,
            client_kwargs={"trust_env": True, "timeout": timeout, **given},  # proxies, and ~/.netrc
        )
        self._roots: tuple[bytes, ...] = ()
        at_exit(self._close)

    def within(self, roots: tuple[bytes, ...]) -> Http:
        """Make one that is not led out of roots, with the same connections."""
        other = copy.copy(self)
        other._roots = roots  # noqa: SLF001 - it is of this class
        return other

    def describe(self, place: Place) -> Found:
        """Ask what stands there."""
        return Found(answer_of(self._look(place), settings().limit_s(0)), {})

    def read(self, place: Place, n_bytes: int) -> bytes:
        """Read the first bytes."""
        return answer_of(self._read(place, n_bytes), settings().limit_s(n_bytes))

    def receive(self, place: Place, download: Download) -> None:
        """Go on with a download."""
        answer_of(self._receive(place, download), settings().limit_s(download.most_bytes))

    def explain(self, error: Exception, bucket: str, stage: Stage) -> Refusal | None:  # noqa: ARG002 - is of a service
        """Turn what a request raised into a refusal."""
        return explain_web(error, self._name, stage, CREDENTIALS)

    async def _ask(
        self, method: str, place: Place, headers: dict[str, str]
    ) -> AbstractAsyncContextManager[ClientResponse]:
        with configured(self._name.partition(":")[0]):
            session: ClientSession = widen(await self._system.set_session())
        url = self._system.encode_url(quote(f"{self._name}/{place.key}", safe=SAFE))
        headers = {"Accept-Encoding": "identity", **headers}
        if self._roots:
            return follow(session, method, url, headers, self._roots)
        return session.request(method, url, headers=headers)

    async def _look(self, place: Place) -> Identity:
        async with await self._ask("HEAD", place, {}) as answer:
            if answer.status not in NO_HEAD:
                await self._accept(answer)
                return identity_of(answer.headers)
        async with await self._ask("GET", place, {}) as answer:  # is closed before anything of it is read
            await self._accept(answer)
            return identity_of(answer.headers)

    async def _read(self, place: Place, n_bytes: int) -> bytes:
        async with await self._ask("GET", place, {"Range": f"bytes=0-{n_bytes - 1}"}) as answer:
            if answer.status == 416:  # it is empty: no range of it can be had
                return b""
            await self._accept(answer)
            head = b""
            while len(head) < n_bytes and (block := await answer.content.read(n_bytes - len(head))):
                head += block
            return head

    async def _receive(self, place: Place, download: Download) -> None:
        version = download.identity.version if download.identity else ""
        if version.startswith("W/") or not version:  # nobody can tell whether the rest is of the same version
            download.restart()
        resumes = {"Range": f"bytes={download.received_bytes}-", "If-Range": f'"{version}"'}
        async with await self._ask("GET", place, resumes if download.identity else {}) as answer:
            await self._accept(answer)
            self._begin(answer, download)
            await download.pour(answer.content.iter_chunked(BLOCK_BYTES))

    async def _accept(self, answer: ClientResponse) -> None:
        """Refuse failures, and a secure page that has led to an insecure one, be it on the way to a secure one."""
        urls = [each.url for each in (*answer.history, answer)]
        for url, target in pairwise(urls):
            refuse_insecure(url, target)
        await refuse_failure(answer)

    def _begin(self, answer: ClientResponse, download: Download) -> None:
        found = identity_of(answer.headers)
        if download.identity is None:
            download.begin(found)
        elif answer.status != 206 or found.version != download.identity.version:  # some servers know no If-Range
            raise AnsweredError(412)

    async def _close(self) -> None:
        session = await self._system.set_session()
        await session.close()


def _refused() -> MediaError:
    return MediaError("permission_denied", "Permission denied: web servers are only read", "publish")
