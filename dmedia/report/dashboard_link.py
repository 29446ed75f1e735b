"""Where a person can watch a job: the page of ours on Dask's dashboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dmedia.model import JobReport

NO_PAGE = "The scheduler's dashboard has no page /dmedia"
"""How the warning of a job begins whose scheduler cannot have the page."""


def dashboard_link(report: JobReport) -> str | None:
    """Name the page that shows a job.

    Parameters
    ----------
    report : JobReport
        The job; its ``dashboard`` is Dask's own first page, ``/status``.

    Returns
    -------
    str or None
        The page ``/dmedia`` beside it; Dask's own where ours is missing, and ``None`` without a dashboard.
    """
    if report.dashboard is None or any(warning.startswith(NO_PAGE) for warning in report.warnings):
        return report.dashboard
    before, slash, last = report.dashboard.rpartition("/")
    return f"{before}/dmedia" if slash and last == "status" else report.dashboard
