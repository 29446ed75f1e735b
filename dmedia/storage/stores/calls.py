"""Calls from any thread to the event loop on which fsspec's clients live."""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

Answer = TypeVar("Answer")

STUCK_S = 5.0
"""Seconds beyond its limit after which a call is given up here: the loop keeps limits itself, unless it is stuck."""

CLOSE_S = 1.0
"""Seconds that a process which ends waits for connections to be closed: a moment suffices where the network is up."""

CANCEL_S = 10.0
"""Seconds to wait for what was cancelled: a write to a disk that is under way is not broken off."""


def answer_of(coroutine: Coroutine[Any, Any, Answer], limit_s: float) -> Answer:
    """Run a coroutine on fsspec's loop, a daemon thread of its own, and wait for what it comes to.

    Parameters
    ----------
    coroutine : coroutine
        It is cancelled when it takes too long, and when the caller is interrupted.
    limit_s : float
        Seconds.

    Returns
    -------
    object
        What it returned.

    Raises
    ------
    TimeoutError
        When it took too long.
    """
    from fsspec.asyn import get_loop

    ended = threading.Event()

    async def run() -> Answer:
        try:
            return await asyncio.wait_for(coroutine, limit_s)
        finally:
            ended.set()

    future = asyncio.run_coroutine_threadsafe(run(), get_loop())
    try:
        return future.result(limit_s + STUCK_S)
    except concurrent.futures.TimeoutError as error:
        if str(error):  # a client's own, which says what took too long
            raise
        raise TimeoutError(f"no answer within {limit_s:.0f} s") from error
    finally:
        if not ended.is_set():  # the caller is going to close files that it may still use
            future.cancel()
            ended.wait(CANCEL_S)


async def watched(coroutine: Coroutine[Any, Any, Answer], progress: Callable[[], int], silence_s: float) -> Answer:
    """Give an upload up when it stands still: clients watch how long a server sends nothing, not that it takes nothing.

    Parameters
    ----------
    coroutine : coroutine
        The upload.
    progress : callable
        Tells how many bytes of it were taken.
    silence_s : float
        Seconds in which some must be.

    Returns
    -------
    object
        What it returned.

    Raises
    ------
    TimeoutError
        When it stood still.
    """
    upload = asyncio.ensure_future(coroutine)
    taken_bytes = -1
    try:
        while taken_bytes != (taken_bytes := progress()):
            await asyncio.wait({upload}, timeout=silence_s)
            if upload.done():
                return upload.result()
        raise TimeoutError(f"nothing was taken for {silence_s:.0f} s")
    finally:
        upload.cancel()


def at_exit(close: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Close connections when this process ends: not one that was forked from it, which has not their loop.

    Parameters
    ----------
    close : callable
        Closes them, within ``CLOSE_S``.
    """
    owner = os.getpid()

    def end() -> None:
        if os.getpid() == owner:
            with suppress(Exception):  # they end with the process in any case
                answer_of(close(), CLOSE_S)

    atexit.register(end)
