"""Tools that tell of batches."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from annotated_types import Ge, Le

from dmedia.api.batches import get_batch_status as read_status
from dmedia.model import FileStatus
from dmedia.operations.parameters import Help
from dmedia.record.reader import read_files, read_warned
from dmedia.report.documents import file_document, job_document
from dmedia.report.shapes import BatchDocument, JobsDocument, ReportDocument
from dmedia.report.summary import summarise
from dmedia.serve.answers import Answer
from dmedia.serve.tool import READS, Tool
from dmedia.serve.tools.batches import JobId

if TYPE_CHECKING:
    from dmedia.serve.roots import Roots

LARGEST_PAGE = 500


@dataclass(frozen=True, kw_only=True)
class GetBatchStatus:
    """Arguments of ``get_batch_status``."""

    job_id: Annotated[
        str | None, Help("A job's id, the beginning of one, or `last`; without it, active and recent jobs are listed")
    ] = None


@dataclass(frozen=True, kw_only=True)
class GetBatchReport(JobId):
    """Arguments of ``get_batch_report``."""

    status: Annotated[
        Literal["pending", "processing", "completed", "failed", "skipped", "cancelled"] | None,
        Help("Only files that stand so; without it all"),
    ] = None
    offset: Annotated[int, Ge(0), Help("Leave out so many of them: for the next page")] = 0
    limit: Annotated[int, Ge(0), Le(LARGEST_PAGE), Help("Tell of at most so many")] = 100


def get_batch_status(roots: Roots, asked: GetBatchStatus) -> Answer:
    """Tell where a job stands, or which there are."""
    if asked.job_id is None:
        return Answer({"jobs": [job_document(report) for report in roots.list_jobs()]})
    document = read_status(roots.find_job(asked.job_id).id)
    assert isinstance(document, dict), "of one job"
    return Answer(document)


def get_batch_report(roots: Roots, asked: GetBatchReport) -> Answer:
    """Sum a job up, and tell what became of each file."""
    report = roots.find_job(asked.job_id)
    lines = list(summarise(report, read_files(report.id, {FileStatus.FAILED}), read_warned(report.id)))
    files = read_files(report.id, {FileStatus(asked.status)} if asked.status else None)
    page = [file_document(file) for file in itertools.islice(files, asked.offset, asked.offset + asked.limit)]
    counted = report.total if asked.status is None else getattr(report, asked.status)
    told = asked.offset + len(page)
    document = {
        "job": job_document(report),
        "summary": lines,
        "files_total": counted,
        "offset": asked.offset,
        "next_offset": told if page and told < counted else None,
        "files": page,
    }
    return Answer(document)


TOOLS = (
    Tool(
        "get_batch_status",
        "See how batches stand",
        "With a job's id: progress, counts, errors and its files (all when few, otherwise failed ones first). Without: "
        "the active and recent jobs. A job that is completed has ended; failed counts the files that failed.",
        GetBatchStatus,
        BatchDocument | JobsDocument,
        READS,
        get_batch_status,
    ),
    Tool(
        "get_batch_report",
        "Read what became of each file",
        "A summary of a job in sentences, with failures grouped by reason and what helps, and its files page by page.",
        GetBatchReport,
        ReportDocument,
        READS,
        get_batch_report,
    ),
)
