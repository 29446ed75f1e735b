"""The pace of a job: how long its files take a slot, learned from those that are done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dmedia.model import FileResult, Task

FILE_OVERHEAD_BYTES = 20_000
"""Opening, verifying and publishing cost about as much as decoding this much JPEG (``benchmarks/throughput.py``)."""

FIRST_GUESS_S_PER_BYTE = 2e-8
"""A 12 MP JPEG of 4 MB takes about 0.08 s; corrected by the first results."""


@dataclass
class Pace:
    """How long files take, learned from results.

    Attributes
    ----------
    s_per_byte : float
        Seconds of a slot for each weighed byte of a source.
    known : bool
        Whether it was learned from results.
    """

    s_per_byte: float = FIRST_GUESS_S_PER_BYTE
    known: bool = False

    def forecast_s(self, task: Task) -> float:
        """Forecast the seconds a task takes a slot."""
        return weigh(task.size_bytes) * self.s_per_byte

    def learn(self, results: Iterable[FileResult]) -> None:
        """Correct the pace by what files really took: half by the newest batch, half by the past."""
        seconds = weight = 0.0
        for result in results:
            seconds += result.seconds
            weight += weigh(result.bytes_in)
        if weight:
            measured = seconds / weight
            self.s_per_byte = (measured + self.s_per_byte) / 2 if self.known else measured
            self.known = True


def weigh(size_bytes: int) -> int:
    """Tell a file's share of the work, in bytes of JPEG; also for one whose size is unknown (-1)."""
    return max(0, size_bytes) + FILE_OVERHEAD_BYTES
