"""The brake: what keeps a job from beginning further files, for a while or for good."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from dmedia.errors import RecordFullError
from dmedia.run.room import Room

if TYPE_CHECKING:
    from dmedia.record.writer import RecordWriter
    from dmedia.run.stop import Stop

REQUEST_PERIOD_S = 0.5
"""Seconds between two looks into the record for requests of other processes."""

DRAIN_S = 10.0
"""Seconds that running files get to end by themselves after a signal."""

KILL_S = 2.0
"""Seconds after which a job ends although workers have not given back its files: they may be frozen, or gone."""


class EndedError(Exception):
    """The job was asked to end while the launcher waited for a cluster."""


class Brake:
    """Tells what a job may do: begin files, wait, let running files end, or end at once.

    Parameters
    ----------
    stop : Stop
        What signal handlers set.
    record : RecordWriter
        Where other processes leave requests, and what keeps the words for why the job waits.

    Attributes
    ----------
    room : Room
        The disk that renditions go to.
    cancelled : bool
        Whether another process has asked for the job's end.
    gave_up : bool
        Whether too many files have failed.
    """

    def __init__(self, stop: Stop, record: RecordWriter) -> None:
        self.room = Room(record.spec.output_directory, record.spec.persistence.min_free_bytes)
        self.cancelled = False
        self.gave_up = False
        self._stop, self._record = stop, record
        self._looked_s = 0.0
        self._pause_asked = False
        self._shortage: str | None = None
        self._told_shortage: str | None = None
        self._paused = self._told_paused = False
        self._drained_s: float | None = None
        self._killed_s: float | None = None

    def look(self) -> None:
        """Look whether anything asks the job to wait or to end."""
        now_s = time.monotonic()
        if now_s - self._looked_s > REQUEST_PERIOD_S:
            self._looked_s = now_s
            requests = self._record.requests()
            self.cancelled = self.cancelled or "cancel" in requests
            self._pause_asked = "pause" in requests
        if (self.stopped or self.gave_up) and self._drained_s is None:
            self._drained_s = now_s
        late = self._drained_s is not None and now_s - self._drained_s > DRAIN_S
        if (self.cancelled or self._stop.at_once or late) and self._killed_s is None:
            self._killed_s = now_s
        self._wait_for(None if self.ending else self.room.shortage())

    @property
    def waits(self) -> bool:
        """Whether the job is paused."""
        return self._paused

    @property
    def holds(self) -> bool:
        """Whether no file shall begin now."""
        return self._paused or self.ending

    @property
    def stopped(self) -> bool:
        """Whether a signal has asked the launcher to end."""
        return self._stop.signal is not None

    @property
    def untold(self) -> str | None:
        """Why the job waits, if the record could not be told."""
        return self._shortage if self._shortage != self._told_shortage else None

    @property
    def ending(self) -> bool:
        """Whether nothing further shall begin, for good."""
        return self._killed_s is not None or self._drained_s is not None

    @property
    def kills(self) -> bool:
        """Whether running files are given up."""
        return self._killed_s is not None

    @property
    def expired(self) -> bool:
        """Whether the job ends now, whatever workers still hold."""
        return self._killed_s is not None and time.monotonic() - self._killed_s > KILL_S

    def close(self) -> None:
        """Take back what was said of waiting."""
        with contextlib.suppress(RecordFullError):
            self._tell(None)

    def _wait_for(self, shortage: str | None) -> None:
        self._shortage = shortage
        self._paused = not self.ending and (self._pause_asked or shortage is not None)
        with contextlib.suppress(RecordFullError):  # told at the next look, when there is room
            self._tell(shortage)
            if self._paused != self._told_paused:
                if self._paused:
                    self._record.life.pause()
                else:
                    self._record.life.go_on()
                self._told_paused = self._paused

    def _tell(self, shortage: str | None) -> None:
        if shortage == self._told_shortage:
            return
        if self._told_shortage:
            self._record.life.withdraw_warning(self._told_shortage)
        self._told_shortage = None
        if shortage:
            self._record.life.warn(shortage, passing=True)
        self._told_shortage = shortage
