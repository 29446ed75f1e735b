"""Tools that start, change and end batches. None of them waits for the end, unless it is asked to."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from annotated_types import Ge, Le

from dmedia.api.job import Job, refuse_nothing_failed
from dmedia.api.plans import preview
from dmedia.api.request import read_spec
from dmedia.api.start import go_on, start
from dmedia.api.work import read_work
from dmedia.errors import ErrorCode  # noqa: TC001 - a schema is made of it
from dmedia.model import ENDED, JobState
from dmedia.operations.parameters import Help
from dmedia.record.reader import read_job
from dmedia.record.requests import withdraw
from dmedia.report.documents import job_document
from dmedia.report.shapes import JobDocument, PreviewDocument
from dmedia.report.summary import files, outcome, started
from dmedia.serve.answers import Answer
from dmedia.serve.tool import REPLACES, STARTS, Tool

if TYPE_CHECKING:
    from dmedia.api.options import BatchOptions
    from dmedia.model import JobSpec
    from dmedia.serve.roots import Roots

MOST_PREVIEWED = 50
"""Files that a dry run tells of."""

PREVIEW_LIMIT_S = 1.3
"""Seconds after which a dry run tells what it has found so far, where nobody is ready to wait longer."""

CANCEL_WAIT_S, LOOK_S = 1.5, 0.05
"""Seconds to wait for a job's end that was asked for, and between two looks."""

LONGEST_WAIT_S = 3600

WaitSeconds = Annotated[
    float,
    Ge(0),
    Le(LONGEST_WAIT_S),
    Help(
        "Wait so long for the end before answering; the job goes on either way. Without it, ask get_batch_status", "s"
    ),
]


@dataclass(frozen=True, kw_only=True)
class BatchProcess:
    """Arguments of ``batch_process``."""

    input_pattern: Annotated[str, Help("A glob such as images/*.jpg or photos/**/*.png, a directory, or one file")]
    operation: Annotated[str, Help("Name of an operation, or of a preset (list_presets)")]
    output_directory: Annotated[str, Help("Where renditions go; made when missing. The input tree is mirrored")]
    parameters: Annotated[
        dict[str, Any] | None,
        Help(
            "Arguments of the operation; with a preset, what shall be otherwise. convert needs format, watermark text "
            "or logo"
        ),
    ] = None
    preset: Annotated[str | None, Help("Name of a preset; operation is then its operation, or its name again")] = None
    also: Annotated[list[str] | None, Help("Further presets whose renditions are made of each file too")] = None
    recursive: Annotated[bool, Help("Walk into a directory's subdirectories")] = False
    overwrite: Annotated[bool, Help("Replace files in the output directory that dmedia has not made itself")] = False
    on_collision: Annotated[
        Literal["error", "keep-ext", "number"],
        Help("When two files would get one path: error, keep-ext (photo.jpg.webp) or number (photo-2.webp)"),
    ] = "error"
    dry_run: Annotated[bool, Help("Tell what would be written, and write nothing")] = False
    wait_seconds: WaitSeconds = 0


@dataclass(frozen=True, kw_only=True)
class JobId:
    """Arguments of tools about one job."""

    job_id: Annotated[str, Help("A job's id, the beginning of one, or `last`")]


@dataclass(frozen=True, kw_only=True)
class ResumeBatch(JobId):
    """Arguments of ``resume_batch``."""

    wait_seconds: WaitSeconds = 0


@dataclass(frozen=True, kw_only=True)
class RetryBatch(ResumeBatch):
    """Arguments of ``retry_batch``."""

    codes: Annotated[list[ErrorCode] | None, Help("Only files that failed with one of these error codes")] = None


