"""S3 and what speaks its language, through the client that s3fs sets up: its credentials, endpoint and options."""

from __future__ import annotations

import base64
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from dmedia.storage.stores import s3_faults
from dmedia.storage.stores.bodies import BLOCK_BYTES, Body
from dmedia.storage.stores.calls import answer_of, at_exit, watched
from dmedia.storage.stores.configuration import configured
from dmedia.storage.stores.connections import MOST_CONNECTIONS
from dmedia.storage.stores.objects import ObjectStore
from dmedia.storage.stores.s3_uploads import MOST_SINGLE_BYTES, upload
from dmedia.storage.stores.service import Condition, Content, Found, Page, Place
from dmedia.storage.stores.settings import settings
from dmedia.storage.stores.store import Identity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dmedia.errors import Stage
    from dmedia.storage.stores.attempts import Refusal
    from dmedia.storage.stores.downloads import Download


def store(_scheme: str, _host: bytes) -> ObjectStore:
    """Make the store of all buckets of one endpoint, as the environment or fsspec's configuration names it."""
    return ObjectStore(S3())


class S3:
    """Requests to S3. See `Service`."""

    def __init__(self) -> None:
        import fsspec.config
        from s3fs import S3FileSystem

        limits = settings()
        given = fsspec.config.conf.get("s3", {}).get("config_kwargs", {})
        patience = {
            "connect_timeout": limits.connect_timeout_s,
            "read_timeout": limits.read_timeout_s,
            "max_pool_connections": MOST_CONNECTIONS,
            "retries": {"total_max_attempts": 1},  # attempts are counted above: one on top of the other would multiply
        }
        self._system = S3FileSystem(
            asynchronous=True,  # its own loop is not asked for; closed below instead of by a finalizer that hangs
            skip_instance_cache=True,
            use_listings_cache=False,
            config_kwargs={**patience, **given},
        )
        self._has_conditions = True  # until the store says that it has none
        at_exit(self._close)

    def describe(self, place: Place) -> Found:
        """Ask what stands there."""
        answer = self.request("head_object", Bucket=place.bucket, Key=place.key)
        return Found(_identity(answer, answer["ContentLength"]), answer.get("Metadata", {}))

    def page(self, place: Place, following: str, *, recursive: bool) -> Page:
        """Ask for up to 1000 keys."""
        options: dict[str, Any] = {"Bucket": place.bucket, "Prefix": place.key}
        if not recursive:
            options["Delimiter"] = "/"
        if following:
            options["ContinuationToken"] = following
        answer = self.request("list_objects_v2", **options)
        found = [(each["Key"], _identity(each, each["Size"])) for each in answer.get("Contents", ())]
        return Page(found, answer["NextContinuationToken"] if answer.get("IsTruncated") else "")

    def read(self, place: Place, n_bytes: int) -> bytes:
        """Read the first bytes."""
        try:
            return answer_of(self._read(place, n_bytes), settings().limit_s(n_bytes))
        except Exception as error:
            if s3_faults.is_beyond_end(error):  # it is empty: no range of it can be had
                return b""
            raise

    def receive(self, place: Place, download: Download) -> None:
        """Go on with a download."""
        answer_of(self._receive(place, download), settings().limit_s(download.most_bytes))

    def send(self, place: Place, content: Content, condition: Condition) -> str:
        """Publish by one PUT, or by an upload in parts that is completed at its end."""
        conditions: dict[str, Any] = {"IfNoneMatch": "*"} if condition.is_free else {}
        if condition.version:
            conditions["IfMatch"] = f'"{condition.version}"'
        if not conditions:
            return self._send(place, content, conditions)
        if self._has_conditions:
            if condition.is_free and content.size_bytes > MOST_SINGLE_BYTES:
                self._refuse_other(place, condition)  # the condition itself is looked at when all parts were sent
            try:
                return self._send(place, content, conditions)
            except Exception as error:
                if not s3_faults.is_not_implemented(error):
                    raise
        self._refuse_other(place, condition)  # somebody may come in between
        version = self._send(place, content, {})
        self._has_conditions = False
        return version

    def delete(self, place: Place) -> None:
        """Remove an object."""
        self.request("delete_object", Bucket=place.bucket, Key=place.key)

    def explain(self, error: Exception, bucket: str, stage: Stage) -> Refusal | None:
        """Turn what a request raised into a refusal."""
        return s3_faults.explain(error, bucket, stage)

    def request(self, method: str, **arguments: Any) -> Mapping[str, Any]:
        """Make a request whose answer is small.

        Parameters
        ----------
        method : str
            Of the client, such as ``head_object``.
        arguments
            Its own; a ``Body`` is one of ours.

        Returns
        -------
        mapping
            The answer, parsed.
        """
        limits, body, call = settings(), arguments.get("Body"), self._call(method, arguments)
        answer: Mapping[str, Any]
        if isinstance(body, Body):
            answer = answer_of(watched(call, body.tell, limits.silence_s), limits.limit_s(body.length))
        else:
            answer = answer_of(call, limits.limit_s(0))
        return answer

    def _send(self, place: Place, content: Content, conditions: Mapping[str, Any]) -> str:
        options: dict[str, Any] = {"Bucket": place.bucket, "Key": place.key, "Metadata": content.metadata}
        if content.content_type:
            options["ContentType"] = content.content_type
        if content.size_bytes > MOST_SINGLE_BYTES:
            return _version(upload(self.request, content.descriptor, options, conditions))
        body = Body(content.descriptor, 0, content.size_bytes)
        options["ChecksumSHA256"] = base64.b64encode(content.sha256).decode()
        return _version(self.request("put_object", Body=body, **options, **conditions))

    def _refuse_other(self, place: Place, condition: Condition) -> None:
        standing = ""
        try:
            standing = self.describe(place).identity.version
        except Exception as error:
            if not s3_faults.is_gone(error):
                raise
        if standing != condition.version:
            raise s3_faults.ConditionError

    async def _call(self, method: str, arguments: dict[str, Any]) -> Any:
        with configured("s3"):
            if self._system.session is None:
                await self._system.set_session()
                _quicken(self._system.session)
            await self._system.set_session()
        client = await self._system.get_s3(arguments["Bucket"])
        function = getattr(client, method)
        if client.meta.config.request_checksum_calculation == "when_required":  # for stores that know no checksums
            arguments.pop("ChecksumSHA256", None)
        options = self._system._get_s3_method_kwargs(function, **arguments)  # noqa: SLF001 - encryption, requester pays
        return await function(**options)

    async def _read(self, place: Place, n_bytes: int) -> bytes:
        arguments = {"Bucket": place.bucket, "Key": place.key, "Range": f"bytes=0-{n_bytes - 1}"}
        answer = await self._call("get_object", arguments)
        async with answer["Body"] as body:
            head: bytes = await body.read(n_bytes)
            return head

    async def _receive(self, place: Place, download: Download) -> None:
        arguments = {"Bucket": place.bucket, "Key": place.key}
        if download.identity is not None:
            arguments["Range"] = f"bytes={download.received_bytes}-"
            arguments["IfMatch"] = f'"{download.identity.version}"'
        answer = await self._call("get_object", arguments)
        async with answer["Body"] as body:
            if download.identity is None:
                download.begin(_identity(answer, answer["ContentLength"]))
            await download.pour(body.iter_chunks(BLOCK_BYTES))

    async def _close(self) -> None:
        creator = getattr(self._system, "_s3creator", None)
        if creator is not None:
            await creator.__aexit__(None, None, None)


def _quicken(session: Any) -> None:
    """Let listings be read fast: times in them took four fifths of that, and a million of them 80 s."""
    from botocore.utils import parse_timestamp

    def parse(value: Any) -> datetime:
        try:
            found = datetime.fromisoformat(value)
            return found if found.tzinfo else found.replace(tzinfo=UTC)
        except (TypeError, ValueError):  # headers write it otherwise
            return cast("datetime", parse_timestamp(value))

    with suppress(Exception):  # all is well without it
        session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=parse)


def _identity(found: Mapping[str, Any], size_bytes: int) -> Identity:
    changed = found.get("LastModified")
    return Identity(size_bytes, int(changed.timestamp()) * 1_000_000_000 if changed else 0, _version(found))


def _version(found: Mapping[str, Any]) -> str:
    return str(found.get("ETag", "")).strip('"')
