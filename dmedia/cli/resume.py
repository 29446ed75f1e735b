"""dmedia resume: go on with a job that was paused, interrupted or cancelled."""

from __future__ import annotations

import functools
import json
from typing import Any

import click

from dmedia.cli.command import make_command
from dmedia.cli.detach import detach
from dmedia.cli.launch import run
from dmedia.cli.options import RUN_PARAMETERS
from dmedia.cli.persistence import read_persistence
from dmedia.cli.place import at_noted_place, told_elsewhere
from dmedia.errors import DmediaError
from dmedia.model import FileStatus


def resume(job: str, **values: Any) -> int:
    """Go on with a job."""
    from dmedia.record.home import find_job
    from dmedia.record.requests import withdraw

    job = find_job(job)
    if not values["root"] and withdraw(job, "pause"):  # a launcher that is there cannot be narrowed
        return _show_going_on(job, as_json=values["json"])
    there = at_noted_place(job, values)
    if values["detach"]:
        return detach(job, ["resume"], values)
    from dmedia.run.job import Again, refuse_new, resume_job

    again = Again(frozenset({FileStatus.CANCELLED}), persistence=read_persistence(values), roots=values["root"])
    try:
        with told_elsewhere(there):
            return run(functools.partial(resume_job, job, again), there)
    except DmediaError as error:
        refuse_new(job, error)
        raise


def _show_going_on(job: str, *, as_json: bool) -> int:
    from dmedia.record.reader import read_job
    from dmedia.report.documents import job_document

    click.echo(json.dumps(job_document(read_job(job))) if as_json else f"{job}: goes on in its launcher")
    return 0


command = make_command(
    "resume",
    "Go on with a job that was paused, interrupted or cancelled. JOB is an id, the beginning of one, or `last`.",
    [click.Argument(["job"], metavar="JOB"), *RUN_PARAMETERS],
    resume,
    "dmedia resume last",
)
