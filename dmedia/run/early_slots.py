"""The slots that a launcher starts for the worker which its own process is going to have."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from dmedia.run.slots import Slots

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dmedia.model import WorkOrder
    from dmedia.run.clusters.places import ClusterChoice

STARTED_EARLY: dict[str, Slots] = {}
"""Slots by job, started by the launcher for the worker that its own process is going to have."""


@contextlib.contextmanager
def early_start(order: WorkOrder, choice: ClusterChoice) -> Iterator[None]:
    """Start the slots of a cluster in this process while the job is being planned.

    Parameters
    ----------
    order : WorkOrder
        The job.
    choice : ClusterChoice
        Where it runs.
    """
    slots = Slots(order, choice.own_slots) if choice.own_slots else None
    if slots:
        slots.start()
        STARTED_EARLY[order.job] = slots
    try:
        yield
    finally:
        if slots:
            STARTED_EARLY.pop(order.job, None)
            slots.close()


def claim_slots(order: WorkOrder, count: int) -> Slots:
    """Take the slots that the launcher in this process has started for a job, or start some.

    Parameters
    ----------
    order : WorkOrder
        The job.
    count : int
        How many slots to start where there are none.

    Returns
    -------
    Slots
    """
    slots = STARTED_EARLY.pop(order.job, None)
    if slots is None:
        slots = Slots(order, count)
        slots.start()
    return slots
