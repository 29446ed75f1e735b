"""The order in which a job is planned."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from dmedia.catalog import Catalog
from dmedia.errors import MediaError, NoInputError
from dmedia.formats import kind_by_extension
from dmedia.model import Failure, FileStatus, Plan, PlannedFile, PlannedPlace
from dmedia.planning import preflight
from dmedia.planning.collisions import separate
from dmedia.planning.destination import choose_folding, destination_of
from dmedia.planning.name_length import too_long
from dmedia.planning.naming import Naming
from dmedia.planning.shard import Shard
from dmedia.planning.standing import note_standing
from dmedia.storage.local import refuse_outside
from dmedia.words import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dmedia.model import JobSpec, Source
    from dmedia.planning.folding import Folding
    from dmedia.record.writer import RecordWriter

BATCH = 1_000
"""Rows a transaction of planning takes."""

BATCH_S = 0.2
"""Seconds after which fewer are written, and between two calls of ``found``."""

LOOKED_INTO = 2_000
"""Directory entries that a hint is worth looking at."""


def plan_job(record: RecordWriter, found: Callable[[int], None] = lambda _: None) -> Plan:
    """Plan a job: its record gets a row for each source, and the output directory is made.

    A plan that was begun and not finished is begun again. When it is refused, the caller discards the record.

    Parameters
    ----------
    record : RecordWriter
        Of this job, with what was asked. For an ephemeral one (a dry run) nothing is made and nothing is written.
    found : callable
        Gets the number of sources found so far, at most every 0.2 s and at the end.

    Returns
    -------
    Plan
        In numbers.

    Raises
    ------
    UsageError
        When the name template or the shard is not valid, there is no input, or a store cannot be used from here.
    NoInputError
        When no input matched, or other shards have all that did.
    OutsideRootsError
        When an input or the output directory leads out of the job's roots.
    CollisionError
        When two renditions would have one path, or one would overwrite a source.
    PreflightError
        When the output directory cannot be written or its disk is too small, or a store does not tell what is in it.
        Nothing was written there.
    """
    spec = record.spec
    destination = destination_of(spec)
    naming = Naming(spec)
    shard = Shard(spec, naming)
    preflight.refuse_outside_roots(spec)
    destination.refuse_unfit()
    record.plan.begin()
    catalog = Catalog(spec.inputs, spec.accepts, spec.output_directory, spec.roots)
    catalog.meanwhile = _SignOfLife(record, found)
    folding = choose_folding(spec, may_write=not record.ephemeral)
    name_max = destination.longest_name()
    _Filling(record, naming, folding, name_max).fill(catalog.sources(shard.takes if shard.is_part else None), found)
    if not record.plan.total():
        raise NoInputError(empty) if (empty := shard.emptiness()) else _no_input(spec, catalog)
    warnings = [*catalog.warnings, *preflight.lost_dates(spec)]
    if separate(record, folding):
        _fail_too_long(record, name_max)
    warnings += note_standing(record, _SignOfLife(record, found))
    counted = record.plan.count()
    bytes_in, estimate = _forecast(record)
    forecast, free, no_forecast = destination.forecast(estimate, spec.persistence.min_free_bytes)
    if not record.ephemeral:
        preflight.refuse_outside_roots(spec)  # a long plan leaves time to put a link there
        warnings += destination.make(record.job)
    record.plan.complete(catalog.base, catalog.ignored, warnings)
    return Plan(
        total=sum(counted.values()),
        pending=counted[FileStatus.PENDING],
        skipped=counted[FileStatus.SKIPPED],
        failed=counted[FileStatus.FAILED],
        ignored=dict(catalog.ignored),
        bytes_in=bytes_in,
        forecast_bytes=forecast,
        free_bytes=free,
        warnings=tuple(warnings),
        no_forecast=no_forecast,
    )


def _forecast(record: RecordWriter) -> tuple[int, int]:
    """Tell how many bytes will be read, and about how many written."""
    sums = [record.plan.sum_bytes(*preflight.most_bytes(recipe)) for recipe in record.spec.recipes]
    return sums[0][0], sum(estimate for _, estimate in sums)


class _SignOfLife:
    """Called again and again, it shows at times that the job is being planned, and lets it be stopped."""

    def __init__(self, record: RecordWriter, found: Callable[[int], None]) -> None:
        self._record = record
        self._found = found
        self._shown_at = time.monotonic()

    def __call__(self) -> None:
        now = time.monotonic()
        if now - self._shown_at >= BATCH_S:
            self._shown_at = now
            self._found(self._record.plan.total())
            with self._record.plan.changing():
                pass  # which is a heartbeat


class _Filling:
    """Sources on their way into the record."""

    def __init__(self, record: RecordWriter, naming: Naming, folding: Folding, name_max: int) -> None:
        self._record = record
        self._naming = naming
        self._folding = folding
        self._name_max = name_max
        self._files: list[PlannedFile] = []
        self._keys: list[tuple[bytes, ...]] = []

    def fill(self, sources: Iterator[Source], found: Callable[[int], None]) -> None:
        total, told_at = 0, time.monotonic()
        for total, source in enumerate(sources, 1):  # the last one is told
            self._add(total - 1, source)
            now = time.monotonic()
            if len(self._files) >= BATCH or now - told_at >= BATCH_S:
                self._write()
            if now - told_at >= BATCH_S:
                found(total)
                told_at = now
        self._write()
        found(total)

    def _add(self, number: int, source: Source) -> None:
        try:
            renditions = self._naming.renditions(source)
            failure = self._leading_out(source) or too_long(renditions, self._name_max)
        except MediaError as error:
            renditions, failure = self._naming.fallback(source), error
        first, *others = renditions
        file = PlannedFile(number, source, first, also=tuple(map(PlannedPlace, others)))
        if failure:
            self._files.append(_failed(file, failure))
            self._keys.append(())
        else:
            self._files.append(file)
            self._keys.append(tuple(map(self._folding.key, renditions)))

    def _leading_out(self, source: Source) -> MediaError | None:
        """Tell why a source that the catalog could not look at, or was not to, will never be opened."""
        if source.size_bytes < 0:
            try:
                refuse_outside(source.path, self._record.spec.roots, "plan")
            except MediaError as error:
                return error
        return None

    def _write(self) -> None:
        if self._files:
            self._record.plan.add(self._files, self._keys)
            self._files, self._keys = [], []


def _failed(file: PlannedFile, error: MediaError) -> PlannedFile:
    return replace(file, status=FileStatus.FAILED, failure=Failure.of(error))


def _fail_too_long(record: RecordWriter, name_max: int) -> None:
    """Fail what has become too long by getting a name unlike another one."""
    for page in record.plan.pages():
        failed = [_failed(file, error) for file in page if (error := too_long(file.renditions, name_max))]
        if failed:
            with record.plan.changing():
                record.plan.settle(failed)


def _no_input(spec: JobSpec, catalog: Catalog) -> NoInputError:
    ignored, kinds = catalog.ignored, " or ".join(sorted(spec.accepts))
    message = f"No {kinds} found for {spec.operation}"
    if catalog.warnings:
        last = catalog.warnings[-1]
        message += f": {last[0].lower()}{last[1:]}"
    if ignored:
        counted = ", ".join(
            f"{count} {'.' + suffix if suffix else 'without extension'}" for suffix, count in ignored.most_common(8)
        )
        message += f"; ignored {ignored.total()} file{'s' * (ignored.total() > 1)}: {counted}"
    walked = [path for path in spec.inputs.paths if not spec.inputs.recursive and _has_media_below(path, spec.accepts)]
    if walked:
        return NoInputError(message, f"{shown(walked[0])} has some in its subdirectories: add -r.")
    return NoInputError(message, "A file that is named by itself is always taken." if ignored else None)


def _has_media_below(path: bytes, accepts: frozenset[str]) -> bool:
    if not os.path.isdir(path):
        return False
    looked = 0
    for directory, _, names in os.walk(path):
        looked += 1 + len(names)
        if directory != path and any(kind_by_extension(name) in accepts for name in names):
            return True
        if looked > LOOKED_INTO:
            return False
    return False
