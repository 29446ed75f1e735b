"""What a person is told while a cluster takes its time: queues may be long."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from dmedia.errors import RecordFullError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dmedia.record.writer import RecordWriter

TOLD_AFTER_S = 5.0
"""Seconds of waiting after which it is told: most clusters are there by then."""


class Waiting:
    """Tells what a job waits for, as a warning of its status, when it waits for long.

    Parameters
    ----------
    text : str or None
        What it waits for; ``None``: that never takes long.
    record : RecordWriter
        Of the job.
    tick : callable
        Is called whenever it is looked whether there is something to tell.
    """

    def __init__(self, text: str | None, record: RecordWriter, tick: Callable[[], None]) -> None:
        self._text, self._record, self._tick = text, record, tick
        self._since_s = time.monotonic()
        self._told = False

    def look(self) -> None:
        """Tell it when it has taken long; to be called now and then."""
        try:
            self._tick()
        except BaseException:  # asked to end: nobody waits any longer
            self.over()
            raise
        if self._text and not self._told and time.monotonic() - self._since_s > TOLD_AFTER_S:
            self._told = True
            with contextlib.suppress(RecordFullError):
                self._record.life.warn(self._text, passing=True)

    def over(self) -> None:
        """Take it back, and tell nothing any more: what was waited for is there, or nobody waits."""
        text, self._text = self._text, None
        if text and self._told:
            with contextlib.suppress(RecordFullError):
                self._record.life.withdraw_warning(text)
