"""What comes of files, on its way into the record: what is final, what is tried again, what nobody is charged for."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from dmedia.errors import RecordFullError
from dmedia.record.reader import read_job
from dmedia.run.brake import DRAIN_S
from dmedia.run.fitness.demand import Lack
from dmedia.run.patience import TICK_S
from dmedia.run.retries import UNCHARGED, Retries
from dmedia.run.room import SCRATCH

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dmedia.model import FileResult, Persistence, Running
    from dmedia.record.writer import RecordWriter
    from dmedia.run.brake import Brake
    from dmedia.run.collect import Outcome
    from dmedia.run.fleet import Fleet

NO_SCRATCH = Lack(
    "have no room for temporary files", "", "free space where they keep those, or let TMPDIR name another directory"
)
"""What is said of workers whose directory for temporary files is full, while others do the work."""


class Ledger:
    """Enters results into a record, and keeps them for as long as its disk has no room.

    Parameters
    ----------
    record : RecordWriter
        Planned.
    brake : Brake
        Is told of a full disk, and when too many files have failed.
    failed_before : int
        Failed files that do not count for ``--max-failures``.

    Attributes
    ----------
    retries : Retries
        Files that wait for another attempt.
    """

    def __init__(self, record: RecordWriter, brake: Brake, failed_before: int) -> None:
        report = read_job(record.job)
        self.retries = Retries(record.spec.persistence)
        self._record, self._brake = record, brake
        self._most_failed = most_failed(record.spec.persistence, report.total)
        self._failed = report.failed - failed_before
        self._ended: list[FileResult] = []
        self._tried: list[FileResult] = []
        self._count_failed(())

    @property
    def is_clear(self) -> bool:
        """Whether nothing waits to be entered or tried again."""
        return not (self._ended or self._tried or self.retries)

    @property
    def failures_left(self) -> int | None:
        """Files that may still fail; ``None`` where any number may."""
        return None if self._most_failed is None else max(0, self._most_failed - self._failed)

    def enter(self, outcome: Outcome, running: Sequence[Running], fleet: Fleet) -> list[FileResult]:
        """Sort what files came to, and record it.

        Parameters
        ----------
        outcome : Outcome
            Of some futures.
        running : sequence of Running
            All that runs now.
        fleet : Fleet
            Is told of workers without room for temporary files: while others have some, the job goes on there.

        Returns
        -------
        list of FileResult
            Those that are final.
        """
        ended = []
        again = [task.number for task in outcome.lost]
        for result in outcome.results:
            if result.failure and result.failure.code in UNCHARGED:
                self._note_full(result, fleet)
                again.append(result.number)
            elif self.retries.claim(result):
                self._tried.append(result)
            else:
                ended.append(result)
        self.retries.forget(ended)
        self.retries.postpone(task.number for task in outcome.refused)
        self._record.give_back(again)
        self._ended += ended
        self._commit(running)
        self._count_failed(ended)
        return ended

    def write(self, change: Callable[[], object]) -> None:
        """Change the record, as soon as its disk has room for that.

        Parameters
        ----------
        change : callable
            What changes it.

        Raises
        ------
        RecordFullError
            When the launcher was asked to end meanwhile; after a while also when the job was cancelled.
        """
        began_s = time.monotonic()
        while True:
            try:
                change()
            except RecordFullError:
                self._brake.look()
                if self._brake.stopped or (self._brake.ending and time.monotonic() - began_s > DRAIN_S):
                    raise
                time.sleep(TICK_S)
            else:
                return

    def _note_full(self, result: FileResult, fleet: Fleet) -> None:
        from dmedia.run.transport.staging import is_about_scratch  # which a job without stores does not need

        if not (result.failure and is_about_scratch(result.failure)):
            self._brake.room.found_full()
        elif not fleet.set_aside(result.worker, NO_SCRATCH):
            self._brake.room.found_full(SCRATCH)

    def _commit(self, running: Sequence[Running]) -> None:
        try:
            self._record.commit(self._ended, running, self._tried)
        except RecordFullError:
            self._brake.room.found_full(f"the record of {self._record.job}")
            return
        if any(not result.failure for result in self._ended):
            self._brake.room.written()
        self._ended, self._tried = [], []

    def _count_failed(self, ended: Sequence[FileResult]) -> None:
        self._failed += sum(result.failure is not None for result in ended)
        if self._most_failed is not None and self._failed >= self._most_failed:
            self._brake.gave_up = True


def most_failed(persistence: Persistence, total: int) -> int | None:
    """Tell how many failed files end a launcher's work.

    Parameters
    ----------
    persistence : Persistence
        As a person said it, as a number or as a share.
    total : int
        Files of the job.

    Returns
    -------
    int or None
        At least 1; ``None`` where any number may fail.
    """
    limits = []
    if persistence.max_failed is not None:
        limits.append(persistence.max_failed)
    if persistence.max_failed_share is not None:
        limits.append(math.ceil(persistence.max_failed_share * total))
    return max(1, min(limits)) if limits else None
