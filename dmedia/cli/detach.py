"""--detach: the job goes on in a launcher of its own, and the command returns."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    DmediaError
        When it has refused the job within the time this command waits.
    """
    from dmedia.cli.launch import show_end
    from dmedia.record.reader import read_job
    from dmedia.report.summary import started
    from dmedia.run.detached import start_launcher

    arguments = [command[0], job, *command[1:], *passed_on(values)]
    launcher = start_launcher(job, arguments, reads_stdin=reads_stdin)
    status = launcher.confirm()
    report = read_job(job)
    if status is not None:
        show_end(report, as_json=values["json"], quiet=values["quiet"])
    elif values["json"]:
        from dmedia.report.documents import job_document

        click.echo(json.dumps(job_document(report)))
    elif not values["quiet"]:
        click.echo(started(report))
        click.echo(f"  watch it with: dmedia status {job} --watch")
    return 0 if status is None else status


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
