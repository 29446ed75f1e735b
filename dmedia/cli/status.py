"""dmedia status: what jobs are doing, or did."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import click

from dmedia.model import ENDED, FileStatus, JobState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dmedia.model import FileReport, JobReport

WATCH_PERIOD_S = 1.0
FINAL = ENDED | {JobState.INTERRUPTED}


@click.command(short_help="Show running and recent jobs, or one of them.")
@click.argument("job", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON: a list of jobs, or with JOB one object.")
@click.option("--files", is_flag=True, help="Show every file of the job.")
@click.option("--failed", is_flag=True, help="Show the files that failed.")
@click.option("--warned", is_flag=True, help="Show the files that were completed with warnings.")
@click.option("--watch", is_flag=True, help="Go on showing until the job has ended; with --json one document a line.")
def command(job: str | None, *, as_json: bool, watch: bool, **which: bool) -> int:
    """Show running and recent jobs, newest first, or one of them.

    JOB is an id, the beginning of one, or `last`. The status is read from the job's
    record, from any process at any time.
    """
    if job is None:
        if watch or any(which.values()):
            raise click.UsageError("--files, --failed, --warned and --watch are about one job: name it, or `last`")
        return _show_jobs(as_json=as_json)
    from dmedia.record.home import find_job

    job = find_job(job)
    while True:
        report = _show_job(job, which, as_json=as_json)
        if not watch or report.state in FINAL:
            return 0
        time.sleep(WATCH_PERIOD_S)


def _show_jobs(*, as_json: bool) -> int:
    from dmedia.record.reader import list_jobs
    from dmedia.report.documents import duration, job_document

    reports, warnings = list_jobs()
    for warning in warnings:
        click.echo(f"warning: {warning}", err=True)
    if as_json:
        click.echo(json.dumps([job_document(report) for report in reports]))
        return 0
    if not reports:
        click.echo("no jobs that can be read" if warnings else "no jobs yet")
    for report in reports:
        name = (report.preset or report.operation) + (f" {report.shard}" if report.shard else "")
        others = ((report.failed, "failed"), (report.cancelled, "cancelled"))
        told = "".join(f", {count:,} {word}" for count, word in others if count)
        click.echo(
            f"{report.id}  {report.state:<11} {report.progress:>3} %  {name:<14} "
            f"{report.done - report.cancelled:,}/{report.total:,} files{told}  {duration(report)}"
        )
    return 0


def _show_job(job: str, which: dict[str, bool], *, as_json: bool) -> JobReport:
    from dmedia.record.reader import read_job
    from dmedia.report.documents import file_document, job_document, joined
    from dmedia.report.summary import file_line

    report = read_job(job)
    files = _chosen_files(job, **which)
    if as_json:
        head = job_document(report)
        documents = map(file_document, files)
        for part in joined(head, "files", documents) if any(which.values()) else (json.dumps(head),):
            click.echo(part, nl=False)
        click.echo()
        return report
    for line in _job_lines(report):
        click.echo(line)
    for file in files:
        click.echo(file_line(file))
    return report


def _chosen_files(job: str, *, files: bool, failed: bool, warned: bool) -> Iterator[FileReport]:
    from dmedia.record.reader import read_files, read_warned

    if files:
        yield from read_files(job)
        return
    if failed:
        yield from read_files(job, {FileStatus.FAILED})
    if warned:
        yield from read_warned(job)


def _job_lines(report: JobReport) -> Iterator[str]:
    from dmedia.report.documents import duration
    from dmedia.report.summary import files

    what = (report.preset or report.operation) + (f"  shard {report.shard}" if report.shard else "")
    yield f"{report.id}  {what}  {report.state}  {report.progress} %  {duration(report)}"
    if report.planning:
        planned = "not planned to its end" if report.state in FINAL else "planning"
        yield f"  {planned}: {files(report.total)} found so far"
    else:
        yield from _course_lines(report)
    for warning in report.warnings:
        yield f"  warning: {warning}"
    if report.state is JobState.INTERRUPTED:
        yield f"  not at its end; go on with: dmedia resume {report.id}"


def _course_lines(report: JobReport) -> Iterator[str]:
    """Tell of a job whose files are known."""
    from dmedia.report.dashboard_link import dashboard_link
    from dmedia.report.summary import clock, files, outcome, printable

    yield f"  {outcome(report)}" + (f", {report.processing} being worked on" if report.processing else "")
    if report.eta_s is not None and report.state not in FINAL:
        yield f"  {report.files_per_s or 0:.1f} files/s, about {clock(report.eta_s)} left"
    yield f"  output: {printable(report.output_directory)}"
    if report.dashboard and report.state not in FINAL:
        yield f"  dashboard: {dashboard_link(report)}"
    for code, count in report.errors.items():
        yield f"  {count:,} failed: {code}"
    if report.gps_removed:
        yield f"  GPS position removed from {files(report.gps_removed)}"
    if report.warned:
        yield f"  {files(report.warned)} with warnings: --warned shows them"
