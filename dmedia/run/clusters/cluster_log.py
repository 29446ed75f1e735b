"""What a cluster's own classes log while a job uses it: heard, kept short, and told when something is wrong."""

from __future__ import annotations

import logging
import os
from collections import deque

from dmedia.run.launcher import wait_for_dask

TALKERS = ("distributed", "dask_jobqueue", "dask_kubernetes", "dask_gateway", "asyncssh", "asyncio", "tornado", "kr8s")
"""Loggers of what makes clusters."""

KEPT_LINES = 20
"""Of each kind: the last one is told that says something new, and the same may come again for a dozen workers."""

SHOWN_CHARACTERS = 600
"""Of a line, chosen as five rows of a terminal: half from its beginning, where a command is, half from its end, where
what came of it is."""


class ClusterLog(logging.Handler):
    """Hears the loggers of what makes clusters, in place of whoever else would. Only launchers hear so.

    Attributes
    ----------
    failures : collections.deque of str
        What errors said that were logged with an exception.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.failures: deque[str] = deque(maxlen=KEPT_LINES)
        self._lines: deque[str] = deque(maxlen=KEPT_LINES)
        wait_for_dask()
        for name in {*TALKERS, *(known for known in list(logging.root.manager.loggerDict) if _talks(known))}:
            logger = logging.getLogger(name)
            logger.handlers.clear()
            logger.propagate = name not in TALKERS
            logger.setLevel(logging.NOTSET if logger.propagate else logging.WARNING)
            if not logger.propagate:
                logger.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep what was said, and of an exception what it says."""
        error = record.exc_info[1] if record.exc_info else None
        text = " ".join((f"{type(error).__name__}: {error}" if error else record.getMessage()).split())
        self._lines.append(text)
        if error and record.levelno >= logging.ERROR:
            self.failures.append(text)

    def tail(self, besides: str = "") -> str:
        """Tell what was said last, failures above all, to be put behind a sentence.

        Parameters
        ----------
        besides : str
            What is known already.
        """
        lines = [line for line in self.failures or self._lines if not besides or besides not in line]
        return f"; its log ends with: {_short(lines[-1])}" if lines else ""


def quieten_children() -> None:
    """Let workers that are processes of this machine say what matters only, where Dask's configuration says nothing."""
    import dask.config

    if dask.config.get("logging.distributed", None) is None:
        os.environ.setdefault("DASK_LOGGING__DISTRIBUTED", "warning")


def _short(line: str) -> str:
    """Keep both ends of a long line: what it is about, and what it comes to."""
    half = SHOWN_CHARACTERS // 2
    return line if len(line) <= SHOWN_CHARACTERS else f"{line[:half]} ... {line[-half:]}"


def _talks(name: str) -> bool:
    return name.partition(".")[0] in TALKERS
