"""The room left on the disk that renditions go to."""

from __future__ import annotations

import contextlib
import os
import time

from dmedia.planning.preflight import reserve_bytes
from dmedia.report.summary import size
from dmedia.words import shown

LOOK_PERIOD_S = 1.0
"""Seconds between two looks at the disk."""

FULL_WAIT_S, LONGEST_FULL_WAIT_S = 1.0, 60.0
"""Seconds after which a disk is tried again that was found full although it says it has room (a quota), doubling."""

SCRATCH = "the workers' directories for temporary files"
"""What is full when a file on its way from or to a store finds no room on its worker."""


class Room:
    """Watches the room left, and tells when there is too little to go on.

    Parameters
    ----------
    directory : bytes
        Where renditions go; exists, or is in a store, where nobody can tell the room left.
    asked_bytes : int or None
        What must stay free; ``None`` for the default.
    """

    def __init__(self, directory: bytes, asked_bytes: int | None) -> None:
        self._directory = directory
        self._place = shown(directory)
        self._reserve_bytes = 0
        with contextlib.suppress(OSError):  # whether it is there is for the files to say
            self._reserve_bytes = reserve_bytes(directory, asked_bytes)
        self._shortage: str | None = None
        self._look_at_s = 0.0
        self._full_wait_s = FULL_WAIT_S

    def found_full(self, place: str | None = None) -> None:
        """Note that a write failed for want of room.

        Parameters
        ----------
        place : str or None
            What could not be written, unless it was a rendition.
        """
        now_s = time.monotonic()
        if self._shortage and now_s < self._look_at_s:
            return  # others that were under way met the same
        self._shortage = self._too_little() or (
            f"Waiting for disk space: writing to {place or self._place} fails for want of it"
        )
        self._look_at_s = now_s + self._full_wait_s
        self._full_wait_s = min(2 * self._full_wait_s, LONGEST_FULL_WAIT_S)

    def written(self) -> None:
        """Note that a rendition was written."""
        self._full_wait_s = FULL_WAIT_S

    def shortage(self) -> str | None:
        """Tell why the job must wait, if it must: the same words until it need not."""
        now_s = time.monotonic()
        if now_s >= self._look_at_s:
            self._look_at_s = now_s + LOOK_PERIOD_S
            found = self._too_little()
            self._shortage = (self._shortage or found) if found else None
        return self._shortage

    def _too_little(self) -> str | None:
        try:
            found = os.statvfs(self._directory)
        except OSError:
            return None
        free_bytes = found.f_bavail * found.f_frsize
        if free_bytes >= self._reserve_bytes:
            return None
        return (
            f"Waiting for disk space: {size(free_bytes)} are free in {shown(self._directory)}, "
            f"{size(self._reserve_bytes)} are kept free (--min-free)"
        )
