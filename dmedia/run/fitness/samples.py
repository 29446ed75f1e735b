"""Samples: sources that every worker looks at before a job starts, and that the launcher has looked at itself."""

from __future__ import annotations

import os
import time
from functools import partial
from typing import TYPE_CHECKING

from dmedia.errors import DmediaError
from dmedia.record.sampling import pending_samples
from dmedia.run.fitness.demand import Sample
from dmedia.run.patience import TICK_S, Call
from dmedia.storage import local as storage
from dmedia.storage.locations import is_url, place
from dmedia.storage.stores import store_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from dmedia.record.writer import RecordWriter

SAMPLES = 5
"""Sources that every worker looks at: from the beginning of a job to its end, for inputs may be mounted one by one."""

LIMIT_S = 30.0
"""Seconds that the launcher looks at them itself: of a store that hangs, workers then look at none."""


def samples_of(record: RecordWriter, tick: Callable[[], None]) -> tuple[Sample, ...]:
    """Choose samples of a job: a few of those that the launcher sees as they were planned.

    All are looked at at once: there are few, and a store that hangs keeps nobody waiting for the others.

    Parameters
    ----------
    record : RecordWriter
        Of the job; its plan is complete.
    tick : callable
        Is called now and then while they are looked at; what it raises ends that.

    Returns
    -------
    tuple of Sample
        In the job's order.
    """
    found = _few_of_stores([Sample(*found) for found in pending_samples(record.job, SAMPLES)])
    looks = [(sample, Call(partial(is_as_planned, sample, record.spec.roots))) for sample in found]
    until_s = time.monotonic() + LIMIT_S
    for _, look in looks:
        while not look.wait(TICK_S) and time.monotonic() < until_s:
            tick()
        if look.error:
            raise look.error
    return tuple(sample for sample, look in looks if look.answer)


def is_as_planned(sample: Sample, roots: tuple[bytes, ...] = ()) -> bool:
    """Tell whether the launcher can read a source, as it was planned: otherwise it says nothing about workers."""
    try:
        if is_url(sample.location):
            found = store_of(sample.location, roots).look(sample.location)
            return found is not None and sample.size_bytes in (found.size_bytes, -1)
        descriptor = storage.open_source(sample.location, roots)
    except DmediaError:
        return False
    try:
        return os.fstat(descriptor).st_size == sample.size_bytes
    finally:
        os.close(descriptor)


def _few_of_stores(samples: list[Sample]) -> list[Sample]:
    """Leave out sources of each store but its first and last: to look at one takes the time of a journey there."""
    ends: dict[bytes, tuple[Sample, Sample]] = {}
    for sample in samples:
        where = place(sample.location)
        ends[where] = ends.get(where, (sample,))[0], sample
    return [sample for sample in samples if not place(sample.location) or sample in ends[place(sample.location)]]
