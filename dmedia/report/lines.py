"""Progress as plain lines: for pipes, files and CI logs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TextIO

from dmedia.model import JobState
from dmedia.report.summary import clock, files

if TYPE_CHECKING:
    from dmedia.model import JobReport

PERIOD_S = 10.0
"""Seconds between two lines."""


class Lines:
    """Writes a line now and then.

    Parameters
    ----------
    stream : text stream
        Where to.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._written_s = time.monotonic()
        self._warned: set[str] = set()
        self._paused = False

    def found(self, total: int) -> None:
        """Say how many sources there are so far."""
        self._now_and_then(f"planning: {files(total)} found")

    def planned(self, report: JobReport) -> None:
        """Say what is going to be done."""
        self._write(f"{report.id}: {files(report.total)}, {report.pending:,} to do")

    def progress(self, report: JobReport) -> None:
        """Say how far the job is."""
        rate = f", {report.files_per_s:.1f} files/s" if report.files_per_s else ""
        left = f", {clock(report.eta_s)} left" if report.eta_s is not None else ""
        if (report.state is JobState.PAUSED) != self._paused:
            self._paused = not self._paused
            self._write("paused" if self._paused else "going on")
        for warning in report.warnings:
            if warning not in self._warned:
                self._warned.add(warning)
                self._write(f"warning: {warning}")
        self._now_and_then(
            f"{report.progress} %: {report.done:,} of {files(report.total)}, {report.failed:,} failed{rate}{left}"
        )

    def say(self, words: str) -> None:
        """Say what the record does not tell."""
        self._write(words)

    def close(self) -> None:
        """Say nothing."""

    def _now_and_then(self, line: str) -> None:
        if time.monotonic() - self._written_s >= PERIOD_S:
            self._write(line)

    def _write(self, line: str) -> None:
        self._written_s = time.monotonic()
        print(line, file=self._stream, flush=True)
