"""A job's rates over time, in bounded memory however long it runs."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dmedia.run.dashboard.shapes import RatesTold

MOST_POINTS = 240
"""Points that are kept: about two pixels each on the page. When there are more, every second one goes."""

FIRST_PERIOD_S = 1.0
"""Seconds between two points at first."""


class Point(NamedTuple):
    """Rates at a moment: seconds since the epoch, files a second, seconds left, bytes a second in and out."""

    at_s: float
    files_per_s: float
    eta_s: float | None
    bytes_in_per_s: float
    bytes_out_per_s: float


class History:
    """Rates of one job over time.

    Attributes
    ----------
    points : tuple of Point
        Oldest first.
    """

    def __init__(self) -> None:
        self.points: tuple[Point, ...] = ()
        self._period_s = FIRST_PERIOD_S

    def add(self, at_s: float, rates: RatesTold, eta_s: float | None) -> None:
        """Add a point, unless it follows the one before too closely.

        Parameters
        ----------
        at_s : float
            Seconds since the epoch.
        rates : dict
            See `shapes.RatesTold`.
        eta_s : float or None
            Seconds left.
        """
        if rates["files_per_s"] is None or (self.points and at_s - self.points[-1].at_s < 0.9 * self._period_s):
            return
        point = Point(
            at_s, rates["files_per_s"], eta_s, rates["bytes_in_per_s"] or 0.0, rates["bytes_out_per_s"] or 0.0
        )
        self.points = (*self.points, point)
        if len(self.points) > MOST_POINTS:
            self.points = self.points[::2]
            self._period_s *= 2


def summed(lines: Sequence[Sequence[Point]]) -> list[Point]:
    """Add several jobs' rates up.

    Parameters
    ----------
    lines : sequence of sequence of Point
        Of each job, oldest first. They need not have the same moments.

    Returns
    -------
    list of Point
        At most `MOST_POINTS`; a job counts with its last point before each moment, and with nothing after its end.
    """
    moments = [[point.at_s for point in line] for line in lines]
    every = sorted({at_s for line in moments for at_s in line})
    added = []
    for at_s in every[:: 1 + len(every) // MOST_POINTS]:
        found = [bisect_right(times, at_s) - 1 for times in moments]
        now = [
            line[at]
            for line, at in zip(lines, found, strict=True)
            if at >= 0 and at_s < line[-1].at_s + 2 * FIRST_PERIOD_S
        ]
        added.append(
            Point(
                at_s,
                sum(point.files_per_s for point in now),
                None,
                sum(point.bytes_in_per_s for point in now),
                sum(point.bytes_out_per_s for point in now),
            )
        )
    return added
