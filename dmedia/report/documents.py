"""Jobs and files as JSON documents: programs rely on the first keys and types, which do not change."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dmedia.model import ENDED, JobState
from dmedia.words import redacted, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dmedia.model import FileReport, JobReport, Output, Plan
    from dmedia.report.shapes import (
        FileDocument,
        JobDocument,
        OutputDocument,
        PlanDocument,
        PlannedFileDocument,
    )


def job_document(report: JobReport) -> JobDocument:
    """Make a job's status document.

    Parameters
    ----------
    report : JobReport
        As a reader of the record sees it.

    Returns
    -------
    dict
        The eight keys that programs rely on first, in their order; then the rest. Times are ISO 8601 in UTC.
    """
    document: JobDocument = {
        "id": report.id,
        "operation": report.operation,
        "status": str(report.state),
        "progress": report.progress,
        "completed": report.completed,
        "failed": report.failed,
        "total": report.total,
        "duration": duration(report),
        "planning": report.planning,
        "skipped": report.skipped,
        "cancelled": report.cancelled,
        "processing": report.processing,
        "pending": report.pending,
        "created_at": _time(report.created_at),
        "started_at": None if report.started_at is None else _time(report.started_at),
        "ended_at": None if report.ended_at is None else _time(report.ended_at),
        "eta_s": report.eta_s,
        "files_per_s": report.files_per_s,
        "bytes_in": report.bytes_in,
        "bytes_out": report.bytes_out,
        "output_directory": shown(report.output_directory),
        "base": shown(report.base),
        "parameters": report.parameters,
        "preset": report.preset,
        "shard": report.shard,
        "errors": report.errors,
        "ignored": report.ignored,
        "warned": report.warned,
        "gps_removed": report.gps_removed,
        "warnings": list(report.warnings),
        "scheduler": report.scheduler,
        "dashboard": report.dashboard,
    }
    if report.renditions:
        document["renditions"] = [{**rendition} for rendition in report.renditions]  # type: ignore[typeddict-item]  # the record's own
    return document


def file_document(report: FileReport) -> FileDocument:
    """Make a file's status document.

    Parameters
    ----------
    report : FileReport
        As a reader of the record sees it.

    Returns
    -------
    dict
        ``path``, ``status`` and ``error`` first. ``path`` is text, with U+FFFD for bytes that are not UTF-8; then
        ``path_b64`` carries the exact bytes.
    """
    failure = report.failure
    document: FileDocument = {
        "path": shown(report.source),
        "status": str(report.status),
        "error": failure.message if failure else None,
        "code": failure.code if failure else None,
        "stage": failure.stage if failure else None,
        "hint": failure.hint if failure else None,
        "attempts": report.attempts,
        "seconds": report.seconds,
        "worker": report.worker,
        "decoder": report.decoder,
        "bytes_in": report.bytes_in,
        "outputs": [_output_document(output) for output in report.outputs],
        "warnings": list(report.warnings),
        "gps_removed": report.gps_removed,
    }
    if exact := exact_path(report.source):
        document["path_b64"] = exact
    return document


def plan_document(plan: Plan) -> PlanDocument:
    """Make the document of a plan that is only shown."""
    return {
        "planning": False,
        "total": plan.total,
        "pending": plan.pending,
        "skipped": plan.skipped,
        "failed": plan.failed,
        "bytes_in": plan.bytes_in,
        "forecast_bytes": plan.forecast_bytes,
        "free_bytes": plan.free_bytes,
        "no_forecast": plan.no_forecast or None,
        "ignored": plan.ignored,
        "warnings": list(plan.warnings),
    }


def planned_file_document(report: FileReport) -> PlannedFileDocument:
    """Make the document of a file in a plan: ``path``, ``status`` and ``error`` as always, then its rendition."""
    document: PlannedFileDocument = {
        "path": shown(report.source),
        "status": str(report.status),
        "error": report.failure.message if report.failure else None,
        "rendition": shown(report.rendition),
    }
    if report.also:
        document["also"] = [shown(rendition) for rendition in report.also]
    if exact := exact_path(report.source):
        document["path_b64"] = exact
    return document


def joined(head: Mapping[str, Any], key: str, documents: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Write a document with a list as its last value, piece by piece: a million files need not fit into memory.

    Parameters
    ----------
    head : dict
        The document without the list; not empty.
    key : str
        The list's key.
    documents : iterable of dict
        The list.

    Yields
    ------
    str
        Pieces of one JSON document.
    """
    yield f"{json.dumps(head)[:-1]}, {json.dumps(key)}: ["
    for number, document in enumerate(documents):
        yield (", " if number else "") + json.dumps(document)
    yield "]}"


def _output_document(output: Output) -> OutputDocument:
    document: OutputDocument = {
        "path": shown(output.path),
        "width": output.width,
        "height": output.height,
        "format": output.format,
        "bytes": output.size_bytes,
        "sha256": output.sha256,
    }
    if output.duration_s is not None:
        document["duration_s"] = output.duration_s
    if output.frames is not None:
        document["frames"] = output.frames
    if output.version:
        document["version"] = output.version
    if output.quality is not None:
        document["quality"] = output.quality
    if output.ssim is not None:
        document["ssim"] = output.ssim
    if output.identical is not None:
        document["identical"] = output.identical
    if exact := exact_path(output.path):
        document["path_b64"] = exact
    return document


def duration(report: JobReport) -> str:
    """Tell how long a job took: ``"running"`` until it ends, then whole seconds such as ``"45s"``."""
    if report.state in ENDED or report.state is JobState.INTERRUPTED:
        return f"{int(report.elapsed_s)}s"
    return "running"


def exact_path(path: bytes) -> str | None:
    """Write a path's exact bytes in Base64, where its text does not tell them; ``None`` where it does, or may not."""
    is_told = shown(path).encode() == path or redacted(path) != path
    return None if is_told else base64.b64encode(path).decode("ascii")


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
