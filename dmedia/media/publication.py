"""The finished renditions of a task take their places, when all of them are there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dmedia.model import Output
from dmedia.model.info import LARGEST_COUNT
from dmedia.storage import local
from dmedia.storage.locations import is_url

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dmedia.media.draft import Attempt, Draft, Measures
    from dmedia.model import Place


def publish(
    drafts: Sequence[Draft], measures: Sequence[Measures], frames: Sequence[int], attempt: Attempt
) -> tuple[Output, ...]:
    """Publish the finished renditions of a task, one after the other, when all of them are there.

    Parameters
    ----------
    drafts : sequence of Draft
        Complete and looked at.
    measures : sequence of Measures
        What each measures.
    frames : sequence of int
        How many each was found to have.
    attempt : Attempt
        The run that made them.

    Returns
    -------
    tuple of Output
        As they were published.

    Raises
    ------
    MediaError
        As `local.publish` does. Where somebody else's file stands in the way of one, none is published.
    """
    task = attempt.task
    checksums = [local.checksum(draft.path) for draft in drafts]
    for place in task.also:
        if not (task.replaces or place.renews):
            local.refuse_foreign(place.rendition)  # before the first is published: all are, or none
    each = zip(drafts, measures, frames, checksums, task.places, strict=True)
    return tuple(_publish(*one, attempt) for one in each)


def _publish(draft: Draft, measures: Measures, frames: int, sha256: str, place: Place, attempt: Attempt) -> Output:
    replaces, mtime_ns = attempt.task.replaces or place.renews, _date(draft, attempt)
    local.publish(draft.path, place.rendition, attempt.order.job, replaces=replaces, mtime_ns=mtime_ns)
    written = os.fstat(draft.descriptor)
    told = frames if 1 < frames <= LARGEST_COUNT else None
    accuracy = measures.accuracy
    return Output(
        place.rendition,
        *measures.upright,
        draft.format,
        written.st_size,
        written.st_mtime_ns,
        sha256,
        frames=told,
        quality=accuracy.quality,
        ssim=accuracy.ssim,
        identical=accuracy.identical,
    )


def _date(draft: Draft, attempt: Attempt) -> int | None:
    """Tell when the rendition shall have been changed last; of a source from a store, its copy here does not know."""
    if not getattr(draft.parameters, "keep_dates", False):  # of a film, an operation may know no such thing
        return None
    if is_url(attempt.task.source):
        attempt.notes.warn("the source's date was not kept: it lies in a store")
        return None
    return os.fstat(attempt.descriptor).st_mtime_ns
