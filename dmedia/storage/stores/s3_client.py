"""Requests to S3 through the client that s3fs has set up, with its credentials, endpoint and options."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dmedia.storage.stores.bodies import BLOCK_BYTES, refuse_too_large, write
from dmedia.storage.stores.calls import answer_of
from dmedia.storage.stores.settings import settings

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_CONNECTIONS = 64
"""Connections of a process: those of a worker with a few dozen threads that read and write at once."""


@dataclass(slots=True)
class Download:
    """What was received of an object so far.

    Attributes
    ----------
    descriptor : int
        The file it goes into.
    most_bytes : int
        Its limit.
    answer : mapping
        The first answer: size, ETag and time of the version that is read.
    received_bytes : int
        How much of it is in the file.
    """

    descriptor: int
    most_bytes: int
    answer: Mapping[str, Any] | None = None
    received_bytes: int = 0

    def restart(self) -> None:
        """Begin anew: another version stands there now."""
        self.answer, self.received_bytes = None, 0


class Client:
    """Requests to S3, made once each: attempts are counted elsewhere."""

    def __init__(self) -> None:
        import fsspec.config
        from s3fs import S3FileSystem

        limits = settings()
        given = fsspec.config.conf.get("s3", {}).get("config_kwargs", {})
        patience = {
            "connect_timeout": limits.connect_timeout_s,
            "read_timeout": limits.read_timeout_s,
            "max_pool_connections": MOST_CONNECTIONS,
            "retries": {"total_max_attempts": 1},  # attempts are counted here: one on top of the other would multiply
        }
        self._system = S3FileSystem(
            skip_instance_cache=True, use_listings_cache=False, config_kwargs={**patience, **given}
        )

    def request(self, method: str, n_bytes: int = 0, **arguments: object) -> Mapping[str, Any]:
        """Make a request whose answer is small.

        Parameters
        ----------
        method : str
            Of the client, such as ``head_object``.
        n_bytes : int
            How much is sent with it.
        arguments
            Its own.

        Returns
        -------
        mapping
            The answer, parsed.
        """
        return answer_of(self._call(method, arguments), settings().limit_s(n_bytes))

    def read(self, n_bytes: int, **arguments: object) -> bytes:
        """Read at most so many bytes of an object's beginning."""
        return answer_of(self._read(n_bytes, arguments), settings().limit_s(n_bytes))

    def receive(self, download: Download, **arguments: object) -> None:
        """Go on with a download, from where it stopped, of the same version.

        Raises
        ------
        MediaError
            ``too_large``, and what writing says.
        EOFError
            When fewer bytes came than were announced.
        """
        answer_of(self._receive(download, arguments), settings().limit_s(download.most_bytes))

    async def _call(self, method: str, arguments: dict[str, Any]) -> Any:
        await self._system.set_session()
        client = await self._system.get_s3(arguments["Bucket"])
        function = getattr(client, method)
        options = self._system._get_s3_method_kwargs(function, **arguments)  # noqa: SLF001 - encryption, requester pays
        return await function(**options)

    async def _read(self, n_bytes: int, arguments: dict[str, Any]) -> bytes:
        answer = await self._call("get_object", arguments)
        async with answer["Body"] as body:
            head: bytes = await body.read(n_bytes)
            return head

    async def _receive(self, download: Download, arguments: dict[str, Any]) -> None:
        if download.answer is not None:
            start = download.received_bytes
            arguments |= {"Range": f"bytes={start}-", "IfMatch": download.answer["ETag"]}
        answer = await self._call("get_object", arguments)
        async with answer["Body"] as body:
            if download.answer is None:
                refuse_too_large(answer["ContentLength"], download.most_bytes)
                download.answer = answer
            async for block in body.iter_chunks(BLOCK_BYTES):
                refuse_too_large(download.received_bytes + len(block), download.most_bytes)
                await asyncio.to_thread(write, download.descriptor, block, download.received_bytes)
                download.received_bytes += len(block)
        whole = download.answer["ContentLength"]
        if download.received_bytes != whole:
            raise EOFError(f"{download.received_bytes:,} of {whole:,} bytes came")
