"""Attempts: a request that failed for a reason that may pass is made again, a bounded number of times."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from dmedia.errors import MediaError
from dmedia.storage.stores.settings import settings

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_WAIT_S = 10.0
"""No wait between two attempts is longer, whatever a server asks for: the record's own retries wait longer."""

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request failed.

    Attributes
    ----------
    error : MediaError
        What is told when it is not tried again.
    passes : bool
        Whether another attempt may succeed.
    wait_s : float
        What the server asked to wait for, in seconds; 0: it did not.
    settled : bool
        Whether a condition did not hold: something else, or nothing, stands there now.
    """

    error: MediaError
    passes: bool = False
    wait_s: float = 0.0
    settled: bool = False


def asked_wait_s(retry_after: str) -> float:
    """Read the header ``Retry-After``: seconds; 0 where there is none or it names a date, which servers hardly do."""
    return float(retry_after) if retry_after.isdecimal() else 0.0


def persist(request: Callable[[], Answer], explain: Callable[[Exception], Refusal | None]) -> Answer:
    """Make a request until it succeeds, fails for good, or was tried often enough.

    Parameters
    ----------
    request : callable
        Makes it once.
    explain : callable
        Turns what it raised into a refusal; ``None`` for what is a bug.

    Returns
    -------
    object
        What the request came to.

    Raises
    ------
    MediaError
        Of the last attempt.
    """
    limits = settings()
    wait_s = limits.first_wait_s
    for attempt in range(1, limits.attempts + 1):
        try:
            return request()
        except MediaError:
            raise
        except Exception as error:
            refusal = explain(error)
            if refusal is None:
                raise
            if not refusal.passes or attempt == limits.attempts:
                raise refusal.error from None
        time.sleep(min(max(wait_s * random.uniform(0.5, 1), refusal.wait_s), MOST_WAIT_S))  # noqa: S311 - no secret
        wait_s *= 2
    raise AssertionError("there is at least one attempt")
