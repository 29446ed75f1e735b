"""dmedia status: what jobs are doing, or did."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import click

from dmedia.model import ENDED, FileStatus, JobState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dmedia.model import JobReport

WATCH_PERIOD_S = 1.0
FINAL = ENDED | {JobState.INTERRUPTED}


@click.command(short_help="Show running and recent jobs, or one of them.")
@click.argument("job", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON: a list of jobs, or with JOB one object.")
@click.option("--files", is_flag=True, help="Show every file of the job.")
@click.option("--failed", is_flag=True, help="Show the files that failed.")
@click.option("--watch", is_flag=True, help="Go on showing until the job has ended; with --json one document a line.")
def command(job: str | None, *, as_json: bool, files: bool, failed: bool, watch: bool) -> int:
    """Show running and recent jobs, newest first, or one of them.

    JOB is an id, the beginning of one, or `last`. The status is read from the job's
    record, from any process at any time.
    """
    if job is None:
        if files or failed or watch:
            raise click.UsageError("--files, --failed and --watch are about one job: name it, or `last`")
        return _show_jobs(as_json=as_json)
    from dmedia.record.home import find_job

    statuses = {FileStatus.FAILED} if failed and not files else None
    job = find_job(job)
    while True:
        report = _show_job(job, statuses, as_json=as_json, files=files or failed)
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
        click.echo("no jobs yet")
    for report in reports:
        name = report.preset or report.operation
        failed = f", {report.failed:,} failed" if report.failed else ""
        click.echo(
            f"{report.id}  {report.state:<11} {report.progress:>3} %  {name:<14} "
            f"{report.done:,}/{report.total:,} files{failed}  {duration(report)}"
        )
    return 0


def _show_job(job: str, statuses: set[FileStatus] | None, *, as_json: bool, files: bool) -> JobReport:
    from dmedia.record.reader import read_files, read_job
    from dmedia.report.documents import file_document, job_document, joined

    report = read_job(job)
    documents = (file_document(file) for file in read_files(job, statuses)) if files else iter(())
    if as_json:
        head = job_document(report)
        for part in joined(head, "files", documents) if files else (json.dumps(head),):
            click.echo(part, nl=False)
        click.echo()
        return report
    for line in _job_lines(report):
        click.echo(line)
    for document in documents:
        reason = f": {document['error']}" if document["error"] else ""
        hint = f" (hint: {document['hint']})" if document["hint"] else ""
        click.echo(f"  {document['status']:<10} {document['path']}{reason}{hint}")
    return report


def _job_lines(report: JobReport) -> Iterator[str]:
    from dmedia.report.documents import duration, text
    from dmedia.report.summary import clock, outcome

    yield f"{report.id}  {report.preset or report.operation}  {report.state}  {report.progress} %  {duration(report)}"
    yield f"  {outcome(report)}" + (f", {report.processing} being worked on" if report.processing else "")
    if report.eta_s is not None and report.state not in FINAL:
        yield f"  {report.files_per_s or 0:.1f} files/s, about {clock(report.eta_s)} left"
    yield f"  output: {text(report.output_directory)}"
    if report.dashboard and report.state not in FINAL:
        yield f"  dashboard: {report.dashboard}"
    for code, count in report.errors.items():
        yield f"  {count:,} failed: {code}"
    for warning in report.warnings:
        yield f"  warning: {warning}"
