"""Where a job was taken to, as its record keeps it for whoever takes it up again."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NotedPlace:
    """A cluster that a job was taken to. There are no secrets in it: certificates are found anew each time.

    Attributes
    ----------
    scheduler : str or None
        Address of a running scheduler.
    scheduler_file : str or None
        Absolute path of the file that one has written.
    cluster : str or None
        Absolute path of the file that says how to make one.
    workers : str or None
        Of that one, as a person said: ``N`` or ``MIN:MAX``.
    insecure : bool
        Whether a public address without encryption is accepted.
    configured : bool
        Whether Dask's configuration named it, and nobody beside the job: what it names later then counts more.
    worker_wait_s : float or None
        Seconds to wait for a worker.
    """

    scheduler: str | None = None
    scheduler_file: str | None = None
    cluster: str | None = None
    workers: str | None = None
    insecure: bool = False
    configured: bool = False
    worker_wait_s: float | None = None
