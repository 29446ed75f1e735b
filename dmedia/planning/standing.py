"""What stands already where the renditions go: nothing, ours, up to date, foreign, or a source."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from dmedia.errors import CollisionError, MediaError
from dmedia.model import Failure, FileStatus, PlannedFile, Standing
from dmedia.operations import request_digest
from dmedia.planning.standing_in_store import There, standing_in_store
from dmedia.record.earlier import EarlierRenditions, stands_as_written
from dmedia.record.unfinished import UnfinishedJobs
from dmedia.storage.local import is_inside
from dmedia.storage.locations import is_url
from dmedia.storage.stores import Identity, store_of
from dmedia.words import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dmedia.model import Output, Source
    from dmedia.planning.standing_in_store import Kind
    from dmedia.record.earlier import EarlierRendition
    from dmedia.record.writer import RecordWriter

EXISTS = "Output exists: "


def note_standing(record: RecordWriter, meanwhile: Callable[[], None]) -> list[str]:
    """Look at every rendition's path, and note what stands there and which files are up to date.

    Parameters
    ----------
    record : RecordWriter
        With all rows of the plan, their paths final.
    meanwhile : callable
        Is called again and again, for it may take long; what it raises ends the look. It may write into the record.

    Returns
    -------
    list of str
        A warning for each earlier record that could not be read.

    Raises
    ------
    CollisionError
        When a rendition would be written over one of the job's sources.
    PreflightError
        When a store does not tell what stands there.
    """
    spec = record.spec
    in_store = is_url(spec.output_directory)
    if not in_store and not os.path.isdir(spec.output_directory):
        return []
    digest = request_digest(spec.recipes, spec.logo.content if spec.logo else b"")
    earlier = EarlierRenditions(spec.output_directory, spec.operation, digest, besides=record.job)
    unfinished = UnfinishedJobs(spec.output_directory, besides=record.job)
    try:
        look = _Look(record, earlier, unfinished, meanwhile)
        for page, there in standing_in_store(record, meanwhile) if in_store else look.pages():
            settled = look.settled(page, there)
            with record.plan.changing():
                record.plan.settle(settled)
    finally:
        earlier.close()
        unfinished.close()
    look.refuse_shadowing()
    return earlier.warnings


class _Look:
    """A look at every rendition's path, page by page, and what it has found."""

    def __init__(
        self,
        record: RecordWriter,
        earlier: EarlierRenditions,
        unfinished: UnfinishedJobs,
        meanwhile: Callable[[], None],
    ) -> None:
        self._record = record
        self._earlier = earlier
        self._unfinished = unfinished
        self._meanwhile = meanwhile
        self._is_inside = lru_cache(maxsize=256)(partial(is_inside, roots=record.spec.roots))
        self._overwrite = record.spec.policies.overwrite
        self._shadowing: list[tuple[bytes, bytes]] = []
        self._shadowing_total = 0

    def pages(self) -> Iterator[tuple[list[PlannedFile], dict[bytes, There]]]:
        """Look at the paths on this machine: page by page the files, and what stands at some of the paths."""
        for page in self._record.plan.pages(there=True):
            renditions = (rendition for file in page for rendition in file.renditions)
            yield page, {rendition: found for rendition in renditions if (found := self._look(rendition))}

    def settled(self, page: list[PlannedFile], there: dict[bytes, There]) -> list[PlannedFile]:
        """Return those files of a page that something stands in the way of."""
        standing = [file for file in page if not there.keys().isdisjoint(file.renditions)]
        if not standing:
            return []
        paths = [rendition for file in standing for rendition in file.renditions if rendition in there]
        identities = {path: there[path].identity for path in paths if there[path].kind == "file"}
        ours = self._earlier.look_up(identities, self._meanwhile)
        self._unfinished.refresh()  # after looking: whoever published what was seen has completed its plan by now
        for file in standing:
            for rendition in filter(there.__contains__, file.renditions):
                self._note_shadowing(file.source.path, rendition)
        return [self._judge(file, there, ours) for file in standing]

    def _look(self, rendition: bytes) -> There | None:
        self._meanwhile()
        if not self._is_inside(os.path.dirname(rendition)):
            return None  # it will not be written, and nobody learns what is there
        with suppress(OSError):
            found = os.stat(rendition, follow_symlinks=False)
            return There(Identity(found.st_size, found.st_mtime_ns, ""), _kind(found.st_mode))
        return None

    def _judge(self, file: PlannedFile, there: dict[bytes, There], ours: dict[bytes, EarlierRendition]) -> PlannedFile:
        self._meanwhile()
        known = next((ours[rendition] for rendition in file.renditions if rendition in ours), None)
        if known and _is_up_to_date(file, known, ours):
            standings = [Standing.OURS] * len(file.renditions)
            return replace(file.standing_as(standings), status=FileStatus.SKIPPED, outputs=known.outputs)
        standings = list(file.standings)
        for rank, rendition in enumerate(file.renditions):
            if rendition in ours:
                standings[rank] = Standing.OURS
            elif rendition in there:
                standings[rank] = self._standing(rendition, there[rendition])
                if failure := self._refusal(standings[rank], there[rendition]):
                    if file.also:
                        failure = replace(failure, message=f"{failure.message} ({shown(rendition)})")
                    return replace(file.standing_as(standings), status=FileStatus.FAILED, failure=failure)
        return file.standing_as(standings)

    def _standing(self, rendition: bytes, found: There) -> Standing:
        ours = found.kind == "file" and self._unfinished.may_have_written(rendition, found.identity)
        return Standing.OURS if ours else Standing.FOREIGN

    def _refusal(self, standing: Standing, found: There) -> Failure | None:
        if standing is Standing.OURS:
            return None
        if found.kind == "directory":
            return Failure("output_exists", EXISTS + "a directory has the rendition's name", "plan")
        if self._overwrite:
            return None
        return Failure(
            "output_exists",
            EXISTS + "it is not as a job on record here has written it: somebody else's, changed since, or made by"
            " a job whose record is gone or in another DMEDIA_HOME",
            "plan",
            "Use --overwrite to replace it, or the DMEDIA_HOME of the job that made it.",
        )

    def _note_shadowing(self, source: bytes, rendition: bytes) -> None:
        """Only a source of the same size and time can be the same file, by whatever link or case it is reached.

        An object has one name, and is the same one only under it.
        """
        if is_url(rendition):
            if self._record.plan.places.has_source(rendition):
                self._count_shadowing(rendition, rendition)
            return
        with suppress(OSError):
            found = os.stat(rendition)
            for other in self._record.plan.sources_like(found.st_size, found.st_mtime_ns):
                if not is_url(other) and os.path.samestat(os.stat(other), found):
                    self._count_shadowing(source, rendition)
                    return

    def _count_shadowing(self, source: bytes, rendition: bytes) -> None:
        self._shadowing_total += 1
        if len(self._shadowing) < 3:  # as many as the message shows
            self._shadowing.append((source, rendition))

    def refuse_shadowing(self) -> None:
        if not self._shadowing_total:
            return
        examples = "; ".join(f"{shown(source)} -> {shown(rendition)}" for source, rendition in self._shadowing)
        total = self._shadowing_total
        renditions = f"{total} rendition{'s' * (total > 1)}"
        raise CollisionError(
            f"{renditions} would overwrite a source of this job: {examples}. Nothing was written.",
            "Choose another output directory with -o, or another --name such as '{dir}/{stem}-small.{ext}'.",
        )


