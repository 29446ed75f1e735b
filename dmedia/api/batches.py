"""Batches: many files by one request."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Unpack, overload

from dmedia.api.job import Job
from dmedia.api.options import further_presets
from dmedia.api.place import read_place, take_place
from dmedia.api.request import read_spec
from dmedia.api.start import start
from dmedia.api.work import read_work
from dmedia.model import FileStatus
from dmedia.record.reader import list_jobs, read_files, read_job
from dmedia.report.documents import file_document, job_document

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dmedia.api.options import AnyPath, BatchOptions
    from dmedia.report.shapes import BatchDocument, FileDocument, JobDocument

MOST_FILES = 50
"""Files that a status tells of: what a person, or an assistant, can take in."""

URGENT = (FileStatus.FAILED, FileStatus.PROCESSING)
"""The files that are told of first where not all can be."""


def batch_process(
    input_pattern: AnyPath | Sequence[AnyPath],
    operation: str,
    output_directory: AnyPath,
    parameters: Mapping[str, Any] | None = None,
    *,
    client: Any = None,
    **options: Unpack[BatchOptions],
) -> Job:
    """Start a batch and go on; it does not need this process any further, unless it has the client.

    Parameters
    ----------
    input_pattern : path or sequence of path
        Files, directories and globs such as ``images/*.jpg``.
    operation : str
        Name of an operation or of a preset.
    output_directory : path
        Where renditions go; made when missing. The tree below the inputs' common base is mirrored.
    parameters : mapping of str to object, optional
        The operation's arguments, or what shall be otherwise than in the preset.
    client : distributed.Client, optional
        Connected and synchronous: the job runs on its cluster, from a thread of this process. Without one, a launcher
        of its own runs it on this machine's cores, and outlives this process.
    **options : BatchOptions
        What else there is to say.

    Returns
    -------
    Job
        Its handle.

    Raises
    ------
    UsageError
        When what is asked makes no sense.
    DmediaError
        When the plan is refused within a moment: no input, renditions that collide, no space. Otherwise the job's
        status will say so.
    """
    work = read_work(operation, parameters, options.get("preset"), further_presets(options))
    spec = read_spec(input_pattern, work, output_directory, options)
    place = take_place(options)
    return Job(start(spec, client, read_place(place, client)), client, **place)


@overload
def get_batch_status(job_id: None = None, *, most_files: int = ...) -> list[JobDocument]: ...


@overload
def get_batch_status(job_id: str, *, most_files: int = ...) -> BatchDocument: ...


def get_batch_status(job_id: str | None = None, *, most_files: int = MOST_FILES) -> BatchDocument | list[JobDocument]:
    """Tell where a job stands, or what jobs there are.

    Parameters
    ----------
    job_id : str, optional
        Its id, the beginning of one, or ``last``.
    most_files : int
        How many files to tell of.

    Returns
    -------
    dict or list of dict
        With an id the job with its ``files``: all when there are no more than ``most_files``; otherwise so many, failed
        ones first, then those being worked on. Without one all jobs that are not over and the newest of the others.

    Raises
    ------
    UnknownJobError, DamagedRecordError
        When there is no such job, or its record cannot be read.
    """
    if job_id is None:
        return [job_document(report) for report in list_jobs()[0]]
    report = read_job(Job(job_id).id)
    chosen = list(_choose_files(report.id, report.total, most_files))
    return {**job_document(report), "files_shown": len(chosen), "files": chosen}


def _choose_files(job: str, total: int, most_files: int) -> Iterator[FileDocument]:
    if total <= most_files:
        files = read_files(job)
    else:
        others = set(FileStatus) - set(URGENT)
        files = itertools.chain.from_iterable(read_files(job, {*wanted}) for wanted in (*zip(URGENT), others))
    return map(file_document, itertools.islice(files, most_files))
