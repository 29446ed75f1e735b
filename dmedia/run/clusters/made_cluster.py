"""A cluster that a job makes of a file, and closes at its end, however that comes."""

from __future__ import annotations

import contextlib
import functools
import inspect
import sys
from typing import TYPE_CHECKING, Any

from dmedia.errors import ClusterError, DmediaError
from dmedia.run.clusters.cluster_file import load_maker
from dmedia.run.clusters.cluster_log import ClusterLog, quieten_children
from dmedia.run.clusters.shield import shielded
from dmedia.run.clusters.upkeep import remove_temporary_files
from dmedia.run.dispatch import CHUNK_S
from dmedia.run.patience import Call, outwait, patiently

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dmedia.run.clusters.places import MadeCluster

CLOSE_LIMIT_S = 30.0
"""Seconds to wait for a cluster to close: queues and clouds take their time to end what they run."""

ABANDON_LIMIT_S = 10.0
"""Seconds to wait for a cluster that is being made when nobody wants it any longer, so that it can be closed."""

HALF_MADE = frozenset({"Status.starting", "Status.running", "Status.failed"})
"""Of a cluster whose constructor did not return: it may have begun what must be ended."""


class Making:
    """A cluster that is made of a file.

    Parameters
    ----------
    place : MadeCluster
        File and number of workers.
    limit_s : float
        Seconds to wait for it, and for its first worker.

    Raises
    ------
    UsageError
        When the file names what is not there.

    Attributes
    ----------
    path : str
        The file.
    cluster : object
        Dask's: it has ``scheduler_address`` and can be closed.
    """

    def __init__(self, place: MadeCluster, limit_s: float) -> None:
        self.cluster: Any = None
        self.path = place.file.path
        self._file, self._workers, self._limit_s = place.file, place.workers, limit_s
        self._maker = load_maker(self._file)
        self._log = ClusterLog()
        quieten_children()
        self._begun: Call | None = None

    def begin(self, tick: Callable[[], None]) -> None:
        """Make the cluster, and ask it for its workers.

        Parameters
        ----------
        tick : callable
            Is called while it is waited for; what it raises ends that.

        Raises
        ------
        ClusterError
            When the cluster cannot be made, or not in time.
        """
        arguments = {**self._file.kwargs, **self._said_at_once()}
        self._begun = Call(lambda: shielded(functools.partial(self._maker, *self._file.args, **arguments)))
        begun = self._begun
        with contextlib.suppress(TimeoutError):
            patiently(lambda: begun.wait(self._limit_s), tick, self._limit_s + ABANDON_LIMIT_S)
        if begun.error:
            raise self._refused("cannot be made", begun.error) from begun.error
        if begun.answer is None:
            raise ClusterError(
                f"The cluster of {self.path} was not made within {self._limit_s:g} s{self._log.tail()}",
                "--worker-wait says how long to wait",
            )
        self.cluster = begun.answer
        if not hasattr(self.cluster, "scheduler_address") or not hasattr(self.cluster, "close"):
            raise ClusterError(f"{self.path}: {self._file.module}.{self._file.name} makes no Dask cluster")
        self._scale()
        if getattr(self.cluster, "worker_spec", None) == {}:
            raise ClusterError(f"The cluster of {self.path} has no workers: its file asks for none", "use --workers N")

    def watch(self) -> None:
        """Look whether the cluster's first worker can still come.

        Raises
        ------
        ClusterError
            When all that was begun for workers has failed. It says what the cluster's log says.
        """
        workers = getattr(self.cluster, "workers", None)
        if self._log.failures and isinstance(workers, dict) and workers:
            alive = [worker for worker in workers.values() if str(getattr(worker, "status", "")) == "Status.running"]
            if not alive:
                raise self.without_workers()

    def without_workers(self) -> ClusterError:
        """Say that no worker came, and what the cluster said."""
        unasked = self._workers is None and not hasattr(self.cluster, "worker_spec")
        asked = "; --workers says how many it shall have" if unasked else ""
        return ClusterError(
            f"The cluster of {self.path} has started no worker{self._log.tail()}",
            f"look at what its class, {self._file.name}, logs; --worker-wait says how long to wait{asked}",
        )

    def adapt(self) -> None:
        """Let the number of workers follow the work, if it shall."""
        if self._workers is None or not self._workers.adaptive:
            return
        limits: dict[str, Any] = {"minimum": self._workers.least, "maximum": self._workers.most}
        adapt = self.cluster.adapt
        with contextlib.suppress(TypeError, ValueError):  # what has no signature takes only what all take
            accepted = inspect.signature(adapt).parameters.values()
            if any(one.kind is one.VAR_KEYWORD or one.name == "target_duration" for one in accepted):
                # Of a job Dask sees only the window, a few chunks a slot: each of them may have a slot of its own.
                limits["target_duration"] = f"{CHUNK_S * 1000:.0f} ms"
        try:
            adapt(**limits)
        except Exception as error:
            raise self._refused("cannot grow and shrink", error) from error

    def end(self, tick: Callable[[], None]) -> None:
        """Close the cluster; one that is still being made, as soon as it is.

        Parameters
        ----------
        tick : callable
            Is called meanwhile: the launcher lives. What it raises changes nothing.
        """
        if self.cluster is None and self._begun is not None:
            outwait(self._begun, tick, ABANDON_LIMIT_S)
            self.cluster = self._begun.answer
        clusters = [self.cluster] if self.cluster is not None else self._half_made()
        for cluster in clusters:
            remove_temporary_files(cluster)
        for closing in [Call(cluster.close) for cluster in clusters if hasattr(cluster, "close")]:
            if not outwait(closing, tick, CLOSE_LIMIT_S):
                sys.stderr.write(f"warning: the cluster of {self.path} did not close; look for its workers\n")

    def _half_made(self) -> list[Any]:
        """Find what a constructor that failed or hangs has left; Dask's classes keep a list of all that they made."""
        from distributed import SpecCluster

        listed = {*getattr(self._maker, "_instances", ()), *getattr(SpecCluster, "_instances", ())}
        return [one for one in listed if str(getattr(one, "status", "")) in HALF_MADE]

    def _said_at_once(self) -> dict[str, Any]:
        """Say to a class that takes it how many workers to begin with, instead of having others made and closed."""
        if self._workers is None:
            return {}
        try:
            accepted = inspect.signature(self._maker).parameters
        except (TypeError, ValueError):
            return {}
        return {"n_workers": self._workers.at_first} if "n_workers" in accepted else {}

    def _scale(self) -> None:
        if self._workers is None or self._said_at_once():
            return
        named = len(getattr(self.cluster, "worker_spec", ()))
        if getattr(self.cluster, "new_spec", self) is None and self._workers.most > named:  # as SSHCluster's
            raise ClusterError(
                f"The cluster of {self.path} has the {named:,} workers that its file names, and can have no more",
                f"name more in the file, or say at most --workers {named}",
            )
        try:
            self.cluster.scale(self._workers.at_first)
        except Exception as error:
            raise self._refused(f"cannot have {self._workers.at_first:,} workers", error) from error

    def _refused(self, how: str, error: Exception) -> DmediaError:
        said = " ".join(str(error).split())
        return ClusterError(
            f"The cluster of {self.path} {how}: {self._file.name} says {type(error).__name__}: {said}"
            f"{self._log.tail(besides=said)}",
            "look at args and kwargs in the file",
        )


@contextlib.contextmanager
def made_cluster(place: MadeCluster, tick: Callable[[], None], limit_s: float) -> Iterator[Making]:
    """Make a cluster for the length of a job.

    Parameters
    ----------
    place : MadeCluster
        How.
    tick : callable
        Is called while it is waited for; what it raises ends that.
    limit_s : float
        Seconds to wait for it.

    Yields
    ------
    Making
        With its cluster.

    Raises
    ------
    UsageError, ClusterError
        When it cannot be made.
    """
    with contextlib.redirect_stdout(sys.stderr):  # classes tell there what they do, and standard output has a job's end
        making = Making(place, limit_s)
        try:
            making.begin(tick)
            yield making
        finally:
            making.end(tick)
