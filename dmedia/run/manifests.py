"""Manifests are written when all of a job's files have an outcome, before it is told to have ended."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING

from dmedia.errors import MediaError
from dmedia.model import FileStatus
from dmedia.record.reader import read_files, read_job
from dmedia.report.manifests import WRITERS
from dmedia.storage import local as storage
from dmedia.storage.faults import fault
from dmedia.storage.locations import is_url, join
from dmedia.storage.stores import Terms, store_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dmedia.model import JobSpec, Manifest
    from dmedia.record.writer import RecordWriter

WITH_RENDITIONS = frozenset({FileStatus.COMPLETED, FileStatus.SKIPPED})


def write_manifests(record: RecordWriter) -> None:
    """Write what was asked for beside the renditions. What cannot be written is a warning of the job: its files are.

    Parameters
    ----------
    record : RecordWriter
        Of a job of which all files have an outcome.
    """
    for manifest in record.spec.manifests:
        try:
            _write(record.job, record.spec, manifest)
        except MediaError as error:
            name = _location(record.spec, manifest).decode(errors="replace")
            record.life.warn(f"{name} could not be written: {error.message}")


def _write(job: str, spec: JobSpec, manifest: Manifest) -> None:
    _, media_type, write = WRITERS[manifest]
    pieces = write(read_job(job), read_files(job, WITH_RENDITIONS))
    location = _location(spec, manifest)
    if is_url(location):
        with tempfile.TemporaryFile() as file:
            _fill(file.fileno(), pieces)
            terms = Terms(job, spec.policies.overwrite, media_type)
            store_of(location).put(file.fileno(), location, terms)
        return
    temporary = storage.temporary_path(location, job)
    descriptor = storage.create(temporary, spec.roots)
    try:
        _fill(descriptor, pieces)
        storage.publish(temporary, location, job, replaces=spec.policies.overwrite)
    finally:
        os.close(descriptor)
        storage.discard(temporary)


def _location(spec: JobSpec, manifest: Manifest) -> bytes:
    shard = f"-{spec.inputs.shard.replace('/', '-of-')}" if spec.inputs.shard else ""
    return join(spec.output_directory, WRITERS[manifest][0].format(shard).encode())


def _fill(descriptor: int, pieces: Iterable[bytes]) -> None:
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.writelines(pieces)
    except OSError as error:
        raise fault(error, "encode") from None
