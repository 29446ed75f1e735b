"""Where a launcher of its own runs a batch, from what was said to its command line."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, cast

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
        When one cannot have such a value, or contradicts another or the client, or a cluster file is wrong.
    """
    said = read_options(options, PlaceOptions)
    clusters = [name for name in CLUSTERS if name in said]
    if client is not None and said:
        raise UsageError(f"{next(iter(said))} is for a batch without a client: the job runs on the client's workers")
    if len(clusters) > 1:
        raise UsageError(f"{clusters[0]} and {clusters[1]} name two clusters: a job runs on one")
    if "slots" in said and clusters:
        raise UsageError("slots is for this machine: the workers of a cluster bring their own slots")
    if "workers" in said and "cluster" not in said:
        raise UsageError("workers is for cluster: a running cluster has its workers")
    if "cluster" in said:
        from dmedia.run.cluster_file import load_maker, read_cluster_file
        from dmedia.run.places import read_workers

        read_workers(str(said.get("workers", 1)))
        load_maker(read_cluster_file(said["cluster"]))
    return [word for name, value in said.items() for word in (f"--{name.replace('_', '-')}", _word(name, value))]


def _word(name: str, value: Any) -> str:
    return os.path.abspath(os.fsdecode(value)) if name in PATHS else str(value)
