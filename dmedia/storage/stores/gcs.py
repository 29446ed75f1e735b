"""Google Cloud Storage, by its JSON API, with the credentials, endpoint and options that gcsfs finds."""

from __future__ import annotations

import json
import secrets
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from dmedia.storage.faults import remote_fault
from dmedia.storage.stores.attempts import Refusal
from dmedia.storage.stores.bodies import BLOCK_BYTES, Body, Joined
from dmedia.storage.stores.calls import answer_of, watched
from dmedia.storage.stores.configuration import configured
from dmedia.storage.stores.connections import widen
from dmedia.storage.stores.gcs_uploads import upload
from dmedia.storage.stores.objects import ObjectStore
from dmedia.storage.stores.service import Condition, Content, Found, Page, Place
from dmedia.storage.stores.settings import settings
from dmedia.storage.stores.store import Identity
from dmedia.storage.stores.web import AnsweredError, explain_web, identity_of, refuse_failure
from dmedia.words import gist

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dmedia.errors import Stage
    from dmedia.storage.stores.downloads import Download

MOST_SINGLE_BYTES = 8 << 20
"""Larger objects are sent in parts: what broke off is sent again."""

CREDENTIALS = (
    "Credentials come from where Google's own tools find them: GOOGLE_APPLICATION_CREDENTIALS, gcloud auth"
    " application-default login, or the machine's service account; on a cluster, those of the workers"
)


def store(_scheme: str, _host: bytes) -> ObjectStore:
    """Make the store of all buckets that the credentials lead to."""
    return ObjectStore(Gcs())


