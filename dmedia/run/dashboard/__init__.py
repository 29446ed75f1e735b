"""Jobs on Dask's own dashboard: the page ``/dmedia``, ``/dmedia.json``, and ``dmedia_*`` in ``/metrics``.

The way of a number: the launcher's `Broadcast` sends what the record says as a Dask event, once a second; on the
scheduler the `DashboardPlugin` hears it and keeps the last jobs on a `Board`; page, JSON and metrics read the board.
Nothing here decides anything, and nothing here fails a job: what breaks is told once in a log, and the job goes on.
"""

from dmedia.run.dashboard.local import PlainWorker, offer_dashboard

__all__ = ["PlainWorker", "offer_dashboard"]
