"""Where a job can run: a cluster in this process, one that is running, one made of a file, or a program's client."""

from __future__ import annotations

import os
import re
import urllib.parse
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dmedia.errors import UsageError
from dmedia.model import NotedPlace
from dmedia.model.request import WORKER_WAIT_S
from dmedia.run.clusters.given_client import is_gone, refuse_unfit
from dmedia.run.clusters.transports import TRANSPORTS, WITHIN_PROCESS

if TYPE_CHECKING:
    from dmedia.run.clusters.cluster_file import ClusterFile

MOST_WORKERS = 100_000
"""Workers that a cluster can be asked for: more is a slip of the hand. Dask's scheduler serves some thousands."""


@dataclass(frozen=True)
class Workers:
    """How many workers a cluster shall have.

    Attributes
    ----------
    least, most : int
        Workers, 0 to 100,000; where they differ, the cluster grows and shrinks between them as there is work.
    """

    least: int
    most: int

    def __str__(self) -> str:
        """Write them as `read_workers` reads them."""
        return f"{self.least}:{self.most}"

    @property
    def at_first(self) -> int:
        """Workers to begin with: one at least, because a cluster grows only by work that waits."""
        return max(1, self.least)

    @property
    def adaptive(self) -> bool:
        """Whether their number follows the work."""
        return self.least < self.most


def read_workers(text: str) -> Workers:
    """Read ``N`` or ``MIN:MAX``.

    Parameters
    ----------
    text : str
        What was said of workers.

    Raises
    ------
    UsageError
        When it is neither, or the two contradict each other.
    """
    match = re.fullmatch(r"(\d{1,6})(?::(\d{1,6}))?", text.strip())
    least, most = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
    if not least <= most <= MOST_WORKERS or most < 1:
        raise UsageError(
            f"{text!r} is no number of workers: write for instance 4, or 1:8 for a number between 1 and 8",
            f"from 1 to {MOST_WORKERS:,}; the least of two can be 0",
        )
    return Workers(least, most)


@dataclass(frozen=True)
class OwnCluster:
    """A cluster in this process.

    Attributes
    ----------
    slots : int
        Its slots, at least 1.
    """

    slots: int


@dataclass(frozen=True)
class RunningCluster:
    """A cluster that is running elsewhere, by the address of its scheduler or a file that holds it.

    Attributes
    ----------
    address : str or None
        Such as ``tcp://10.0.0.1:8786``.
    scheduler_file : str or None
        What ``dask scheduler --scheduler-file`` writes; read anew whenever the scheduler is looked for.
    insecure : bool
        Whether a public address without encryption is accepted.
    configured : bool
        Whether Dask's configuration names it, and nobody beside the job.

    Raises
    ------
    UsageError
        When the address is none that Dask knows, or the file has no name.
    """

    address: str | None
    scheduler_file: str | None = None
    insecure: bool = False
    configured: bool = False

    @property
    def shown(self) -> str:
        """Where it is, in a sentence."""
        return f"of {self.scheduler_file}" if self.address is None else f"at {self.address}"

    def __post_init__(self) -> None:
        if self.address is not None and not is_address(self.address):
            raise UsageError(
                f"{self.address!r} is no address of a Dask scheduler",
                "one looks like tcp://10.0.0.1:8786, or tls://10.0.0.1:8786 with certificates",
            )
        if self.scheduler_file == "":
            raise UsageError("The scheduler file has no name", "name the one of: dask scheduler --scheduler-file FILE")


def is_address(text: str) -> bool:
    """Tell whether Dask could know an address of a scheduler."""
    if text.startswith(f"{WITHIN_PROCESS}://"):
        return True
    try:
        parts = urllib.parse.urlsplit(text if "://" in text else f"tcp://{text}")
        port = parts.port
    except ValueError:
        return False
    return bool(parts.scheme in TRANSPORTS and parts.hostname and port and not parts.path)


@dataclass(frozen=True)
class MadeCluster:
    """A cluster that the job makes and closes.

    Attributes
    ----------
    file : ClusterFile
        Says how.
    workers : Workers or None
        How many, if not as the file says.
    """

    file: ClusterFile
    workers: Workers | None = None


@dataclass(frozen=True)
class GivenCluster:
    """The cluster of a client that a program has.

    Attributes
    ----------
    client : distributed.Client
        The job runs on its cluster, and leaves it and the process as they are.

    Raises
    ------
    UsageError
        When the client is asynchronous, closed or none.
    """

    client: Any

    def __post_init__(self) -> None:
        refuse_unfit(self.client)


Place = OwnCluster | RunningCluster | MadeCluster | GivenCluster


@dataclass(frozen=True)
class ClusterChoice:
    """Which cluster a job runs on.

    Attributes
    ----------
    place : OwnCluster, RunningCluster, MadeCluster or GivenCluster
        Which one.
    worker_wait_s : float
        Seconds to wait for a worker when all were lost, and for the first one.
    """

    place: Place
    worker_wait_s: float = WORKER_WAIT_S

    @property
    def awaited(self) -> str | None:
        """What may take long before the work begins."""
        if isinstance(self.place, MadeCluster):
            return f"waiting for the cluster of {self.place.file.path} and its first worker"
        if isinstance(self.place, RunningCluster):
            return f"waiting for the scheduler {self.place.shown} and its first worker"
        return None

    @property
    def noted(self) -> NotedPlace | None:
        """What a record keeps of it; ``None`` for this machine."""
        place, wait_s = self.place, self.worker_wait_s
        if isinstance(place, MadeCluster):
            return NotedPlace(
                cluster=os.path.abspath(place.file.path),
                workers=str(place.workers) if place.workers else None,
                worker_wait_s=wait_s,
            )
        if isinstance(place, RunningCluster):
            file = place.scheduler_file and os.path.abspath(place.scheduler_file)
            return NotedPlace(
                place.address, file, insecure=place.insecure, configured=place.configured, worker_wait_s=wait_s
            )
        return None

    @property
    def can_be_noted(self) -> bool:
        """Whether another process can go there, or stay here: a program's client is its own."""
        return not isinstance(self.place, GivenCluster)

    @property
    def own_slots(self) -> int | None:
        """Slots of a cluster in this process; ``None`` for others, which bring their own."""
        return self.place.slots if isinstance(self.place, OwnCluster) else None

    @property
    def may_come_back(self) -> bool:
        """Whether a scheduler that was lost is worth looking for, or another one worth making."""
        if isinstance(self.place, GivenCluster):
            return not is_gone(self.place.client)
        return not isinstance(self.place, OwnCluster)
