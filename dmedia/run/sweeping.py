"""Temporary files of jobs that nobody works on are removed: of this one, and of those whose launcher was killed."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from dmedia.errors import RecordError
from dmedia.planning.shard import are_apart
from dmedia.record.reader import read_inputs
from dmedia.record.unfinished import UnfinishedJobs
from dmedia.storage import local as storage
from dmedia.storage.locations import is_url

if TYPE_CHECKING:
    from dmedia.record.writer import RecordWriter


def sweep_abandoned(record: RecordWriter) -> None:
    """Remove the temporary files of jobs of this output directory whose launcher was killed; warn of those at work.

    Parameters
    ----------
    record : RecordWriter
        Of the new job.
    """
    with contextlib.closing(UnfinishedJobs(record.spec.output_directory, besides=record.job)) as unfinished:
        for job in unfinished.working:
            with contextlib.suppress(RecordError):
                if are_apart(record.spec.inputs, read_inputs(job)):
                    continue
            record.life.warn(f"{job} is writing into the same directory: a rendition is of the job that comes last")
        abandoned = set()
        for job, directory in unfinished.abandoned():
            _sweep_directory(directory, job, record.spec.roots)
            abandoned.add(job)
        for job in abandoned:
            _sweep_directory(record.spec.output_directory, job, record.spec.roots)


def sweep(record: RecordWriter) -> None:
    """Remove the temporary files of a job that no slot works on, and the one by which workers knew the directory."""
    for directory in {record.spec.output_directory, *record.rendition_directories()}:
        _sweep_directory(directory, record.job, record.spec.roots)


def _sweep_directory(directory: bytes, job: str, roots: tuple[bytes, ...]) -> None:
    if not is_url(directory):
        storage.sweep(directory, job, roots)
        return
    from dmedia.storage.stores.leftovers import sweep as sweep_store

    sweep_store(directory, job, roots)
