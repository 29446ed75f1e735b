"""Manifests are written when all of a job's files have an outcome, before it is told to have ended."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from typing import TYPE_CHECKING

from dmedia.errors import MediaError
from dmedia.model import FileStatus
from dmedia.record.reader import read_files, read_job
from dmedia.report.manifests import WRITERS
from dmedia.storage import local as storage
from dmedia.storage.faults import fault
from dmedia.storage.locations import is_url, join
from dmedia.storage.stores import Terms, store_of
from dmedia.words import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dmedia.model import FileReport, JobSpec, Manifest
    from dmedia.record.writer import RecordWriter

WITH_RENDITIONS = frozenset({FileStatus.COMPLETED, FileStatus.SKIPPED})


def write_manifests(record: RecordWriter) -> None:
    """Write what was asked for beside the renditions. What cannot be written is a warning of the job: its files are.

    Parameters
    ----------
    record : RecordWriter
        Of a job of which all files have an outcome.
    """
    spec = record.spec
    for listed in spec.manifests:
        location = _location(spec, listed.manifest)
        ranks = {rank for rank, recipe in enumerate(spec.recipes) if recipe.preset in listed.presets}
        try:
            lost = _write(record.job, spec, listed.manifest, _files(record.job, ranks))
        except MediaError as error:
            record.life.warn(f"{shown(location)} could not be written: {error.message}")
        else:
            if lost > 0:
                record.life.warn(f"{shown(location)} lists this job's files only: {lost:,} lines fewer than before")


def _files(job: str, ranks: set[int]) -> Iterator[FileReport]:
    """Read the files that have renditions, each with those of the ranks only."""
    for file in read_files(job, WITH_RENDITIONS):
        yield replace(file, outputs=tuple(output for rank, output in enumerate(file.outputs) if rank in ranks))


def _write(job: str, spec: JobSpec, manifest: Manifest, files: Iterator[FileReport]) -> int:
    """Write one; tell by how many lines it is shorter than the one that it replaces, 0 where nobody can."""
    _, media_type, write = WRITERS[manifest]
    pieces, location = write(read_job(job), files), _location(spec, manifest)
    if is_url(location):
        with tempfile.TemporaryFile() as file:
            _fill(file.fileno(), pieces)
            terms = Terms(job, spec.policies.overwrite, media_type)
            store_of(location).put(file.fileno(), location, terms)
        return 0
    temporary = storage.temporary_path(location, job)
    descriptor = storage.create(temporary, spec.roots)
    try:
        _fill(descriptor, pieces)
        lost = _lines(location) - _lines(temporary)
        storage.publish(temporary, location, job, replaces=spec.policies.overwrite)
    finally:
        os.close(descriptor)
        storage.discard(temporary)
    return lost


def _lines(path: bytes) -> int:
    try:
        with open(path, "rb") as file:
            return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
    except OSError:  # nothing is there
        return 0


def _location(spec: JobSpec, manifest: Manifest) -> bytes:
    shard = f"-{spec.inputs.shard.replace('/', '-of-')}" if spec.inputs.shard else ""
    return join(spec.output_directory, WRITERS[manifest][0].format(shard).encode())


def _fill(descriptor: int, pieces: Iterable[bytes]) -> None:
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.writelines(pieces)
    except OSError as error:
        raise fault(error, "encode") from None
