"""How patient this process is with stores."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass

from dmedia.errors import UsageError

PREFIX = "DMEDIA_STORE_"
"""Each setting can come from the environment under this prefix, in capitals: ``DMEDIA_STORE_ATTEMPTS=2``. A worker
reads its own environment."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Bounds of what is asked of a store.

    Attributes
    ----------
    attempts : int
        How often a request is made before it counts as failed, from 1. The record's own retries come after that.
    first_wait_s : float
        Wait before the second attempt, in seconds; it doubles with each, up to ``MOST_WAIT_S``, and a share of it is
        chosen by chance.
    connect_timeout_s : float
        Limit for a connection to be made, in seconds. 5 is s3fs's own.
    read_timeout_s : float
        Limit for a server to send something, in seconds. 15 is s3fs's own; slow answers to a large PUT take more.
    least_bytes_per_s : float
        A transfer slower than this as a whole counts as hanging. 20 kB/s is an eighth of a poor telephone's uplink.
    """

    attempts: int = 5
    first_wait_s: float = 0.2
    connect_timeout_s: float = 5.0
    read_timeout_s: float = 30.0
    least_bytes_per_s: float = 20_000.0

    @property
    def silence_s(self) -> float:
        """How long an upload may stand still, in seconds: longer than its client waits for the answer at its end."""
        return self.connect_timeout_s + 2 * self.read_timeout_s

    def limit_s(self, n_bytes: int) -> float:
        """Tell how long a request may take that transfers so many bytes."""
        return self.silence_s + max(n_bytes, 0) / self.least_bytes_per_s


@functools.cache
def settings() -> Settings:
    """Read the settings of this process, once.

    Returns
    -------
    Settings
        The defaults, but for what the environment names.

    Raises
    ------
    UsageError
        When one is no positive number.
    """
    defaults = Settings()
    return Settings(
        attempts=int(_read("attempts", defaults.attempts)),
        first_wait_s=_read("first_wait_s", defaults.first_wait_s),
        connect_timeout_s=_read("connect_timeout_s", defaults.connect_timeout_s),
        read_timeout_s=_read("read_timeout_s", defaults.read_timeout_s),
        least_bytes_per_s=_read("least_bytes_per_s", defaults.least_bytes_per_s),
    )


def _read(name: str, default: float) -> float:
    variable = PREFIX + name.upper()
    text = os.environ.get(variable, "")
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf") or (name == "attempts" and value < 1):
        raise UsageError(f"{variable} is {text!r}, which is no positive number", f"unset it, or use {default:g}")
    return value
