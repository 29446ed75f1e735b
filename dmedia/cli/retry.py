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
from dmedia.cli.types import Choice
from dmedia.errors import ErrorCode, UsageError
from dmedia.model import FileStatus


def retry(job: str, code: tuple[str, ...], **values: Any) -> int:
    """Try the failed files of a job again."""
    from dmedia.record.home import find_job

    job = find_job(job)
    refuse_nothing_failed(job, code)
    if values["detach"]:
        return detach(job, ["retry", *(word for name in code for word in ("--code", name))], values)
    from dmedia.run.job import Again, resume_job

    again = Again(frozenset({FileStatus.FAILED}), frozenset(code) or None, read_persistence(values), values["root"])
    return run(functools.partial(resume_job, job, again), values)


def refuse_nothing_failed(job: str, codes: tuple[str, ...]) -> None:
    """Refuse a job that has no such failed file, or that is to be resumed first: only failed files are tried again.

    Raises
    ------
    UsageError
        It says which.
    """
    from dmedia.model import JobState
    from dmedia.record.reader import read_job

    report = read_job(job)
    if report.state is JobState.INTERRUPTED:
        raise UsageError(f"{job} was interrupted before its end: retry is for failed files", f"dmedia resume {job}")
    if report.failed and (not codes or set(codes) & set(report.errors)):
        return
    known = f"; its failures are {', '.join(report.errors)}" if report.errors else ""
    reason = f" for the reason {' or '.join(codes)}" if codes else ""
    raise UsageError(f"Nothing to try again: no file of {job} has failed{reason}{known}")


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
