"""Azure Blob Storage, by Azure's own client, with the account and credentials that adlfs finds."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from dmedia.errors import UsageError
from dmedia.storage.stores.azure_faults import CREDENTIALS, explain
from dmedia.storage.stores.bodies import Body
from dmedia.storage.stores.calls import answer_of, watched
from dmedia.storage.stores.connections import widen
from dmedia.storage.stores.objects import ObjectStore
from dmedia.storage.stores.service import Condition, Content, Found, Page, Place
from dmedia.storage.stores.settings import settings
from dmedia.storage.stores.store import Identity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dmedia.errors import Stage
    from dmedia.storage.stores.attempts import Refusal
    from dmedia.storage.stores.downloads import Download

BLOCK_BYTES = 2 << 20
"""What is sent in one request; larger blobs are sent in blocks. Azure's client holds three times as much in
memory for each upload, and a worker has dozens of them at once."""

PAGE = 1000
"""Blobs of a page of a listing; the service's most is 5000."""


def store(_scheme: str, host: bytes) -> ObjectStore:
    """Make the store of a container: ``container``, or ``container@account.blob.core.windows.net``.

    Raises
    ------
    UsageError
        When nothing names the account.
    """
    return ObjectStore(Azure(host.decode("ascii", "replace").partition("@")[2].partition(".")[0]))


class Azure:
    """Requests to an account of Azure Blob Storage. See `Service`.

    Parameters
    ----------
    account : str
        Its name; empty: what the environment or fsspec's configuration says.
    """

    def __init__(self, account: str) -> None:
        from adlfs import AzureBlobFileSystem

        try:
            self._system = AzureBlobFileSystem(
                **({"account_name": account} if account else {}), skip_instance_cache=True, use_listings_cache=False
            )
        except ValueError as error:
            raise UsageError("az:// leads to no account", CREDENTIALS) from error
        with suppress(AttributeError):  # adlfs has no option for them
            self._system.service_client._config.max_single_put_size = BLOCK_BYTES  # noqa: SLF001
            self._system.service_client._config.max_block_size = BLOCK_BYTES  # noqa: SLF001
        limits = settings()
        transport = self._system.service_client._pipeline._transport  # noqa: SLF001 - nor for this
        answer_of(transport.open(), limits.connect_timeout_s)
        widen(transport.session)
        self._options = {
            "connection_timeout": limits.connect_timeout_s,
            "read_timeout": limits.read_timeout_s,
            "retry_total": 0,  # attempts are counted above: one on top of the other would multiply
        }

    def describe(self, place: Place) -> Found:
        """Ask what stands there."""
        found = self._answer(self._blob(place).get_blob_properties(**self._options))
        metadata = found.metadata or {}
        return Found(_identity(found), {name.replace("_", "-"): value for name, value in metadata.items()})

    def page(self, place: Place, following: str, *, recursive: bool) -> Page:
        """Ask for a page of names."""
        return answer_of(self._page(place, following, recursive=recursive), settings().limit_s(0))

    def read(self, place: Place, n_bytes: int) -> bytes:
        """Read the first bytes."""
        from azure.core.exceptions import HttpResponseError

        async def read() -> bytes:
            try:
                stream = await self._blob(place).download_blob(offset=0, length=n_bytes, **self._options)
            except HttpResponseError as error:
                if error.status_code == 416:  # it is empty: no range of it can be had
                    return b""
                raise
            head: bytes = await stream.readall()
            return head

        return answer_of(read(), settings().limit_s(n_bytes))

    def receive(self, place: Place, download: Download) -> None:
        """Go on with a download."""
        answer_of(self._receive(place, download), settings().limit_s(download.most_bytes))

    def send(self, place: Place, content: Content, condition: Condition) -> str:
        """Publish by one request, or by blocks that are committed at the end."""
        from azure.core import MatchConditions
        from azure.storage.blob import ContentSettings

        options: dict[str, Any] = {"overwrite": not condition.is_free}
        if condition.version:
            options |= {"etag": f'"{condition.version}"', "match_condition": MatchConditions.IfNotModified}
        if content.content_type:
            options["content_settings"] = ContentSettings(content_type=content.content_type)
        body = Body(content.descriptor, 0, content.size_bytes)
        request = self._blob(place).upload_blob(
            body,
            length=content.size_bytes,
            metadata={name.replace("-", "_"): value for name, value in content.metadata.items()},  # else refused
            **options,
            **self._options,
        )
        silence_s = settings().limit_s(BLOCK_BYTES)  # it is read block by block
        return _version(self._answer(watched(request, body.tell, silence_s), content.size_bytes))

    def delete(self, place: Place) -> None:
        """Remove a blob."""
        self._answer(self._blob(place).delete_blob(delete_snapshots="include", **self._options))

    def explain(self, error: Exception, bucket: str, stage: Stage) -> Refusal | None:
        """Turn what a request raised into a refusal."""
        return explain(error, bucket, stage)

    def _blob(self, place: Place) -> Any:
        return self._system.service_client.get_blob_client(place.bucket, place.key)

    def _answer(self, request: Any, n_bytes: int = 0) -> Any:
        return answer_of(request, settings().limit_s(n_bytes))

    async def _page(self, place: Place, following: str, *, recursive: bool) -> Page:
        container = self._system.service_client.get_container_client(place.bucket)
        options = {"name_starts_with": place.key or None, "results_per_page": PAGE, **self._options}
        listing = container.list_blobs(**options) if recursive else container.walk_blobs(delimiter="/", **options)
        pages = listing.by_page(following or None)
        async for page in pages:
            found = [(each.name, _identity(each)) async for each in page if hasattr(each, "etag")]  # no prefixes
            return Page(found, pages.continuation_token or "")
        return Page((), "")

    async def _receive(self, place: Place, download: Download) -> None:
        from azure.core import MatchConditions

        options: dict[str, Any] = dict(self._options)
        if download.identity is not None:
            if download.received_bytes == download.identity.size_bytes:
                return
            options |= {"offset": download.received_bytes, "etag": f'"{download.identity.version}"'}
            options["match_condition"] = MatchConditions.IfNotModified
        stream = await self._blob(place).download_blob(**options)
        if download.identity is None:
            download.begin(_identity(stream.properties))
        await download.pour(stream.chunks())  # each request of it asks for the version of the first


def _identity(found: Any) -> Identity:
    changed = found.last_modified
    return Identity(int(found.size), int(changed.timestamp()) * 1_000_000_000 if changed else 0, _version(found))


def _version(found: Mapping[str, Any]) -> str:
    return str(found["etag"] or "").strip('"')