def batch_process(roots: Roots, asked: BatchProcess) -> Answer:
    """Start a batch."""
    also = tuple(asked.also or ())
    for preset in (asked.preset or asked.operation, *also):
        roots.refuse_preset(preset)
    work = read_work(asked.operation, roots.with_files(asked.parameters or {}), asked.preset, also)
    options: BatchOptions = {
        "recursive": asked.recursive,
        "overwrite": asked.overwrite,
        "on_collision": asked.on_collision,
        "roots": roots.paths,
    }
    inputs = roots.resolve_pattern(asked.input_pattern, recursive=asked.recursive)
    spec = read_spec(inputs, work, roots.resolve(asked.output_directory), options)
    if asked.dry_run:
        return _preview(spec, max(PREVIEW_LIMIT_S, asked.wait_seconds))
    report = read_job(start(spec))
    return Answer(job_document(report), started(report), report.id)


def cancel_batch(roots: Roots, asked: JobId) -> Answer:
    """End a batch."""
    report = roots.find_job(asked.job_id)
    job = report.id
    if report.state is not JobState.CANCELLED:
        Job(job).cancel()
    until_s = time.monotonic() + CANCEL_WAIT_S
    while (report := read_job(job)).state not in ENDED and time.monotonic() < until_s:
        time.sleep(LOOK_S)
    word = "cancelled" if report.state is JobState.CANCELLED else "cancelling"
    return Answer(job_document(report), f"{job}: {word}, {outcome(report)}")


def resume_batch(roots: Roots, asked: ResumeBatch) -> Answer:
    """Let a batch go on."""
    job = roots.find_job(asked.job_id).id
    if not withdraw(job, "pause"):
        go_on(job, "resume", (), arguments=_confined(roots))
    return _going_on(job)


def retry_batch(roots: Roots, asked: RetryBatch) -> Answer:
    """Try a batch's failed files again."""
    job = roots.find_job(asked.job_id).id
    codes = tuple(asked.codes or ())
    refuse_nothing_failed(job, codes)
    go_on(job, "retry", codes, arguments=_confined(roots))
    return _going_on(job)


def _preview(spec: JobSpec, limit_s: float) -> Answer:
    found = preview(spec, MOST_PREVIEWED, limit_s)
    if found["planning"]:
        text = (
            f"Would process at least {files(found['total'])}: counting takes longer than wait_seconds. "
            "Nothing was written"
        )
    else:
        text = (
            f"Would process {files(found['total'])}: {found['pending']:,} to do, {found['skipped']:,} up to date, "
            f"{found['failed']:,} cannot be done. Nothing was written"
        )
    return Answer(found, text)


def _going_on(job: str) -> Answer:
    report = read_job(job)
    return Answer(job_document(report), f"{job}: {report.state}, {outcome(report)}", job)


def _confined(roots: Roots) -> list[str]:
    """Keep a launcher within the roots, whoever has made the job."""
    return [word for root in roots.paths for word in ("--root", os.fsdecode(root))]


TOOLS = (
    Tool(
        "batch_process",
        "Process many files",
        "Resize, convert, compress, watermark, crop or thumbnail many photos and films at once, or apply a preset to "
        "them. Starts a job and answers at once with its id; the job goes on by itself, also when this conversation "
        "ends. A bad file fails alone. The same call again does only what is not up to date.",
        BatchProcess,
        JobDocument | PreviewDocument,
        STARTS,
        batch_process,
    ),
    Tool(
        "cancel_batch",
        "End a batch",
        "End a running job: files being worked on are given up, the rest is marked cancelled; what is done stays.",
        JobId,
        JobDocument,
        REPLACES,
        cancel_batch,
    ),
    Tool(
        "resume_batch",
        "Let a batch go on",
        "Let a job go on that was paused, interrupted or cancelled. What is done is not done again.",
        ResumeBatch,
        JobDocument,
        REPLACES,
        resume_batch,
    ),
    Tool(
        "retry_batch",
        "Try failed files again",
        "Try the failed files of a job again, all or those of some error codes.",
        RetryBatch,
        JobDocument,
        STARTS,
        retry_batch,
    ),
)
