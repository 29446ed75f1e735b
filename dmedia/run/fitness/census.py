"""The census: what all workers said about themselves before a job starts, and whether that is enough for it."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from dmedia import formats
from dmedia.errors import PreflightError, RecordFullError
from dmedia.media.libraries import EXACTLY, LOADERS, MODULES, OPTIMISERS
from dmedia.record.sampling import pending_extensions
from dmedia.run.fitness.demand import UNEXAMINED, Demand, full_name, in_singular
from dmedia.run.fitness.samples import samples_of
from dmedia.storage import local as storage
from dmedia.storage.locations import is_url
from dmedia.words import gist

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from dmedia.model import JobSpec
    from dmedia.record.writer import RecordWriter
    from dmedia.run.fitness.demand import Lack, Testimony
    from dmedia.run.fleet import Fleet

DECODABLE = frozenset({*LOADERS, *MODULES, "jp2"})
"""Formats that a worker with everything installed decodes."""

LOOK_PERIOD_S = 1.0
"""Seconds between two looks at workers that have come."""

NAMED = 3
"""Workers that a message names; of more it tells the number."""


class Census:
    """What a job demands of workers while it is connected to a cluster, and what they said.

    Parameters
    ----------
    record : RecordWriter
        Of the job; its plan is complete.
    fleet : Fleet
        The workers.
    scheduler : str
        Address; of a cluster in this process nothing is demanded.
    tick : callable
        Is called now and then while stores are looked at; what it raises ends that.

    Attributes
    ----------
    demand : Demand or None
        What every worker is asked for.
    """

    def __init__(
        self, record: RecordWriter, fleet: Fleet, scheduler: str, tick: Callable[[], None] = lambda: None
    ) -> None:
        self._record, self._fleet = record, fleet
        self._seen, self._looked_s = 0, 0.0
        self._warning: str | None = None
        self.demand = None if scheduler.startswith("inproc://") else _demand_of(record, tick)

    def __enter__(self) -> Census:
        """Return the census itself."""
        return self

    def __exit__(self, *ended: object) -> None:
        """Take away the file by which workers know the output directory."""
        if self.demand and self.demand.marker:
            with contextlib.suppress(OSError):
                os.unlink(self.demand.marker)

    def refuse_unfit(self) -> None:
        """Refuse to start a job when a worker lacks something. One that may be slow only gets no files yet.

        Raises
        ------
        PreflightError
            It says how many lack what, and names some of them.
        """
        if self.demand is None:
            _refuse_without_optimisers(self._record)
        sentence, hint = summary({address: _settled(said) for address, said in self._fleet.examined.items()})
        if sentence:
            raise PreflightError(sentence, hint)

    def look(self) -> None:
        """Note in the record which workers are here that are not fit, and get no files, for as long as that is so."""
        now_s = time.monotonic()
        if self._seen == self._fleet.generation or now_s - self._looked_s < LOOK_PERIOD_S:
            return
        self._seen, self._looked_s = self._fleet.generation, now_s
        sentence, hint = summary(self._fleet.examined)
        self._warn(f"{sentence}. No files are sent there" + (f": {hint}" if hint else "") if sentence else None)

    def _warn(self, text: str | None) -> None:
        if text == self._warning:
            return
        with contextlib.suppress(RecordFullError):
            if self._warning:
                self._record.life.withdraw_warning(self._warning)
            self._warning = None
            if text:
                self._record.life.warn(text, passing=True)
            self._warning = text


def _settled(testimony: Testimony) -> Testimony:
    return replace(testimony, lacks=()) if testimony.lacks == (UNEXAMINED,) else testimony


def _demand_of(record: RecordWriter, tick: Callable[[], None]) -> Demand:
    spec = record.spec
    reads = demanded_reads(pending_extensions(record.job))
    samples = samples_of(record, tick)
    marker = b"" if is_url(spec.output_directory) else _make_marker(spec.output_directory, record.job)
    return Demand(reads, demanded_writes(spec, reads), samples, spec.output_directory, marker)


def demanded_reads(extensions: Iterable[str]) -> tuple[str, ...]:
    """Tell which formats must be decoded, as far as names can tell.

    Parameters
    ----------
    extensions : iterable of str
        Of the sources.

    Returns
    -------
    tuple of str
        Sorted. Formats that nothing decodes are left out: their files fail, wherever they are.
    """
    found = {formats.EXTENSION_FORMAT.get(extension, "") for extension in extensions} & DECODABLE
    return tuple(sorted(found | ({"film"} if formats.FILM_EXTENSIONS.intersection(extensions) else set())))


def demanded_writes(spec: JobSpec, reads: Iterable[str]) -> tuple[str, ...]:
    """Tell which formats must be encoded: those that were asked for, and where none was, those of the sources.

    Parameters
    ----------
    spec : JobSpec
        The request.
    reads : iterable of str
        Formats of the sources.

    Returns
    -------
    tuple of str
        Sorted. One that its optimiser has to write begins with `libraries.EXACTLY`.
    """
    kept = {name for name in reads if name in formats.RENDITION_EXTENSION}
    unasked = kept if kept.issuperset(reads) else {*kept, "jpg", "png"}
    wanted: set[str] = set()
    for recipe in spec.recipes:
        chosen = getattr(recipe.parameters, "format", None)
        writes = unasked if chosen is None else {str(chosen)} & formats.RENDITION_EXTENSION.keys()
        if recipe.operation == "compress" and getattr(recipe.parameters, "lossless", False):
            writes = {EXACTLY + name if name in kept and name in OPTIMISERS else name for name in writes}
        wanted |= writes
    return tuple(sorted(wanted))


def summary(testimonies: Mapping[str, Testimony]) -> tuple[str, str]:
    """Sum up what workers lack.

    Parameters
    ----------
    testimonies : mapping of str to Testimony
        What they said, by address.

    Returns
    -------
    tuple of str
        ``3 of 12 workers cannot read HEIC: tcp://...``, and what to do about it; both empty when they lack nothing.
    """
    lacking: dict[str, list[tuple[str, Lack]]] = {}
    for address, testimony in testimonies.items():
        for lack in testimony.lacks:
            lacking.setdefault(lack.phrase, []).append((address, lack))
    sentences = [_sentence(phrase, found, len(testimonies)) for phrase, found in lacking.items()]
    hints = dict.fromkeys(lack.hint for found in lacking.values() for _, lack in found if lack.hint)
    return "; ".join(sentences), "; ".join(hints)


def _sentence(phrase: str, found: list[tuple[str, Lack]], total: int) -> str:
    by_detail: dict[str, list[str]] = {}
    for address, lack in found:
        by_detail.setdefault(gist(lack.detail), []).append(address)
    where = [
        f"{detail} on {_named(addresses)}" if detail else _named(addresses) for detail, addresses in by_detail.items()
    ]
    more = [f"and {len(where) - NAMED} other reasons"] if len(where) > NAMED else []
    said = phrase if len(found) > 1 else in_singular(phrase)
    return f"{len(found):,} of {total:,} workers {said}: " + "; ".join([*where[:NAMED], *more])


def _named(addresses: list[str]) -> str:
    shown = ", ".join(addresses[:NAMED])
    return shown if len(addresses) <= NAMED else f"{shown} and {len(addresses) - NAMED:,} more"


def _refuse_without_optimisers(record: RecordWriter) -> None:
    """Refuse a job on this machine, whose slots have the packages of this process, when it needs one that is missing.

    Raises
    ------
    PreflightError
        It names the extra that brings them.
    """
    reads = demanded_reads(pending_extensions(record.job))
    wanted = [name.removeprefix(EXACTLY) for name in demanded_writes(record.spec, reads) if name.startswith(EXACTLY)]
    missing = [name for name in wanted if importlib.util.find_spec(OPTIMISERS[name]) is None]
    if missing:
        names = " and ".join(full_name(name) for name in missing)
        raise PreflightError(f"What writes {names} without loss is not installed", "pip install 'dmedia[optimize]'")


def _make_marker(output_directory: bytes, job: str) -> bytes:
    """Put a file into the output directory; its name is that of temporary files, so that it is swept with them."""
    marker = storage.temporary_path(os.path.join(output_directory, b"census"), job)
    try:
        os.makedirs(output_directory, exist_ok=True)
        os.close(os.open(marker, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644))
    except OSError:
        return b""  # what keeps the launcher from it is told of the files that are worked on: a full disk, mostly
    return marker
