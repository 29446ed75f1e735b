"""What a person reads when a job has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dmedia.report.documents import duration, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dmedia.model import FileReport, JobReport

EXAMPLES = 3
"""Files named for each reason of failure; ``dmedia status JOB --failed`` names all."""


def summarise(report: JobReport, failed: Iterable[FileReport]) -> Iterator[str]:
    """Sum a job up.

    Parameters
    ----------
    report : JobReport
        The job at its end.
    failed : iterable of FileReport
        Its failed files.

    Yields
    ------
    str
        Lines: outcome, bytes, failures grouped by reason with examples, warnings.
    """
    yield f"{report.id}: {report.state}, {outcome(report)} in {duration(report)}"
    if report.completed:
        yield f"  {_saving(report)}; renditions are in {text(report.output_directory)}"
    if report.ignored:
        kinds = ", ".join(
            f"{count} {'.' + name if name else 'without extension'}" for name, count in report.ignored.items()
        )
        yield f"  ignored: {kinds}"
    if report.failed:
        yield from _failures(report, failed)
    for warning in report.warnings:
        yield f"  warning: {warning}"


def outcome(report: JobReport) -> str:
    """Tell in words what became of a job's files."""
    counts = (
        (report.completed, "done"),
        (report.skipped, "up to date"),
        (report.failed, "failed"),
        (report.cancelled, "cancelled"),
        (report.pending + report.processing, "not done"),
    )
    words = ", ".join(f"{count:,} {word}" for count, word in counts if count)
    return f"{words or 'nothing to do'} of {report.total:,} files"


def size(size_bytes: float) -> str:
    """Show a number of bytes for people, in powers of 1000 as disks are sold."""
    for unit in ("B", "kB", "MB", "GB"):
        if size_bytes < 1000:
            return f"{size_bytes:.0f} {unit}" if unit == "B" or size_bytes >= 100 else f"{size_bytes:.1f} {unit}"
        size_bytes /= 1000
    return f"{size_bytes:.1f} TB"


def clock(seconds: float) -> str:
    """Show a duration for people: ``42s``, ``3m 05s``, ``2h 10m``."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02}s"
    return f"{whole // 3600}h {whole % 3600 // 60:02}m"


def _saving(report: JobReport) -> str:
    change = 100 * (report.bytes_out - report.bytes_in) / report.bytes_in if report.bytes_in else 0.0
    return f"{size(report.bytes_in)} became {size(report.bytes_out)} ({change:+.0f} %)"


def _failures(report: JobReport, failed: Iterable[FileReport]) -> Iterator[str]:
    examples: dict[str, list[FileReport]] = {code: [] for code in report.errors}
    wanted = sum(min(EXAMPLES, count) for count in report.errors.values())
    for file in failed:
        if file.failure and len(examples.setdefault(file.failure.code, [])) < EXAMPLES:
            examples[file.failure.code].append(file)
            wanted -= 1
        if wanted <= 0:
            break
    for code, count in sorted(report.errors.items(), key=lambda entry: -entry[1]):
        yield f"  {count:,} failed: {code}"
        for file in examples[code]:
            assert file.failure is not None, "collected above"
            yield f"    {text(file.source)}: {file.failure.message}"
        if count > EXAMPLES:
            yield f"    and {count - EXAMPLES:,} more: dmedia status {report.id} --failed"
        hint = next((file.failure.hint for file in examples[code] if file.failure and file.failure.hint), None)
        if hint:
            yield f"    hint: {hint}"
