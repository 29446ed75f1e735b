"""What a person is told while a cluster takes its time: queues may be long."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from dmedia.errors import RecordFullError
from dmedia.report.observer import tell

if TYPE_CHECKING:
    from collections.abc import Callable

    from dmedia.record.writer import RecordWriter
    from dmedia.report.observer import Observer

TOLD_AFTER_S = 5.0
"""Seconds of waiting after which it is told: most clusters are there by then."""


class Waiting:
    """Tells what a job waits for, in its status and to its observer, when it waits for long.

    Parameters
    ----------
    text : str or None
        What it waits for; ``None``: that never takes long.
    record : RecordWriter
        Of the job.
    observer : Observer
        Is told once.
    tick : callable
        Is called whenever it is looked whether there is something to tell.
    """

    def __init__(self, text: str | None, record: RecordWriter, observer: Observer, tick: Callable[[], None]) -> None:
        self._text, self._record, self._observer, self._tick = text, record, observer, tick
        self._since_s = time.monotonic()
        self._told = False

    def look(self) -> None:
        """Tell it when it has taken long; to be called now and then."""
        self._tick()
        if self._text and not self._told and time.monotonic() - self._since_s > TOLD_AFTER_S:
            self._told = True
            tell(self._observer.say, self._text)
            with contextlib.suppress(RecordFullError):
                self._record.life.warn(self._text, passing=True)

    def over(self) -> None:
        """Take it back: what was waited for is there."""
        if self._text and self._told:
            with contextlib.suppress(RecordFullError):
                self._record.life.withdraw_warning(self._text)
