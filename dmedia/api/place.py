"""Where a launcher of its own runs a batch, from what was said to its command line."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NoReturn, cast

from dmedia.api.options import PATHS, PlaceOptions, read_options
from dmedia.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

CLUSTERS = ("scheduler", "scheduler_file", "cluster")
"""Options that each name a cluster."""


def take_place(options: Mapping[str, Any]) -> PlaceOptions:
    """Take from a batch's options what says where it runs."""
    return cast("PlaceOptions", {name: options[name] for name in PlaceOptions.__annotations__ if name in options})


def read_place(options: PlaceOptions, client: Any) -> list[str]:
    """Write where a launcher of its own shall work for its command line.

    Parameters
    ----------
    options : PlaceOptions
        What was said.
    client : distributed.Client or None
        The job's, which then has no launcher of its own.

    Raises
    ------
    ParameterError, UsageError
        When one cannot have such a value, or contradicts another or the client, or a file is wrong.
    ClusterError
        When no job can run there, as can be told without connecting.
    """
    said = read_options(options, PlaceOptions)
    if client is not None and said:
        raise UsageError(f"{next(iter(said))} is for a batch without a client: the job runs on the client's workers")
    refuse_contradictions({name: name for name in said})
    if any(name in said for name in CLUSTERS):
        _refuse_unfit(said)
    return [word for name, value in said.items() for word in (f"--{name.replace('_', '-')}", _word(name, value))]


def refuse_contradictions(said: Mapping[str, str]) -> None:
    """Refuse what contradicts itself about where a batch runs.

    Parameters
    ----------
    said : mapping of str to str
        Those of `PlaceOptions` that were said, and how who said them spells each.

    Raises
    ------
    UsageError
        It names them in that spelling.
    """
    clusters = [said[name] for name in CLUSTERS if name in said]
    if len(clusters) > 1:
        raise UsageError(f"{clusters[0]} and {clusters[1]} name two clusters: a job runs on one")
    if "slots" in said and clusters:
        refuse_slots(said["slots"])
    if "workers" in said and "cluster" not in said:
        cluster = said["workers"].replace("workers", "cluster")
        raise UsageError(
            f"{said['workers']} is for {cluster}: a running cluster has its workers",
            "how many files this machine works on at once is its number of slots",
        )


def refuse_slots(spelled: str, why: str = "") -> NoReturn:
    """Refuse a number of slots where the workers of a cluster bring their own.

    Parameters
    ----------
    spelled : str
        How who said it spells the option.
    why : str
        What makes it a cluster, where nobody has said so beside it.

    Raises
    ------
    UsageError
        Always.
    """
    raise UsageError(
        f"{spelled} is for this machine: the workers of a cluster bring their own slots{why}",
        "start workers with --nthreads",
    )


def _refuse_unfit(said: Mapping[str, Any]) -> None:
    from dmedia.run.clusters.cluster_file import read_cluster_file
    from dmedia.run.clusters.places import MadeCluster, RunningCluster, read_workers
    from dmedia.run.clusters.scrutiny import scrutinise

    if "cluster" in said:
        workers = read_workers(str(said.get("workers", 1)))
        scrutinise(MadeCluster(read_cluster_file(said["cluster"]), workers))
    else:
        file = said.get("scheduler_file")
        scrutinise(RunningCluster(said.get("scheduler"), None if file is None else os.fsdecode(file)))


def _word(name: str, value: Any) -> str:
    return os.path.abspath(os.fsdecode(value)) if name in PATHS else str(value)
