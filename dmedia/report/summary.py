"""What a person reads when a job has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dmedia.report.documents import duration
from dmedia.words import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dmedia.model import FileReport, JobReport

EXAMPLES = 3
"""Files named for each reason of failure; ``dmedia status JOB --failed`` names all."""


def summarise(report: JobReport, failed: Iterable[FileReport], warned: Iterable[FileReport]) -> Iterator[str]:
    """Sum a job up.

    Parameters
    ----------
    report : JobReport
        The job at its end.
    failed, warned : iterable of FileReport
        Its failed files, and those completed with warnings.

    Yields
    ------
    str
        Lines: outcome, bytes, failures grouped by reason with examples, warnings.
    """
    took = duration(report)
    yield f"{report.id}: {report.state}, {outcome(report)}" + ("" if took == "running" else f" in {took}")
    if report.completed:
        yield f"  {_saving(report)}; renditions are in {printable(report.output_directory)}"
    if report.gps_removed:
        yield f"  GPS position removed from {files(report.gps_removed)}"
    if report.ignored:
        kinds = ", ".join(
            f"{count} {'.' + name if name else 'without extension'}" for name, count in report.ignored.items()
        )
        yield f"  ignored: {kinds}"
    if report.failed:
        yield from _failures(report, failed)
    if report.warned:
        yield f"  {files(report.warned)} with warnings, such as: {_first_warning(warned)}"
        yield f"    all of them: dmedia status {report.id} --warned"
    for warning in report.warnings:
        yield f"  warning: {warning}"


def started(report: JobReport) -> str:
    """Tell that a job was started, and how much it is, as far as it is known."""
    return f"Started batch job {report.id}: {extent(report)}"


def extent(report: JobReport) -> str:
    """Tell how much a job is, as far as it is known."""
    if report.planning:
        return f"processing files ({report.total:,} found so far)"
    return f"processing {files(report.total)}"


def printable(path: bytes) -> str:
    """Show a path on a terminal: control characters, and those that turn the direction of writing, become escapes."""
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in shown(path))


def files(count: int) -> str:
    """Count files in words."""
    return f"{count:,} file" + "s" * (count != 1)


def file_line(file: FileReport) -> str:
    """Tell in a line what became of a file, and what helps."""
    failure = file.failure
    reason = f": {failure.message}" if failure else "".join(f"; {warning}" for warning in file.warnings)
    hint = f" (hint: {failure.hint})" if failure and failure.hint else ""
    return f"  {file.status:<10} {printable(file.source)}{reason}{hint}"


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
    return f"{words or 'nothing to do'} of {files(report.total)}"


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
            yield f"    {printable(file.source)}: {file.failure.message}"
        if count > EXAMPLES:
            yield f"    and {count - EXAMPLES:,} more: dmedia status {report.id} --failed"
        for hint in dict.fromkeys(file.failure.hint for file in examples[code] if file.failure and file.failure.hint):
            yield f"    hint: {hint}"


def _first_warning(warned: Iterable[FileReport]) -> str:
    file = next(iter(warned), None)
    return f"{printable(file.source)}: {'; '.join(file.warnings)}" if file else ""
