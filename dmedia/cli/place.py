"""Options about where a job runs, and what they become."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import click

from dmedia.cli.command import flag, option
from dmedia.errors import ClusterError, UsageError
from dmedia.model.request import WORKER_WAIT_S

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dmedia.model import JobSpec
    from dmedia.run.clusters.places import ClusterChoice, Place

GROUP = "Where it runs"

SPELLED = {
    "slots": "-j", "scheduler": "--scheduler", "scheduler_file": "--scheduler-file", "cluster": "--cluster",
    "workers": "--workers",
}  # fmt: skip
"""Options that can contradict each other, as a person writes them."""

PLACES = ("slots", "scheduler", "scheduler_file", "cluster")
"""Options that each say where a job runs."""

ELSEWHERE = "say where it goes on: --cluster FILE, --scheduler ADDRESS, or -j N for this machine"

PLACE_PARAMETERS: list[click.Parameter] = [
    option(
        "-j",
        "--slots",
        group=GROUP,
        metavar="N",
        type=click.IntRange(min=1, max=1024),
        help="Files worked on at once on this machine.",
    ),
    option("--scheduler", group=GROUP, metavar="ADDRESS", help="Run on this Dask cluster, such as tcp://host:8786."),
    option(
        "--scheduler-file",
        group=GROUP,
        metavar="FILE",
        type=click.Path(),
        help="Run on the Dask cluster whose scheduler has written this file.",
    ),
    option(
        "--cluster",
        group=GROUP,
        metavar="FILE",
        type=click.Path(),
        help="Make a Dask cluster as this YAML file says (module, class, args, kwargs), and close it at the end.",
    ),
    option(
        "--workers",
        group=GROUP,
        metavar="N|MIN:MAX",
        help="Workers of that cluster; between MIN and MAX by the work there is (experimental).",
    ),
    option(
        "--worker-wait",
        group=GROUP,
        metavar="SECONDS",
        type=click.FloatRange(min=1),
        help=f"How long to wait for a cluster, and for a worker when all are lost.  [default: {WORKER_WAIT_S:g}]",
    ),
    flag("--insecure", group=GROUP, help="Accept a scheduler at a public address without encryption."),
]


def refuse_unfit_place(values: dict[str, Any]) -> None:
    """Refuse what contradicts itself, and a cluster file that is wrong, before there is a job.

    Parameters
    ----------
    values : dict
        A command's values for the options above.

    Raises
    ------
    UsageError
        It says what is wrong with which option or file.
    """
    from dmedia.api.place import refuse_contradictions

    refuse_contradictions({name: spelled for name, spelled in SPELLED.items() if values[name] is not None})
    _named_place(values)


def read_choice(values: dict[str, Any], spec: JobSpec | None) -> ClusterChoice:
    """Choose where a job runs.

    Parameters
    ----------
    values : dict
        A command's values for the options above.
    spec : JobSpec or None
        What a new job is asked for: says what memory a slot may take.

    Raises
    ------
    UsageError
        See `refuse_unfit_place`.
    """
    from dmedia.run.clusters.places import ClusterChoice

    refuse_unfit_place(values)
    place = _named_place(values) or _place_of_configuration(values) or _this_machine(values["slots"], spec)
    return ClusterChoice(place, values["worker_wait"] or WORKER_WAIT_S)


def at_noted_place(job: str, values: dict[str, Any]) -> dict[str, Any]:
    """Let a job go on where its record says that it ran, unless somebody says where.

    Parameters
    ----------
    job : str
        Its id.
    values : dict
        A command's values for the options above.

    Returns
    -------
    dict
        The same, and what the record says. A launcher of its own gets what was said, and looks itself.

    Raises
    ------
    UsageError
        See `refuse_unfit_place`; or because the job cannot go on there any more.
    """
    from dmedia.record.reader import read_noted_place

    noted = read_noted_place(job)
    is_said = any(values[name] is not None for name in PLACES)
    if noted is None or is_said or (noted.configured and _place_of_configuration(values)):
        refuse_unfit_place(values)
        return values
    there = {**values, **{name: getattr(noted, name) for name in PLACES if name != "slots"}}
    there |= {"configured": noted.configured, "noted": True}
    for name, said in (("workers", noted.workers), ("insecure", noted.insecure), ("worker_wait", noted.worker_wait_s)):
        there[name] = values[name] or said
    try:
        refuse_unfit_place(there)
    except UsageError as error:
        raise UsageError(f"{job} cannot go on where it ran: {error.message}", ELSEWHERE) from error
    return there


@contextlib.contextmanager
def told_elsewhere(values: dict[str, Any]) -> Iterator[None]:
    """Tell how a job goes on elsewhere, if the place that its record has noted cannot be used.

    Parameters
    ----------
    values : dict
        What `at_noted_place` returned.
    """
    try:
        yield
    except (UsageError, ClusterError) as error:
        if "noted" not in values:
            raise
        raise type(error)(error.message, f"{error.hint}; or {ELSEWHERE}" if error.hint else ELSEWHERE) from error


def _named_place(values: dict[str, Any]) -> Place | None:
    if values["cluster"] is not None:
        from dmedia.run.clusters.cluster_file import read_cluster_file
        from dmedia.run.clusters.places import MadeCluster, read_workers

        workers = read_workers(values["workers"]) if values["workers"] is not None else None
        return MadeCluster(read_cluster_file(values["cluster"]), workers)
    if values["scheduler"] is not None or values["scheduler_file"] is not None:
        from dmedia.run.clusters.places import RunningCluster

        return RunningCluster(
            values["scheduler"], values["scheduler_file"], values["insecure"], values.get("configured", False)
        )
    return None


def _place_of_configuration(values: dict[str, Any]) -> Place | None:
    from dmedia.run.clusters.scheduler_file import configured_cluster

    place = configured_cluster(insecure=values["insecure"])
    if place and values["slots"]:
        from dmedia.api.place import refuse_slots

        refuse_slots(SPELLED["slots"], f"; Dask's configuration names {place.address or place.scheduler_file}")
    return place


def _this_machine(slots: int | None, spec: JobSpec | None) -> Place:
    from dmedia.model import Limits
    from dmedia.run.clusters.places import OwnCluster
    from dmedia.run.machine import default_slots

    limits = spec.limits if spec else Limits()
    slot_bytes = limits.film_slot_bytes if spec and "film" in spec.accepts else limits.image_slot_bytes
    return OwnCluster(slots or default_slots(slot_bytes))
