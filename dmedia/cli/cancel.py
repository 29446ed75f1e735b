"""dmedia cancel: end a running job."""

from __future__ import annotations

import click


@click.command(short_help="End a running job.")
@click.argument("job")
def command(job: str) -> int:
    """End a running job, from any process: files being worked on are given up, the rest is marked cancelled.

    JOB is an id, the beginning of one, or `last`.
    """
    from dmedia.record.home import find_job
    from dmedia.record.requests import request

    job = find_job(job)
    request(job, "cancel")
    click.echo(f"{job}: cancelling")
    return 0
