"""Options about failure and want of room, and what they become."""

from __future__ import annotations

import re
from typing import Any

import click

from dmedia.cli.command import option
from dmedia.cli.types import Quantity
from dmedia.model import Persistence

GROUP = "Failure and room"


class FailureLimit(click.ParamType[str]):
    """A number of files, or a share of them: ``20`` or ``5%``."""

    name = "number or percent"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check it; `read_persistence` reads it."""
        text = str(value).replace(" ", "")
        match = re.fullmatch(r"(\d+)|(\d+(?:\.\d+)?)%", text)
        if match is None or not 0 < float(match[1] or match[2]) <= (100 if match[2] else float("inf")):
            self.fail(f"{value!r} is no number of files and no percentage; write for instance 20 or 5%", param, ctx)
        return text


PERSISTENCE_PARAMETERS: list[click.Parameter] = [
    option(
        "--retries",
        group=GROUP,
        metavar="N",
        type=click.IntRange(min=0, max=20),
        help="Try a file again after a failure that may pass (disk, network; a crash once).  [default: 3]",
    ),
    option(
        "--retry-wait",
        group=GROUP,
        metavar="SECONDS",
        type=click.FloatRange(min=0, max=3600),
        help="Wait before the first of them; each further wait is four times as long.  [default: 1]",
    ),
    option(
        "--max-failures",
        group=GROUP,
        metavar="N|P%",
        type=FailureLimit(),
        help="Stop when so many files have failed; the job can be resumed.",
    ),
    option(
        "--min-free",
        group=GROUP,
        metavar="SIZE",
        type=Quantity("SIZE", least=0),
        help="Wait while less is free where renditions go.  [default: 1GiB, at most 2 % of the disk]",
    ),
]


def read_persistence(values: dict[str, Any]) -> dict[str, Any]:
    """Take what was said of failure and room from a command's values.

    Returns
    -------
    dict
        Fields of `Persistence`; what was not said is not there.
    """
    said = {
        "retries": values["retries"],
        "retry_wait_s": values["retry_wait"],
        "min_free_bytes": values["min_free"],
    }
    return {name: value for name, value in said.items() if value is not None} | _failure_limit(values["max_failures"])


def _failure_limit(said: str | None) -> dict[str, Any]:
    """Read a number or a share; it takes the place of both that may have been said before."""
    if said is None:
        return {}
    if said.endswith("%"):
        return {"max_failed": None, "max_failed_share": float(said[:-1]) / 100}
    return {"max_failed": int(said), "max_failed_share": None}


def new_persistence(values: dict[str, Any]) -> Persistence:
    """Make what a new job is told of failure and room."""
    return Persistence(**read_persistence(values))
