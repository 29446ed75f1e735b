"""Workers in the place of those that a made cluster has lost."""

from __future__ import annotations

import logging
from typing import Any

NEEDED = ("worker_spec", "workers", "loop", "status", "_correct_state")
"""What a cluster must have: `distributed.SpecCluster` has it, and so have those of ssh and of queues."""


def replace_lost_workers(cluster: Any) -> None:
    """Let a cluster begin anew, from now on and for as long as it is open, what it has lost.

    Dask's clusters forget a worker that is gone (after ``distributed.deploy.lost-worker-timeout``), and begin others
    only when another number of them is asked for. But queues end workers by the clock: a job that takes longer than
    that would be left with none. Clusters of another make are left as they are.

    Parameters
    ----------
    cluster : distributed.deploy.Cluster
        Running; has had its workers begun.
    """
    if not all(hasattr(cluster, name) for name in NEEDED):
        return
    import dask
    from dask.utils import parse_timedelta
    from tornado.ioloop import PeriodicCallback

    async def look() -> None:
        if str(cluster.status) != "Status.running":
            again.stop()
        elif cluster.worker_spec.keys() - cluster.workers.keys():
            try:
                await cluster._correct_state()  # noqa: SLF001 - what `scale` calls when the number is another one
            except Exception as error:  # noqa: BLE001 - of the user's cluster: the job goes on with what it has
                logging.getLogger(__name__).warning("a lost worker could not be replaced: %s", error)

    every_s = parse_timedelta(dask.config.get("distributed.deploy.lost-worker-timeout"))
    again = PeriodicCallback(look, 1000 * every_s)
    cluster.loop.add_callback(again.start)
