"""--detach: the job goes on in a launcher of its own, and the command returns."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import click

from dmedia.errors import LauncherError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dmedia.model import JobReport

PLAN_WAIT_S = 1.5
"""Seconds to wait for the number of files; a refusal of the plan usually comes within them too."""

FINISHED = (0, 3, 9)
"""Exit statuses of a launcher that has ended the job."""

OF_THIS_COMMAND = {"detach", "json", "quiet"}


def detach(job: str, command: Sequence[str], values: dict[str, Any], *, reads_stdin: bool = False) -> int:
    """Start a launcher for a job, and tell what it is going to do.

    Parameters
    ----------
    job : str
        Its id.
    command : sequence of str
        ``resume`` or ``retry``, with options of its own.
    values : dict
        The command's values for its run options, which are passed on.
    reads_stdin : bool
        Whether the job's inputs come from standard input.

    Returns
    -------
    int
        Exit status: 0 when the launcher runs.

    Raises
    ------
    LauncherError
        When it has refused the job within the time this command waits.
    """
    from dmedia.cli.launch import show_end
    from dmedia.record.reader import read_job
    from dmedia.run.detached import start_launcher

    arguments = [command[0], job, *command[1:], "--quiet", *passed_on(values)]
    launcher = start_launcher(job, arguments, reads_stdin=reads_stdin)
    status = launcher.wait_for_plan(PLAN_WAIT_S)
    if status is not None and status not in FINISHED:
        raise refusal(launcher.words(), status)
    report = read_job(job)
    if status is not None:
        show_end(report, as_json=values["json"], quiet=values["quiet"])
    elif values["json"]:
        from dmedia.report.documents import job_document

        click.echo(json.dumps(job_document(report)))
    elif not values["quiet"]:
        click.echo(f"Started batch job {job}: {extent(report)}")
        click.echo(f"  watch it with: dmedia status {job} --watch")
    return 0 if status is None else status


def refusal(words: Sequence[str], status: int) -> LauncherError:
    """Make an error of what a launcher has written, and of its exit status."""
    said = [line.removeprefix("dmedia: ") for line in words if line.startswith("dmedia: ")]
    hints = [line.removeprefix("hint: ") for line in words if line.startswith("hint: ")]
    message = said[-1] if said else f"the launcher ended with status {status}"
    return LauncherError(message, hints[-1] if hints else None, status)


def extent(report: JobReport) -> str:
    """Tell how much a job is, as far as it is known."""
    if report.planning:
        return f"processing files ({report.total:,} found so far)"
    return f"processing {report.total:,} file{'s' * (report.total != 1)}"


def passed_on(values: dict[str, Any]) -> list[str]:
    """Write a command's run options for the launcher's command line."""
    from dmedia.cli.options import RUN_PARAMETERS

    arguments: list[str] = []
    for parameter in RUN_PARAMETERS:
        value = values[str(parameter.name)]
        if parameter.name in OF_THIS_COMMAND or value is None or value is False:
            continue
        for one in value if isinstance(value, tuple) else (value,):
            arguments.append(parameter.opts[-1])
            if one is not True:
                arguments.append(os.fsdecode(one) if isinstance(one, bytes) else str(one))
    return arguments
