"""What stands already where the renditions go: nothing, ours, up to date, foreign, or a source."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from dmedia.errors import CollisionError
from dmedia.model import Failure, FileStatus, PlannedFile, Standing
from dmedia.operations import request_digest
from dmedia.record.earlier import EarlierRenditions
from dmedia.record.unfinished import UnfinishedJobs
from dmedia.storage.local import is_inside
from dmedia.words import shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from dmedia.model import Output
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
    """
    spec = record.spec
    if not os.path.isdir(spec.output_directory):
        return []
    earlier = EarlierRenditions(
        spec.output_directory, spec.operation, request_digest(spec.operation, spec.parameters), besides=record.job
    )
    unfinished = UnfinishedJobs(spec.output_directory, besides=record.job)
    try:
        look = _Look(record, earlier, unfinished, meanwhile)
        for page in record.plan.pages(there=True):
            settled = look.settled(page)
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

    def settled(self, page: list[PlannedFile]) -> list[PlannedFile]:
        """Return those files of a page that something stands in the way of."""
        there = {file.number: found for file in page if (found := self._look(file.rendition))}
        if not there:
            return []
        standing = [file for file in page if file.number in there]
        identities = {
            file.rendition: (there[file.number].st_size, there[file.number].st_mtime_ns)
            for file in standing
            if stat.S_ISREG(there[file.number].st_mode)
        }
        ours = self._earlier.look_up(identities, self._meanwhile)
        self._unfinished.refresh()  # after looking: whoever published what was seen has completed its plan by now
        for file in standing:
            self._note_shadowing(file)
        return [self._judge(file, there[file.number], ours.get(file.rendition)) for file in standing]

    def _look(self, rendition: bytes) -> os.stat_result | None:
        self._meanwhile()
        if not self._is_inside(os.path.dirname(rendition)):
            return None  # it will not be written, and nobody learns what is there
        with suppress(OSError):
            return os.stat(rendition, follow_symlinks=False)
        return None

    def _judge(self, file: PlannedFile, found: os.stat_result, ours: EarlierRendition | None) -> PlannedFile:
        self._meanwhile()
        if ours:
            if _is_up_to_date(file, ours):
                return replace(file, standing=Standing.OURS, status=FileStatus.SKIPPED, outputs=ours.outputs)
            return replace(file, standing=Standing.OURS)
        written = (file.rendition, found.st_size, found.st_mtime_ns)
        if stat.S_ISREG(found.st_mode) and self._unfinished.may_have_written(*written):
            return replace(file, standing=Standing.OURS)
        if stat.S_ISDIR(found.st_mode):
            failure = Failure("output_exists", EXISTS + "a directory has the rendition's name", "plan")
        elif self._overwrite:
            return replace(file, standing=Standing.FOREIGN)
        else:
            failure = Failure(
                "output_exists",
                EXISTS + "it is not as a job of dmedia has written it: somebody else's, or changed since",
                "plan",
                "Use --overwrite to replace it.",
            )
        return replace(file, standing=Standing.FOREIGN, status=FileStatus.FAILED, failure=failure)

    def _note_shadowing(self, file: PlannedFile) -> None:
        """Only a source of the same size and time can be the same file, by whatever link or case it is reached."""
        with suppress(OSError):
            found = os.stat(file.rendition)
            for source in self._record.plan.sources_like(found.st_size, found.st_mtime_ns):
                if os.path.samestat(os.stat(source), found):
                    self._shadowing_total += 1
                    if len(self._shadowing) < 3:  # as many as the message shows
                        self._shadowing.append((file.source.path, file.rendition))
                    return

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


def _is_up_to_date(file: PlannedFile, ours: EarlierRendition) -> bool:
    then = (ours.source, ours.size_bytes, ours.mtime_ns)
    now = (file.source.path, file.source.size_bytes, file.source.mtime_ns)
    beside = [output for output in ours.outputs if output.path != file.rendition]
    return ours.same_request and then == now and all(map(_stands_as_written, beside))


def _stands_as_written(output: Output) -> bool:
    with suppress(OSError):
        found = os.stat(output.path, follow_symlinks=False)
        return (found.st_size, found.st_mtime_ns) == (output.size_bytes, output.mtime_ns)
    return False
