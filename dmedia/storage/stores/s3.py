"""S3 and what speaks its language, through s3fs."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, TypeVar

from dmedia.errors import MediaError
from dmedia.storage.faults import remote_fault
from dmedia.storage.stores import s3_faults
from dmedia.storage.stores.attempts import persist
from dmedia.storage.stores.bodies import Body, digest_of, empty, size_of
from dmedia.storage.stores.s3_client import Client, Download
from dmedia.storage.stores.s3_uploads import MOST_SINGLE_BYTES, upload
from dmedia.storage.stores.store import CHECKSUM, MARK, Entry, Identity, Terms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from dmedia.errors import Stage

Answer = TypeVar("Answer")


class S3Store:
    """Buckets of one endpoint, as the environment or fsspec's configuration names it. See `Store`."""

    read_only = False

    def __init__(self, _scheme: str, _host: bytes) -> None:
        self._client = Client()

    def look(self, location: bytes) -> Identity | None:
        """Tell what stands at a location."""
        found = self._described(location)
        return None if found is None else _identity(found, found["ContentLength"])

    def entries(self, directory: bytes, *, recursive: bool) -> Iterator[Entry]:
        """List a prefix, 1000 keys at a time."""
        bucket, key = _parts(directory, "plan")
        prefix = key.rstrip("/") + "/" if key.strip("/") else ""
        options: dict[str, Any] = {"Bucket": bucket, "Prefix": prefix}
        if not recursive:
            options["Delimiter"] = "/"
        while True:
            page = self._persist(lambda: self._client.request("list_objects_v2", **options), bucket, "plan")
            for found in page.get("Contents", ()):
                if not found["Key"].endswith("/"):  # consoles make those for directories
                    yield Entry(b"s3://" + f"{bucket}/{found['Key']}".encode(), _identity(found, found["Size"]))
            if not page.get("IsTruncated"):
                return
            options["ContinuationToken"] = page["NextContinuationToken"]

    def head(self, location: bytes, n_bytes: int) -> bytes:
        """Read the first bytes of an object."""
        bucket, key = _parts(location, "open")

        def read() -> bytes:
            try:
                return self._client.read(n_bytes, Bucket=bucket, Key=key, Range=f"bytes=0-{n_bytes - 1}")
            except Exception as error:
                if s3_faults.is_beyond_end(error):  # it is empty: no range of it can be had
                    return b""
                raise

        return self._persist(read, bucket, "open")

    def fetch(self, location: bytes, descriptor: int, most_bytes: int) -> Identity:
        """Write an object into an open, empty file; a broken connection is taken up where it broke."""
        bucket, key = _parts(location, "open")
        download = Download(descriptor, most_bytes)

        def receive() -> None:
            try:
                self._client.receive(download, Bucket=bucket, Key=key)
            except Exception as error:
                if not s3_faults.is_conflict(error):
                    raise
                download.restart()
                empty(descriptor)
                raise ConnectionError("the object was changed while it was read") from error

        self._persist(receive, bucket, "open")
        assert download.answer is not None
        return _identity(download.answer, download.received_bytes)

    def put(self, descriptor: int, location: bytes, terms: Terms) -> Identity:
        """Publish an open file by one PUT, or by a multipart upload that is completed at its end."""
        bucket, key = _parts(location, "publish")
        size_bytes, digest = size_of(descriptor), digest_of(descriptor)
        options: dict[str, Any] = {
            "Bucket": bucket,
            "Key": key,
            "Metadata": {MARK: terms.mark, CHECKSUM: digest.hex()},
            **({"ContentType": terms.content_type} if terms.content_type else {}),
        }

        def send(condition: dict[str, str]) -> Identity:
            return Identity(size_bytes, 0, self._send(descriptor, size_bytes, digest, options, condition))

        def publish() -> Identity:
            try:
                return send({} if terms.replaces else {"IfNoneMatch": "*"})
            except Exception as error:
                if terms.replaces or not s3_faults.is_settled_already(error):
                    raise
            standing = self._ours(location, terms, digest.hex())
            if isinstance(standing, Identity):
                return standing
            try:
                return send({"IfMatch": standing})  # ours, of other bytes
            except Exception as error:
                if not s3_faults.is_settled_already(error):
                    raise
                raise ConnectionError("another attempt of this job has put something there meanwhile") from error

        return self._persist(publish, bucket, "publish")

    def mark_of(self, location: bytes) -> str | None:
        """Tell which job has put an object."""
        found = self._described(location, "publish")
        return None if found is None else found.get("Metadata", {}).get(MARK)

    def remove(self, location: bytes) -> None:
        """Remove an object."""
        bucket, key = _parts(location, "publish")
        self._persist(lambda: self._client.request("delete_object", Bucket=bucket, Key=key), bucket, "publish")

    def _send(
        self, descriptor: int, size_bytes: int, digest: bytes, options: dict[str, Any], condition: dict[str, str]
    ) -> str:
        if size_bytes > MOST_SINGLE_BYTES:
            return upload(self._client, descriptor, options, condition)
        checksum = base64.b64encode(digest).decode()
        body = Body(descriptor, 0, size_bytes)
        return _version(
            self._client.request("put_object", size_bytes, Body=body, ChecksumSHA256=checksum, **options, **condition)
        )

    def _described(self, location: bytes, stage: Stage = "open") -> Mapping[str, Any] | None:
        bucket, key = _parts(location, stage)

        def describe() -> Mapping[str, Any] | None:
            try:
                return self._client.request("head_object", Bucket=bucket, Key=key)
            except Exception as error:
                if s3_faults.is_gone(error):
                    return None
                raise

        return self._persist(describe, bucket, stage)

    def _ours(self, location: bytes, terms: Terms, checksum: str) -> Identity | str:
        """Tell what an attempt of this job has put at a location: its identity if it has these bytes, or its ETag."""
        found = self._described(location, "publish")
        if found is None:
            raise ConnectionError("what stood there is gone")
        metadata = found.get("Metadata", {})
        if metadata.get(MARK) != terms.mark:
            message = "Output exists: somebody has put it there since the job was planned"
            hint = "Move it away and retry, or use --overwrite in a new job."
            raise MediaError("output_exists", message, "publish", hint)
        if metadata.get(CHECKSUM) == checksum:
            return _identity(found, found["ContentLength"])
        return str(found["ETag"])

    def _persist(self, request: Callable[[], Answer], bucket: str, stage: Stage) -> Answer:
        return persist(request, lambda error: s3_faults.explain(error, bucket, stage))


def _parts(location: bytes, stage: Stage) -> tuple[str, str]:
    try:
        bucket, _, key = location.partition(b"://")[2].decode().partition("/")
    except UnicodeDecodeError:
        raise MediaError(
            "not_found", "Not found: S3 has only names in UTF-8", stage, "Choose names with --name"
        ) from None
    if not bucket:
        raise remote_fault(404, "the location names no bucket", stage, "Write s3://BUCKET/KEY")
    return bucket, key


def _identity(found: Mapping[str, Any], size_bytes: int) -> Identity:
    changed = found.get("LastModified")
    return Identity(size_bytes, int(changed.timestamp()) * 1_000_000_000 if changed else 0, _version(found))


def _version(found: Mapping[str, Any]) -> str:
    return str(found.get("ETag", "")).strip('"')