def _kind(mode: int) -> Kind:
    if stat.S_ISREG(mode):
        return "file"
    return "directory" if stat.S_ISDIR(mode) else "other"


def _is_up_to_date(file: PlannedFile, known: EarlierRendition, ours: dict[bytes, EarlierRendition]) -> bool:
    now = file.source
    then = (known.source, known.size_bytes, known.version or known.mtime_ns)
    is_same = then == (now.path, now.size_bytes, now.version or now.mtime_ns) and is_identified(now)
    outputs = known.outputs
    if not (known.same_request and is_same and {output.path for output in outputs} == set(file.renditions)):
        return False
    return all(ours[output.path] == known if output.path in ours else _stands_as_written(output) for output in outputs)


def is_identified(source: Source) -> bool:
    """Tell whether anything but its size tells a source from another of its name."""
    return not is_url(source.path) or bool(source.version or source.mtime_ns > 0)


def _stands_as_written(output: Output) -> bool:
    if is_url(output.path):
        with suppress(MediaError):
            there = store_of(output.path).look(output.path)
            return there is not None and stands_as_written(output, there)
        return False
    with suppress(OSError):
        found = os.stat(output.path, follow_symlinks=False)
        return stands_as_written(output, Identity(found.st_size, found.st_mtime_ns, ""))
    return False
