"""What a made cluster does not look after itself: workers in the place of lost ones, and files that it leaves."""

from __future__ import annotations

import contextlib
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


def remove_temporary_files(cluster: Any) -> None:
    """Remove the temporary files that a cluster holds, which no worker that is begun from now on will need.

    Those of queues put keys and certificates where workers find them, and leave it to the garbage collector to remove
    them; a launcher ends without that.

    Parameters
    ----------
    cluster : distributed.deploy.Cluster
        About to be closed.
    """
    for value in list(vars(cluster).values()):
        if getattr(value, "delete", False) is True and callable(getattr(value, "close", None)):
            with contextlib.suppress(OSError):
                value.close()  # of a `tempfile.NamedTemporaryFile`
