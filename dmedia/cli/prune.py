"""dmedia prune: forget old jobs."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from dmedia.cli.types import Age

if TYPE_CHECKING:
    from dmedia.record.pruning import Verdict


@click.command(short_help="Remove the records of old jobs.")
@click.option("--older", type=Age(), required=True, metavar="AGE", help="Of jobs that ended so long ago: 90d, 12h, 4w.")
@click.option("-n", "--dry-run", is_flag=True, help="Show what would be removed, and remove nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(older: float, *, dry_run: bool, as_json: bool) -> int:
    """Remove the records of jobs that ended long ago. Renditions are not touched.

    The last job of each output directory stays, because the next one learns from it which files are up to date; and so
    does what runs, can be resumed or cannot be read. Renditions that only a removed record knew are somebody else's to
    later jobs, which replace them only with --overwrite.
    """
    from dmedia.record.pruning import prune

    verdicts = []
    for verdict in prune(older, dry_run=dry_run):
        verdicts.append(verdict)
        if not as_json:
            _show(verdict, dry_run=dry_run)
    if as_json:
        click.echo(json.dumps(_document(verdicts, dry_run=dry_run)))
    else:
        click.echo(_total(verdicts, dry_run=dry_run))
    return 0


def _show(verdict: Verdict, *, dry_run: bool) -> None:
    """Print a line for a job that is old enough; the young are only counted."""
    from dmedia.record.pruning import Reason
    from dmedia.report.summary import files, printable, size

    report = verdict.report
    about = f"{report.operation}, {files(report.total)} into {printable(report.output_directory)}" if report else ""
    if verdict.reason is None:
        click.echo(f"{'would go' if dry_run else 'removed':<9} {verdict.job}  {about}, {size(verdict.size_bytes)}")
    elif verdict.reason is not Reason.YOUNG:
        why = f"{verdict.reason}: {verdict.message}" if verdict.message else verdict.reason
        click.echo(f"{'kept':<9} {verdict.job}  " + ", ".join(text for text in (why, about) if text))


def _total(verdicts: list[Verdict], *, dry_run: bool) -> str:
    from dmedia.report.summary import size

    gone = [verdict for verdict in verdicts if verdict.reason is None]
    kept = Counter(verdict.reason.value for verdict in verdicts if verdict.reason)
    freed = size(sum(verdict.size_bytes for verdict in gone))
    text = f"{len(gone):,} jobs {'would be removed' if dry_run else 'removed'}, {freed}; {kept.total():,} kept"
    return text + (": " + ", ".join(f"{count:,} {reason}" for reason, count in kept.items()) if kept else "")


def _document(verdicts: list[Verdict], *, dry_run: bool) -> dict[str, Any]:
    gone = [{"id": verdict.job, "bytes": verdict.size_bytes} for verdict in verdicts if verdict.reason is None]
    kept = [
        {"id": verdict.job, "reason": verdict.reason.name.lower(), "message": verdict.message or None}
        for verdict in verdicts
        if verdict.reason
    ]
    return {"dry_run": dry_run, "removed": gone, "kept": kept, "bytes": sum(entry["bytes"] for entry in gone)}
