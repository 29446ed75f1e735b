"""A job gets a launcher: a process of its own, or a thread beside the caller's Dask client."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from dmedia.model import FileStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dmedia.model import JobSpec

TAKEN_UP = {"resume": FileStatus.CANCELLED, "retry": FileStatus.FAILED}
"""Which files that have an outcome are done again, by command."""


def start(spec: JobSpec, client: Any = None, arguments: Sequence[str] = ()) -> str:
    """Make a job and start it.

    Parameters
    ----------
    spec : JobSpec
        What is asked for.
    client : distributed.Client, optional
        Runs the job, from a thread of this process; without one, a process of its own does.
    arguments : sequence of str
        Further options of that process.

    Returns
    -------
    str
        The job's id; the plan may still be under way.

    Raises
    ------
    DmediaError
        When the plan was refused meanwhile; the job has then failed, and its record says why.
    UsageError
        When the client cannot be used.
    """
    from dmedia.run.clusters.given_client import refuse_unfit
    from dmedia.run.detached import create_job

    if client is not None:
        refuse_unfit(client)  # before there is a job that nobody would run
    job = create_job(spec)
    go_on(job, "resume", (), client, arguments)
    return job


def go_on(job: str, command: str, codes: Sequence[str], client: Any = None, arguments: Sequence[str] = ()) -> None:
    """Start a launcher for a job, and wait a moment for what it says.

    Parameters
    ----------
    job : str
        Its id.
    command : str
        ``resume`` or ``retry``.
    codes : sequence of str
        Of failed files, only those with one of these codes; none for all.
    client, arguments
        See `start`.

    Raises
    ------
    DmediaError
        See `start`.
    """
    if client is None:
        from dmedia.run.detached import start_launcher

        chosen = [word for code in codes for word in ("--code", code)]
        start_launcher(job, [command, job, *chosen, *arguments], reads_stdin=False).confirm()
        return
    from dmedia.run.job import Again, resume_job
    from dmedia.run.threaded import start_in_thread

    again = Again(frozenset({TAKEN_UP[command]}), frozenset(codes) or None)
    start_in_thread(functools.partial(resume_job, job, again), client)
