"""What earlier jobs of an output directory have written there."""

from __future__ import annotations

from collections import OrderedDict
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dmedia.errors import MediaError, RecordError
from dmedia.record import documents, home
from dmedia.record.known import KnownRenditions, MergedRenditions
from dmedia.record.schema import decoded, translated
from dmedia.storage import local as storage
from dmedia.storage.locations import is_url
from dmedia.storage.stores import store_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from dmedia.model import Output
    from dmedia.storage.stores import Identity

SMALL = 5_000
"""Rows. Records up to this size are brought together in one table, so that a directory that was filled by a thousand
small jobs is asked once; larger ones are asked one by one through their own index."""

OPEN_RECORDS = 32
"""Large records that stay open, which bounds file descriptors."""


@dataclass(frozen=True, slots=True)
class EarlierRendition:
    """A rendition that an earlier job wrote and that stands as it was written.

    Attributes
    ----------
    source : bytes
        What it was made of.
    size_bytes, mtime_ns : int
        The source as it was then.
    version : str
        The source's version then, where a store gave one.
    same_request : bool
        Whether operation and parameters were the same.
    outputs : tuple of Output
        All that was made of the source.
    """

    source: bytes
    size_bytes: int
    mtime_ns: int
    version: str
    same_request: bool
    outputs: tuple[Output, ...]


class EarlierRenditions:
    """The records of earlier jobs with the same output directory, newest first, opened when they are needed.

    Every one of them is asked until one knows a rendition as it stands, so an old job's file is never taken for a
    foreign one. A second identical job finds everything in the newest record, because up-to-date files are noted
    there with their renditions.

    Parameters
    ----------
    output_directory : bytes
        Its path.
    operation, digest : str
        What the new job does, and the digest of its parameters.
    besides : str
        The new job's id: not an earlier one.

    Attributes
    ----------
    warnings : list of str
        One for each record that cannot be read; it is passed over.
    """

    def __init__(self, output_directory: bytes, operation: str, digest: str, *, besides: str = "") -> None:
        self.warnings: list[str] = []
        self._request = (operation, digest)
        jobs = [job for job in home.jobs_of(output_directory) if job != besides]
        self._newest, self._others = jobs[:1], jobs[1:]
        self._large: list[str] = []
        self._merged: MergedRenditions | None = None
        self._open: OrderedDict[str, KnownRenditions] = OrderedDict()

    def look_up(
        self, standing: Mapping[bytes, Identity], meanwhile: Callable[[], None]
    ) -> dict[bytes, EarlierRendition]:
        """Find which renditions stand as an earlier job wrote them. It may take long: files may have to be read.

        Parameters
        ----------
        standing : mapping of bytes to Identity
            What stands there, by the rendition's absolute path or URL.
        meanwhile : callable
            Is called before each file and each record is looked at; what it raises ends the search.

        Returns
        -------
        dict of bytes to EarlierRendition
            Those that a completed or up-to-date row of an earlier record knows as they stand: with this size and
            version, this size and time, or this size and these bytes; in a store that keeps marks, as a job of ours
            has noted them.
        """
        search = _Search(dict(standing), meanwhile)
        for job in self._newest:
            self._ask(job, search)
        if search.left and self._others:
            merged = self._merged or self._merge(self._others, meanwhile)
            for rendition in search.renditions():
                for row in merged.rows(rendition):
                    search.match(rendition, row)
            for job in self._large:
                self._ask(job, search)
        return search.found

    def close(self) -> None:
        """Close all records."""
        for record in self._open.values():
            record.close()
        self._open.clear()
        if self._merged:
            self._merged.close()
            self._merged = None

    def _ask(self, job: str, search: _Search) -> None:
        path = home.record_path(job)
        for rendition in search.renditions():
            try:
                with translated(path), decoded(path):
                    for row in self._known(job, path).rows(rendition):
                        search.match(rendition, row)
            except RecordError as error:
                self._pass_over(job, error)
                return

    def _known(self, job: str, path: Path) -> KnownRenditions:
        known = self._open.pop(job, None) or KnownRenditions(path, self._request)
        self._open[job] = known
        if len(self._open) > OPEN_RECORDS:
            _, oldest = self._open.popitem(last=False)
            oldest.close()
        return known

    def _merge(self, jobs: list[str], meanwhile: Callable[[], None]) -> MergedRenditions:
        """Bring the small records together, and note the large ones."""
        merged = self._merged = MergedRenditions()
        for job in jobs:
            meanwhile()
            path = home.record_path(job)
            try:
                with translated(path), decoded(path), closing(KnownRenditions(path, self._request)) as known:
                    if known.rows_total > SMALL:
                        self._large.append(job)
                    elif known.rows_total:
                        merged.add(path, known)
            except RecordError as error:
                self._pass_over(job, error)
        merged.index()
        return merged

    def _pass_over(self, job: str, error: RecordError) -> None:
        self._newest = [other for other in self._newest if other != job]
        self._large = [other for other in self._large if other != job]
        self.warnings.append(f"An earlier job was passed over: {error.message}")


class _Search:
    """Renditions that are looked for, and what was found."""

    def __init__(self, left: dict[bytes, Identity], meanwhile: Callable[[], None]) -> None:
        self.left = left
        self.found: dict[bytes, EarlierRendition] = {}
        self._meanwhile = meanwhile

    def renditions(self) -> Iterator[bytes]:
        """List those that are left."""
        for rendition in list(self.left):
            self._meanwhile()
            yield rendition

    def match(self, rendition: bytes, row: tuple[Any, ...]) -> None:
        """Take a row over when it knows the rendition as it stands."""
        directory, name, size_bytes, mtime_ns, version, text, first_directory, first_name, same_request = row
        outputs = documents.read_outputs(documents.read_detail(text), first_directory + b"/" + first_name)
        now = self.left.get(rendition)
        if now and any(output.path == rendition and _stands(output, now) for output in outputs):
            del self.left[rendition]
            source = directory + b"/" + name
            was = (source, size_bytes, mtime_ns, version or "")
            self.found[rendition] = EarlierRendition(*was, bool(same_request), outputs)


def stands_as_written(output: Output, now: Identity) -> bool:
    """Tell whether a rendition is what was written, by what its place tells of it without being read."""
    if output.size_bytes != now.size_bytes:
        return False
    if output.version or now.version:
        return output.version == now.version
    return output.mtime_ns == now.mtime_ns and (now.mtime_ns != 0 or not is_url(output.path))


def _stands(output: Output, now: Identity) -> bool:
    """Tell whether a rendition is what was written, also where its bytes were written once more.

    A worker that was given up may still publish its file, with the same bytes and a later time or another version; a
    copy has one too.
    """
    if stands_as_written(output, now):
        return True
    return output.size_bytes == now.size_bytes and bool(output.sha256) and _checksum(output.path) == output.sha256


def _checksum(location: bytes) -> str | None:
    """Tell a rendition's checksum; ``None`` where nobody can."""
    with suppress(MediaError):
        return store_of(location).checksum_of(location) if is_url(location) else storage.checksum(location)
    return None
