"""--dry-run: the plan, with every rendition's path, and nothing written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dmedia.model import FileStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dmedia.model import FileReport, JobSpec, Plan

SAID = {
    FileStatus.PENDING: "write",
    FileStatus.SKIPPED: "up to date",
    FileStatus.FAILED: "cannot",
}


def show_plan(spec: JobSpec, *, as_json: bool) -> int:
    """Plan a job, show the plan and forget it.

    Parameters
    ----------
    spec : JobSpec
        What is asked for.
    as_json : bool
        Whether the plan is printed as one JSON document.

    Returns
    -------
    int
        Exit status: 0, because nothing has failed.
    """
    from dmedia.planning import plan_job
    from dmedia.record.writer import RecordWriter

    with RecordWriter.create(spec, ephemeral=True) as record:
        plan = plan_job(record)
        if as_json:
            _print_json(plan, record.files())
        else:
            _print_lines(plan, record.files())
    return 0


def _print_lines(plan: Plan, files: Iterator[FileReport]) -> None:
    from dmedia.report.summary import files as counted
    from dmedia.report.summary import printable, size

    for file in files:
        reason = f"  ({file.failure.message})" if file.failure else ""
        click.echo(f"{SAID[file.status]:<10} {printable(file.source)} -> {printable(file.rendition)}{reason}")
        for rendition in file.also:
            click.echo(f"{'':<10} {printable(file.source)} -> {printable(rendition)}")
    click.echo(
        f"{counted(plan.total)}: {plan.pending:,} to do, {plan.skipped:,} up to date, {plan.failed:,} cannot be done"
    )
    if plan.ignored:
        click.echo(f"ignored: {counted(sum(plan.ignored.values()))} in directories that are not for this operation")
    if plan.forecast_bytes is None or plan.free_bytes is None:
        click.echo(f"{plan.no_forecast}; nothing was written")
    else:
        click.echo(f"forecast: about {size(plan.forecast_bytes)} of {size(plan.free_bytes)} free; nothing was written")
    for warning in plan.warnings:
        click.echo(f"warning: {warning}")


def _print_json(plan: Plan, files: Iterator[FileReport]) -> None:
    from dmedia.report.documents import joined, plan_document, planned_file_document

    for part in joined(plan_document(plan), "files", (planned_file_document(file) for file in files)):
        click.echo(part, nl=False)
    click.echo()
