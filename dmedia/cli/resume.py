"""dmedia resume: go on with a job that was interrupted or cancelled."""

from __future__ import annotations

import functools
from typing import Any

import click

from dmedia.cli.command import make_command
from dmedia.cli.launch import run
from dmedia.cli.options import RUN_PARAMETERS
from dmedia.model import FileStatus


def resume(job: str, **values: Any) -> int:
    """Go on with a job."""
    from dmedia.record.home import find_job
    from dmedia.run.job import Again, resume_job

    again = Again(frozenset({FileStatus.CANCELLED}))
    return run(functools.partial(resume_job, find_job(job), again), values)


command = make_command(
    "resume",
    "Go on with a job that was interrupted or cancelled. JOB is an id, the beginning of one, or `last`.",
    [click.Argument(["job"], metavar="JOB"), *RUN_PARAMETERS],
    resume,
    "dmedia resume last",
)
