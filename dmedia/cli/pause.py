"""dmedia pause: let a running job wait."""

from __future__ import annotations

import click


@click.command(short_help="Let a running job wait until it is resumed.")
@click.argument("job")
def command(job: str) -> int:
    """Let a running job wait, from any process: files being worked on end, no further one begins.

    `dmedia resume JOB` lets it go on. JOB is an id, the beginning of one, or `last`.
    """
    from dmedia.record.home import find_job
    from dmedia.record.requests import request

    job = find_job(job)
    request(job, "pause")
    click.echo(f"{job}: pausing; it goes on with: dmedia resume {job}")
    return 0
