"""dmedia retry: try the failed files of a job again."""

from __future__ import annotations

import functools
from typing import Any, get_args

import click

from dmedia.cli.command import make_command, option
from dmedia.cli.detach import detach
from dmedia.cli.launch import run
from dmedia.cli.options import RUN, RUN_PARAMETERS
from dmedia.cli.persistence import read_persistence
from dmedia.cli.place import at_noted_place, told_elsewhere
from dmedia.cli.types import Choice
from dmedia.errors import ErrorCode
from dmedia.model import FileStatus


def retry(job: str, code: tuple[str, ...], **values: Any) -> int:
    """Try the failed files of a job again."""
    from dmedia.api.job import refuse_nothing_failed
    from dmedia.record.home import find_job

    job = find_job(job)
    refuse_nothing_failed(job, code)
    there = at_noted_place(job, values)
    if values["detach"]:
        return detach(job, ["retry", *(word for name in code for word in ("--code", name))], values)
    from dmedia.run.job import Again, resume_job

    again = Again(frozenset({FileStatus.FAILED}), frozenset(code) or None, read_persistence(values), values["root"])
    with told_elsewhere(there):
        return run(functools.partial(resume_job, job, again), there)


command = make_command(
    "retry",
    "Try the failed files of a job again. JOB is an id, the beginning of one, or `last`.",
    [
        click.Argument(["job"], metavar="JOB"),
        option(
            "--code",
            group=RUN,
            type=Choice(get_args(ErrorCode)),
            metavar="CODE",
            multiple=True,
            help="Only files that failed for this reason; may be repeated.",
        ),
        *RUN_PARAMETERS,
    ],
    retry,
    "dmedia retry last --code timeout",
)