class Gcs:
    """Requests to Google Cloud Storage. See `Service`."""

    def __init__(self) -> None:
        import aiohttp
        from gcsfs import GCSFileSystem

        limits = settings()
        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=limits.connect_timeout_s, sock_read=limits.read_timeout_s
        )
        self._system = GCSFileSystem(
            asynchronous=True,
            skip_instance_cache=True,
            use_listings_cache=False,
            session_kwargs={"timeout": timeout, "trust_env": True},
        )

    def describe(self, place: Place) -> Found:
        """Ask what stands there."""
        answer = self.request("GET", _object(place), {"fields": "size,updated,generation,metadata"})
        return Found(_identity(answer), answer.get("metadata", {}))

    def page(self, place: Place, following: str, *, recursive: bool) -> Page:
        """Ask for up to 1000 names."""
        options = {"prefix": place.key, "fields": "items(name,size,updated,generation),nextPageToken"}
        if not recursive:
            options["delimiter"] = "/"
        if following:
            options["pageToken"] = following
        answer = self.request("GET", f"storage/v1/b/{quote(place.bucket, safe='')}/o", options)
        found = [(each["name"], _identity(each)) for each in answer.get("items", ())]
        return Page(found, answer.get("nextPageToken", ""))

    def read(self, place: Place, n_bytes: int) -> bytes:
        """Read the first bytes."""
        return answer_of(self._read(place, n_bytes), settings().limit_s(n_bytes))

    def receive(self, place: Place, download: Download) -> None:
        """Go on with a download."""
        answer_of(self._receive(place, download), settings().limit_s(download.most_bytes))

    def send(self, place: Place, content: Content, condition: Condition) -> str:
        """Publish by one request, or by an upload in parts that is complete with its last one."""
        described: dict[str, Any] = {"name": place.key, "metadata": dict(content.metadata)}
        if content.content_type:
            described["contentType"] = content.content_type
        options = {"ifGenerationMatch": "0"} if condition.is_free else {}
        if condition.version:
            options["ifGenerationMatch"] = condition.version
        path = f"upload/storage/v1/b/{quote(place.bucket, safe='')}/o"
        if content.size_bytes > MOST_SINGLE_BYTES:
            answer = upload(self, (path, options), described, content.descriptor)
        else:
            headers, body = _related(described, content)
            answer = self.request("POST", path, {**options, "uploadType": "multipart"}, headers, body)
        return str(answer["generation"])

    def delete(self, place: Place) -> None:
        """Remove an object."""
        self.request("DELETE", _object(place), {})

    def explain(self, error: Exception, bucket: str, stage: Stage) -> Refusal | None:
        """Turn what a request raised into a refusal."""
        from google.auth.exceptions import GoogleAuthError, TransportError

        if isinstance(error, GoogleAuthError):
            said = f"no usable credentials for gs://{bucket}: {gist(error)}"
            return Refusal(remote_fault(403, said, stage, CREDENTIALS), passes=isinstance(error, TransportError))
        if isinstance(error, AnsweredError) and error.status == 404 and "bucket does not exist" in error.said:
            return Refusal(remote_fault(404, f"there is no bucket {bucket!r}", stage, "Check its name"))
        return explain_web(error, f"gs://{bucket}", stage, CREDENTIALS)

    def request(
        self,
        method: str,
        path: str,
        options: Mapping[str, str],
        headers: Mapping[str, str] = {},
        body: Joined | None = None,
    ) -> dict[str, Any]:
        """Make a request whose answer is small.

        Parameters
        ----------
        method, path : str
            Of the API; the path without the endpoint, or a whole URL.
        options : mapping of str to str
            Of its query.
        headers : mapping of str to str
            Besides those for credentials.
        body : Joined, optional
            What is sent with it; it is closed.

        Returns
        -------
        dict
            The answer, parsed; with ``location`` and ``range`` where its headers have them.
        """
        limits = settings()
        if body is None:
            return answer_of(self._request(method, path, options, headers, body), limits.limit_s(0))
        headers = {**headers, "Content-Length": str(body.length)}
        request = self._request(method, path, options, headers, body)
        return answer_of(watched(request, body.tell, limits.silence_s), limits.limit_s(body.length))

    async def _open(
        self,
        method: str,
        path: str,
        options: Mapping[str, str],
        headers: Mapping[str, str],
        body: Joined | None = None,
    ) -> Any:
        with configured("gs"):
            session = widen(await self._system._set_session())  # noqa: SLF001 - gcsfs has no public name for it
        return session.request(
            method,
            path if path.startswith("http") else f"{self._system._location}/{path}",  # noqa: SLF001
            params=self._system._get_params(dict(options)),  # noqa: SLF001 - requester pays
            headers=self._system._get_headers({"Accept-Encoding": "identity", **headers}),  # noqa: SLF001
            data=body,
        )

    async def _request(
        self, method: str, path: str, options: Mapping[str, str], headers: Mapping[str, str], body: Joined | None
    ) -> dict[str, Any]:
        async with await self._open(method, path, options, headers, body) as answer:
            if answer.status != 308:  # of an upload in parts: go on
                await refuse_failure(answer)
            text = await answer.read()
            parsed: dict[str, Any] = json.loads(text) if text[:1] == b"{" else {}
            for name in ("Location", "Range"):
                if name in answer.headers:
                    parsed[name.lower()] = answer.headers[name]
            return parsed

    async def _read(self, place: Place, n_bytes: int) -> bytes:
        headers = {"Range": f"bytes=0-{n_bytes - 1}"}
        async with await self._open("GET", "download/" + _object(place), {"alt": "media"}, headers) as answer:
            if answer.status == 416:  # it is empty: no range of it can be had
                return b""
            await refuse_failure(answer)
            head = b""
            while len(head) < n_bytes and (block := await answer.content.read(n_bytes - len(head))):
                head += block
            return head

    async def _receive(self, place: Place, download: Download) -> None:
        options, headers = {"alt": "media"}, {}
        if download.identity is not None and not download.identity.version:
            download.restart()  # nobody can tell whether the rest is of the same version
        if download.identity is not None:
            options["ifGenerationMatch"] = download.identity.version
            headers["Range"] = f"bytes={download.received_bytes}-"
        async with await self._open("GET", "download/" + _object(place), options, headers) as answer:
            await refuse_failure(answer)
            if download.identity is None:
                found = identity_of(answer.headers)
                version = answer.headers.get("X-Goog-Generation", "")
                download.begin(Identity(found.size_bytes, found.mtime_ns, version))
            elif answer.status != 206:
                raise AnsweredError(412)  # the whole of it would follow
            await download.pour(answer.content.iter_chunked(BLOCK_BYTES))


def _object(place: Place) -> str:
    return f"storage/v1/b/{quote(place.bucket, safe='')}/o/{quote(place.key, safe='')}"


def _identity(found: Mapping[str, Any]) -> Identity:
    mtime_s = int(datetime.fromisoformat(found["updated"]).timestamp()) if "updated" in found else 0
    return Identity(int(found.get("size", 0)), mtime_s * 1_000_000_000, str(found.get("generation", "")))


def _related(described: Mapping[str, Any], content: Content) -> tuple[dict[str, str], Joined]:
    """Put what is said of an object and its bytes into one body (RFC 2387)."""
    boundary = secrets.token_hex(16)
    head = (
        f"--{boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{json.dumps(described)}\r\n"
        f"--{boundary}\r\nContent-Type: {content.content_type or 'application/octet-stream'}\r\n\r\n"
    )
    body = Body(content.descriptor, 0, content.size_bytes)
    headers = {"Content-Type": f"multipart/related; boundary={boundary}"}
    return headers, Joined(head.encode(), body, f"\r\n--{boundary}--\r\n".encode())
