"""Options that commands share, and what they become."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from dmedia.cli.command import flag, option
from dmedia.cli.persistence import PERSISTENCE_PARAMETERS, new_persistence
from dmedia.cli.place import PLACE_PARAMETERS
from dmedia.cli.types import Quantity, Root
from dmedia.errors import UsageError
from dmedia.model import Inputs, JobSpec, Limits, OnCollision, Policies

if TYPE_CHECKING:
    from dmedia.api.work import Work

INPUT, OUTPUT, RUN, LIMIT = "Input", "Output", "Run", "Limits of one file"


PATH = click.Path(path_type=bytes, readable=False)  # what cannot be read fails by itself, and not the command

INPUT_PARAMETERS: list[click.Parameter] = [
    click.Argument(["inputs"], metavar="INPUT...", nargs=-1, type=PATH),
    flag("-r", "--recursive", group=INPUT, help="Walk into the directories among the inputs."),
    option(
        "--files-from",
        group=INPUT,
        metavar="FILE",
        type=PATH,
        help="Read inputs from a list, .csv or .jsonl; - is standard input.",
    ),
    flag("-0", "--null", group=INPUT, help="The list is separated by NUL bytes instead of newlines."),
    option(
        "--include",
        group=INPUT,
        metavar="GLOB",
        multiple=True,
        help="Take only what matches; may be repeated.",
    ),
    option(
        "--exclude",
        group=INPUT,
        metavar="GLOB",
        multiple=True,
        help="Leave out what matches; may be repeated.",
    ),
    option("--limit", group=INPUT, metavar="N", type=click.IntRange(min=1), help="Take at most N files."),
    option("--shard", group=INPUT, metavar="K/N", help="Take the K-th of N parts: N launchers share the work."),
]

OUTPUT_PARAMETERS: list[click.Parameter] = [
    option(
        "-o",
        "--output",
        group=OUTPUT,
        metavar="DIR",
        type=PATH,
        required=True,
        help="Directory or URL for the renditions; made when missing.",
    ),
    option(
        "--name",
        group=OUTPUT,
        metavar="TEMPLATE",
        default=Policies().name_template,
        show_default=True,
        help="Path of a rendition below DIR.",
    ),
    flag("--overwrite", group=OUTPUT, help="Replace files that are not dmedia's own."),
    option(
        "--on-collision",
        group=OUTPUT,
        type=click.Choice([str(choice) for choice in OnCollision]),
        default=str(OnCollision.ERROR),
        show_default=True,
        help="When two files would get one path: stop, keep the source's extension in the name, or number them.",
    ),
    flag("--portable-names", group=OUTPUT, help="Treat names that differ only in case or Unicode form as one."),
]

DRY_RUN = flag("-n", "--dry-run", group=RUN, help="Print the plan with every rendition's path, and write nothing.")

RUN_PARAMETERS: list[click.Parameter] = [
    *PLACE_PARAMETERS,
    option(
        "--root",
        group=RUN,
        metavar="DIR",
        type=Root(),
        multiple=True,
        help="Read and write nothing outside this directory, or URL; may be repeated.",
    ),
    flag("--detach", group=RUN, help="Return at once; the job goes on in a process of its own."),
    flag(
        "--json",
        group=RUN,
        help="Print one JSON document, the job's status, and nothing else on standard output.",
    ),
    flag("-q", "--quiet", group=RUN, help="Show neither progress nor summary."),
    *PERSISTENCE_PARAMETERS,
]

LIMIT_PARAMETERS: list[click.Parameter] = [
    option(
        "--timeout",
        group=LIMIT,
        metavar="SECONDS",
        type=click.FloatRange(min=0, min_open=True),
        help="Deadline; without it, by the file's size.",
    ),
    option(
        "--max-pixels",
        group=LIMIT,
        metavar="N",
        type=Quantity("N"),
        help="Pixels of a page.  [default: 268M]",
    ),
    option(
        "--max-frames",
        group=LIMIT,
        metavar="N",
        type=click.IntRange(min=1),
        help="Frames of an animation that stays one.  [default: 300]",
    ),
    option(
        "--max-input-bytes",
        group=LIMIT,
        metavar="SIZE",
        type=Quantity("SIZE"),
        help="Size of a source.  [default: 512MiB, films 50GiB]",
    ),
    option(
        "--slot-memory",
        group=LIMIT,
        metavar="SIZE",
        type=Quantity("SIZE"),
        help="Memory of a slot.  [default: 1GiB, films 2GiB]",
    ),
    flag("--allow-svg", group=LIMIT, help="Render drawings (SVG): one can ask for any amount of work."),
]

WHERE_PARAMETERS = [*INPUT_PARAMETERS, *OUTPUT_PARAMETERS]
"""From where to where: in front of an operation's own parameters in its help text."""

HOW_PARAMETERS = [DRY_RUN, *RUN_PARAMETERS, *LIMIT_PARAMETERS]
"""How it runs: behind them."""


def read_spec(work: Work, values: dict[str, Any]) -> JobSpec:
    """Put a job together from a command's values.

    Parameters
    ----------
    work : Work
        What is done with each file.
    values : dict
        The command's values for its input, output and limit options.

    Returns
    -------
    JobSpec

    Raises
    ------
    UsageError
        When there is no input, the output directory has no name, or a logo cannot be used.
    """
    from dmedia.api.request import ask

    roots = tuple(dict.fromkeys(values["root"]))
    return replace(
        ask(work, read_inputs(values), values["output"], roots),
        policies=read_policies(values),
        limits=read_limits(values),
        persistence=new_persistence(values),
    )


def read_inputs(values: dict[str, Any]) -> Inputs:
    """Take the inputs from a command's values.

    Raises
    ------
    UsageError
        When there is none.
    """
    if not values["inputs"] and values["files_from"] is None:
        raise UsageError("No INPUT was given", "name files, directories or quoted globs, or a list with --files-from")
    from dmedia.api.anchors import anchored
    from dmedia.planning.shard import checked_shard

    return Inputs(
        paths=tuple(map(anchored, values["inputs"])),
        listing=values["files_from"] if values["files_from"] in (None, b"-") else anchored(values["files_from"]),
        null_separated=values["null"],
        recursive=values["recursive"],
        include=values["include"],
        exclude=values["exclude"],
        limit=values["limit"],
        shard=None if values["shard"] is None else checked_shard(values["shard"]),
    )


def read_policies(values: dict[str, Any]) -> Policies:
    """Take the policies from a command's values."""
    return Policies(
        overwrite=values["overwrite"],
        on_collision=OnCollision(values["on_collision"]),
        portable_names=values["portable_names"],
        name_template=values["name"],
    )


def read_limits(values: dict[str, Any]) -> Limits:
    """Take the limits from a command's values. What is given holds for pictures and films."""
    given: dict[str, Any] = {"timeout_s": values["timeout"], "allow_svg": values["allow_svg"]}
    if pixels := values["max_pixels"]:
        given |= {"max_page_pixels": pixels, "max_file_pixels": max(pixels, Limits().max_file_pixels)}
    if frames := values["max_frames"]:
        given["max_frames"] = frames
    if size_bytes := values["max_input_bytes"]:
        given |= {"max_image_bytes": size_bytes, "max_film_bytes": size_bytes}
    if memory := values["slot_memory"]:
        given |= {"image_slot_bytes": memory, "film_slot_bytes": memory}
    return replace(Limits(), **given)
