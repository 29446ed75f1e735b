"""Calls into a cluster that may never answer: waited for, but not for ever."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

TICK_S = 0.2
"""Seconds between two ticks while an answer is waited for: a launcher shows that it lives, and heeds requests."""


class Call:
    """A call that runs in a thread of its own, because a frozen scheduler or worker keeps it waiting without end.

    Parameters
    ----------
    function : callable
        What is called, without arguments.

    Attributes
    ----------
    answer : object
        What it returned; ``None`` before, and after an error.
    error : Exception or None
        What it raised.
    """

    def __init__(self, function: Callable[[], Any]) -> None:
        self.answer: Any = None
        self.error: Exception | None = None
        self._answered = threading.Event()
        self._function = function
        threading.Thread(target=self._run, name="dmedia-call", daemon=True).start()

    def wait(self, limit_s: float) -> bool:
        """Wait for the end of the call.

        Parameters
        ----------
        limit_s : float
            Seconds to wait at most; 0 only asks.

        Returns
        -------
        bool
            Whether it has ended, with an answer or with an error.
        """
        return self._answered.wait(limit_s)

    def _run(self) -> None:
        try:
            self.answer = self._function()
        except Exception as error:  # noqa: BLE001 - a cluster that is gone ends calls in many ways
            self.error = error
        finally:
            self._answered.set()


def patiently(function: Callable[[], Any], tick: Callable[[], None], limit_s: float) -> Any:
    """Make a call into a cluster, and tick while it is waited for.

    Parameters
    ----------
    function : callable
        What is called, without arguments.
    tick : callable
        Is called every `TICK_S`; what it raises ends the wait.
    limit_s : float
        Seconds to wait at most.

    Returns
    -------
    object
        What the function returned.

    Raises
    ------
    TimeoutError
        When there is no answer within the limit.
    Exception
        What the function raised.
    """
    call = Call(function)
    until_s = time.monotonic() + limit_s
    while not call.wait(TICK_S):
        tick()
        if time.monotonic() > until_s:
            raise TimeoutError(f"no answer within {limit_s:g} s")
    if call.error:
        raise call.error
    return call.answer


def outwait(call: Call, tick: Callable[[], None], limit_s: float) -> bool:
    """Wait for the end of a call whatever is asked meanwhile: it is an end that is waited for.

    Parameters
    ----------
    call : Call
        Under way.
    tick : callable
        Is called every `TICK_S`; what it raises changes nothing.
    limit_s : float
        Seconds to wait at most.

    Returns
    -------
    bool
        Whether it has ended.
    """
    until_s = time.monotonic() + limit_s
    while not call.wait(TICK_S):
        with contextlib.suppress(Exception):
            tick()
        if time.monotonic() > until_s:
            return False
    return True
