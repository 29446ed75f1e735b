"""Rates of the last seconds, from what was counted since the launcher started."""

from __future__ import annotations

import time
from collections import Counter, deque
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dmedia.model import FileResult, JobReport
    from dmedia.run.dashboard.shapes import RatesTold

RATE_S = 15.0
"""Seconds that a rate is taken over: long enough for slow files, short enough to show what happens now."""

WORKER_OF = attrgetter("worker")


@dataclass(frozen=True, slots=True)
class Look:
    """What was counted at a moment of the monotonic clock."""

    at_s: float
    done: int
    bytes_in: int
    bytes_out: int
    by_worker: dict[str, int]


class Rates:
    """Compares looks at a job."""

    def __init__(self) -> None:
        self._by_worker: Counter[str] = Counter()
        self._looks: deque[Look] = deque()

    def count(self, results: Sequence[FileResult]) -> None:
        """Count files that have ended."""
        self._by_worker.update(map(WORKER_OF, results))

    def look(self, report: JobReport) -> None:
        """Look at the job; looks of long ago are forgotten."""
        now_s = time.monotonic()
        done = report.completed + report.failed
        self._looks.append(Look(now_s, done, report.bytes_in, report.bytes_out, dict(self._by_worker)))
        while len(self._looks) > 2 and self._looks[1].at_s <= now_s - RATE_S:
            self._looks.popleft()

    def of_job(self) -> RatesTold:
        """Tell the job's rates."""
        first, last = self._looks[0], self._looks[-1]
        if last.at_s <= first.at_s:
            return {"files_per_s": None, "bytes_in_per_s": None, "bytes_out_per_s": None}
        seconds = last.at_s - first.at_s
        return {
            "files_per_s": round(max(0, last.done - first.done) / seconds, 3),
            "bytes_in_per_s": round(max(0, last.bytes_in - first.bytes_in) / seconds, 1),
            "bytes_out_per_s": round(max(0, last.bytes_out - first.bytes_out) / seconds, 1),
        }

    def of_workers(self) -> dict[str, float]:
        """Tell files a second of each worker that had a result lately."""
        first, last = self._looks[0], self._looks[-1]
        seconds = last.at_s - first.at_s
        if seconds <= 0:
            return {}
        before = first.by_worker
        return {
            worker: round((count - before.get(worker, 0)) / seconds, 3)
            for worker, count in last.by_worker.items()
            if count > before.get(worker, 0)
        }
