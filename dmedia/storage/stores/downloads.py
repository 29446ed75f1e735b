"""Downloads: blocks that arrive, poured into an open file."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dmedia.storage.stores.bodies import empty, refuse_too_large, write
from dmedia.storage.stores.settings import settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from dmedia.storage.stores.store import Identity


def want() -> None:
    """Let a download go on to its end."""


@dataclass(slots=True)
class Download:
    """What was received of an object so far.

    Attributes
    ----------
    descriptor : int
        The file it goes into.
    most_bytes : int
        Its limit.
    refuse_unwanted : callable
        Raises when nobody waits for the file any more; asked before each block.
    identity : Identity or None
        Of the version that is read, once an answer has begun.
    received_bytes : int
        How much of it is in the file.
    """

    descriptor: int
    most_bytes: int
    refuse_unwanted: Callable[[], object] = want
    identity: Identity | None = None
    received_bytes: int = 0

    def begin(self, identity: Identity) -> None:
        """Take what an answer says of the version that follows.

        Raises
        ------
        MediaError
            ``too_large``.
        """
        refuse_too_large(identity.size_bytes, self.most_bytes)
        self.identity = identity

    def restart(self) -> None:
        """Begin anew: another version stands there now."""
        if self.received_bytes:
            empty(self.descriptor)
        self.identity, self.received_bytes = None, 0

    async def pour(self, blocks: AsyncIterator[bytes]) -> None:
        """Write the rest of the version that is read.

        Raises
        ------
        MediaError
            ``too_large``, and what writing says.
        EOFError
            When fewer bytes came than were announced, or more.
        TimeoutError
            When they come too slowly.
        Exception
            What ``refuse_unwanted`` raises.
        """
        assert self.identity is not None
        whole = self.identity.size_bytes
        expected = (self.most_bytes if whole < 0 else whole) - self.received_bytes
        async with asyncio.timeout(settings().limit_s(expected)):
            async for block in blocks:
                self.refuse_unwanted()
                refuse_too_large(self.received_bytes + len(block), self.most_bytes)
                await self._write(block)
                self.received_bytes += len(block)
        if whole < 0:
            self.identity = replace(self.identity, size_bytes=self.received_bytes)
        elif self.received_bytes != whole:
            raise EOFError(f"{self.received_bytes:,} of {whole:,} bytes came")

    async def _write(self, block: bytes) -> None:
        """Write a block in a thread, and end no sooner than it, for the file may be closed then."""
        writing = asyncio.ensure_future(asyncio.to_thread(write, self.descriptor, block, self.received_bytes))
        is_cancelled = False
        while not writing.done():
            try:
                await asyncio.wait({writing})
            except asyncio.CancelledError:  # there may be several: of the transfer's limit, and of its caller's
                is_cancelled = True
        if is_cancelled:
            raise asyncio.CancelledError
        writing.result()
