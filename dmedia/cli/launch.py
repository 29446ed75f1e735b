"""From a JobSpec to an exit status: what all commands that run a job share."""

from __future__ import annotations

import contextlib
import functools
import json
import signal
import sys
from typing import TYPE_CHECKING, Any

import click

from dmedia.cli.place import read_choice, refuse_unfit_place
from dmedia.model import FileStatus, JobState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dmedia.model import JobReport, JobSpec
    from dmedia.report.observer import Observer
    from dmedia.run.clusters.places import ClusterChoice
    from dmedia.run.stop import Stop

    Start = Callable[[ClusterChoice, Observer, Stop], JobReport]

DONE, SOME_FAILED, CANCELLED = 0, 3, 9
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def launch(spec: JobSpec, values: dict[str, Any]) -> int:
    """Run a job, or only plan it, and show how it goes.

    Parameters
    ----------
    spec : JobSpec
        What is asked for.
    values : dict
        The command's values for its run options.

    Returns
    -------
    int
        Exit status.
    """
    refuse_unfit_place(values)
    if values["dry_run"]:
        from dmedia.cli.dry_run import show_plan

        return show_plan(spec, as_json=values["json"])
    if values["detach"]:
        from dmedia.cli.detach import detach
        from dmedia.run.clusters.scrutiny import scrutinise
        from dmedia.run.detached import create_job

        scrutinise(read_choice(values, spec).place)
        return detach(create_job(spec), ["resume"], values, reads_stdin=spec.inputs.listing == b"-")
    return run(functools.partial(_run_job, spec), values, spec)


def run(start: Start, values: dict[str, Any], spec: JobSpec | None = None) -> int:
    """Run a job to its end, and show how it goes and ended.

    Parameters
    ----------
    start : callable
        Runs it: gets the cluster, the observer and the wish to stop, and returns how the job ended.
    values : dict
        The command's values for its run options.
    spec : JobSpec, optional
        What a new job is asked for: says what memory a slot may take.

    Returns
    -------
    int
        Exit status.
    """
    from dmedia.run.clusters.scrutiny import scrutinise
    from dmedia.run.launcher import become_launcher
    from dmedia.run.stop import Stop

    stop = Stop()
    choice = read_choice(values, spec)
    become_launcher()
    scrutinise(choice.place)
    observer = choose_observer(quiet=values["quiet"])
    with heeded_signals(stop):
        try:
            report = start(choice, observer, stop)
        finally:
            with contextlib.suppress(OSError):
                observer.close()
    try:
        show_end(report, as_json=values["json"], quiet=values["quiet"])
    except OSError:
        if stop.signal is None:  # after a hang-up there is no terminal to write to, and the status says so
            raise
    return exit_status(report, stop)


def _run_job(spec: JobSpec, choice: ClusterChoice, observer: Observer, stop: Stop) -> JobReport:
    from dmedia.run.job import run_job

    return run_job(spec, choice, observer, stop)


def choose_observer(*, quiet: bool) -> Observer:
    """Choose how progress is shown: a bar on a terminal, lines elsewhere, on standard error in both."""
    if quiet:
        from dmedia.report.observer import Silence

        return Silence()
    if sys.stderr.isatty():
        from dmedia.report.bar import Bar

        return Bar()
    from dmedia.report.lines import Lines

    return Lines(sys.stderr)


@contextlib.contextmanager
def heeded_signals(stop: Stop) -> Iterator[None]:
    """Let signals end the job in order: the first lets running files end, the second does not."""
    before = {number: signal.signal(number, lambda received, _: stop.request(received)) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def show_end(report: JobReport, *, as_json: bool, quiet: bool) -> None:
    """Print a job's end on standard output: one JSON document, or a summary."""
    from dmedia.record.reader import read_files, read_warned
    from dmedia.report.documents import job_document
    from dmedia.report.summary import summarise

    if as_json:
        click.echo(json.dumps(job_document(report)))
    elif not quiet:
        for line in summarise(report, read_files(report.id, {FileStatus.FAILED}), read_warned(report.id)):
            click.echo(line)
        if report.state is JobState.INTERRUPTED:
            click.echo(f"  stopped before the end; go on with: dmedia resume {report.id}")


def exit_status(report: JobReport, stop: Stop) -> int:
    """Turn a job's end into an exit status."""
    if stop.signal is not None:
        return 128 + stop.signal  # as shells report a process ended by a signal
    if report.state is JobState.CANCELLED:
        return CANCELLED
    return SOME_FAILED if report.failed else DONE
