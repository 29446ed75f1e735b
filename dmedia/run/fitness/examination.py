"""A worker examines itself: whether it sees what the job reads and writes, and can decode and encode what is asked."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from dmedia.errors import MediaError
from dmedia.media.libraries import EXACTLY, OPTIMISERS
from dmedia.run.fitness.demand import CANNOT_READ, Lack, full_name
from dmedia.run.fitness.store_examination import look_into_store, put_into_store
from dmedia.run.slot import NO_PROCESS
from dmedia.storage import local as storage
from dmedia.storage.locations import is_url, place
from dmedia.words import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dmedia.run.fitness.demand import Demand, Sample
    from dmedia.run.slots import Slots

LOOKS, LOOK_PERIOD_S = 4, 0.25
"""How often a file is looked for that is not there, and seconds between two looks: a network file system may show to
one machine a moment later what another one has written."""

MOUNT = "mount it at the same path on every worker"

EXTRAS = {"heif": "heif", "raw": "raw", **{EXACTLY + name: "optimize" for name in OPTIMISERS}}
"""Extra of the installation that brings a decoder or an optimiser, by format."""


def examine(demand: Demand, slots: Slots) -> tuple[Lack, ...]:
    """Find out what this worker lacks for a job.

    Parameters
    ----------
    demand : Demand
        What the job demands.
    slots : Slots
        The job's slots here; one of them is asked.

    Returns
    -------
    tuple of Lack
        Empty when it is fit.
    """
    return tuple(
        dict.fromkeys(
            (*_unseen(demand.samples, slots), *_unwritable(demand, slots.order.job), *_unable(demand, slots)),
        )
    )


def _unseen(samples: tuple[Sample, ...], slots: Slots) -> Iterator[Lack]:
    """Tell the first source that is not here as the launcher sees it: the others will be like it.

    One that is here and cannot be read may be a single file that is not for everybody; that none of a bucket, a host or
    the disks can be read says more.
    """
    unread: dict[bytes, list[Lack | None]] = {}
    for sample in samples:
        lack = look_into_store(sample, slots.order.roots) if is_url(sample.location) else _look_at(sample, slots)
        if lack is not None and not lack.phrase.startswith(CANNOT_READ):
            yield lack
            return
        unread.setdefault(place(sample.location), []).append(lack)
    for lacks in unread.values():
        if lacks[0] is not None and None not in lacks:
            yield lacks[0]


def _look_at(sample: Sample, slots: Slots) -> Lack | None:
    name = shown(sample.location)
    try:
        descriptor = _patiently(sample.location, slots.order.roots)
    except MediaError as error:
        if error.code == "not_found":
            return Lack(f"do not see {name}", "", MOUNT)
        return Lack(f"{CANNOT_READ} {name}", error.message, "let the workers' user read it")
    try:
        size_bytes = os.fstat(descriptor).st_size
    finally:
        os.close(descriptor)
    if sample.size_bytes not in (size_bytes, -1):
        return Lack(f"see another file at {name}", f"{size_bytes:,} bytes instead of {sample.size_bytes:,}", MOUNT)
    return None


def _patiently(path: bytes, roots: tuple[bytes, ...]) -> int:
    for _ in range(LOOKS - 1):
        try:
            return storage.open_source(path, roots)
        except MediaError as error:
            if error.code != "not_found":
                raise
            time.sleep(LOOK_PERIOD_S)
    return storage.open_source(path, roots)


def _unwritable(demand: Demand, job: str) -> Iterator[Lack]:
    """Look for the launcher's file in the output directory, and put one there; into a store, only that."""
    if is_url(demand.output):
        if (lack := put_into_store(demand.output, job)) is not None:
            yield lack
        return
    directory, marker = demand.output, demand.marker
    if not marker:
        return
    name = shown(directory)
    for look in range(LOOKS):
        if os.path.lexists(marker):
            break
        if look < LOOKS - 1:
            time.sleep(LOOK_PERIOD_S)
    else:
        there = os.path.isdir(directory)
        phrase = f"see another directory at {name}" if there else f"do not see the output directory {name}"
        yield Lack(phrase, "", MOUNT)
        return
    own = storage.temporary_path(marker, job)
    try:
        os.close(os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        os.unlink(own)
    except OSError as error:
        yield Lack(f"cannot write into {name}", error.strerror or "", "let the workers' user write there")


def _unable(demand: Demand, slots: Slots) -> Iterator[Lack]:
    """Ask a slot what it can decode and encode."""
    said = slots.report((*demand.reads, *demand.writes))
    if isinstance(said, str):
        if not said.startswith(NO_PROCESS):  # that may pass; whoever cannot start a slot then refuses its files
            yield Lack("cannot start a slot", said, "dmedia doctor says more there")
        return
    for name in demand.reads:
        if name not in said.reads:
            yield Lack(f"cannot read {full_name(name)}", "", _cure(name))
    for name in demand.writes:
        if name not in said.writes:
            yield Lack(f"cannot write {full_name(name)}", "", _cure(name))


def _cure(name: str) -> str:
    if name in EXTRAS:
        install = f"pip install 'dmedia[{EXTRAS[name]}]' in every worker's environment"
        return f"{install}, or leave such files out with --exclude"
    return "dmedia doctor says there what its libraries are"
