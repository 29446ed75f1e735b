"""The sources of a job, found while they are asked for."""

from __future__ import annotations

import os
import stat
from collections import Counter
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from dmedia.catalog.bounds import Bounds
from dmedia.catalog.directories import Area, OutputDirectory, Walk
from dmedia.catalog.given import UNKNOWN, Given, classify
from dmedia.catalog.globs import Filter, Glob
from dmedia.catalog.listing import Listing
from dmedia.errors import MediaError, UsageError
from dmedia.formats import extension, kind_by_extension, sniff
from dmedia.model import Source
from dmedia.storage.local import read_head
from dmedia.words import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dmedia.model import Inputs

MOST_WARNINGS = 100
MOST_EXTENSIONS = 1000
"""How many warnings and ignored extensions are kept: a tree of any size is reported in bounded memory."""

OTHER_EXTENSIONS = "(other)"


class Catalog:
    """The sources of a job.

    Parameters
    ----------
    inputs : Inputs
        What was given.
    accepts : frozenset of str
        Kinds of media (``image``, ``film``) taken from directories.
    output_directory : bytes
        Left out where an input holds it; it need not exist.
    roots : tuple of bytes
        Absolute real paths outside of which nothing is read; empty: anywhere.

    Attributes
    ----------
    base : bytes
        Absolute path of the inputs' common directory; the tree below it is mirrored.
    ignored : Counter of str
        Files of directories that are no task, by extension (empty for none), filled while ``sources()`` runs.
    warnings : list of str
        Directories that could not be read, and inputs in which nothing was found; filled likewise.

    Raises
    ------
    UsageError
        When there is no input, one is no local path, or the listing cannot be read.
    OutsideRootsError
        When an input's directory, the listing or the directory of one of its entries lies outside the roots.
    """

    def __init__(
        self, inputs: Inputs, accepts: frozenset[str], output_directory: bytes, roots: tuple[bytes, ...] = ()
    ) -> None:
        if not inputs.paths and inputs.listing is None:
            raise UsageError("No INPUT given: name files, directories or quoted globs, or use --files-from")
        if inputs.limit is not None and inputs.limit < 1:
            raise UsageError(f"The limit is {inputs.limit}: it should be 1 or more")
        self._accepts = accepts
        self._limit = inputs.limit
        self._recursive = inputs.recursive
        self._wanted = Filter(inputs.include, inputs.exclude)
        self._output = OutputDirectory(output_directory)
        self._bounds = Bounds(roots)
        self._given = [self._bounded(classify(path, recursive=inputs.recursive)) for path in inputs.paths]
        self._listing: Listing | None = None
        self._listing_base = b""
        bases = {given.base for given in self._given}
        if inputs.listing is not None:
            self._listing = Listing(inputs.listing, null_separated=inputs.null_separated, bounds=self._bounds)
            self._listing_base = _common_parent(entry.path for entry in self._listing.entries())
            bases.add(self._listing_base)
        self.base = os.path.commonpath(bases)
        self.ignored: Counter[str] = Counter()
        self.warnings: list[str] = []
        self._real_path = lru_cache(maxsize=4096)(os.path.realpath)
        self._alone = self._inputs_alone()
        self._seen: set[int] = set()

    def sources(self) -> Iterator[Source]:
        """Find the sources, in the order of the inputs and sorted within each directory.

        Yields
        ------
        Source
            Each file once: what several inputs name by the same real directory and name is one source.

        Raises
        ------
        UsageError
            When the listing changed since the catalog was made.
        """
        self.ignored.clear()
        self.warnings.clear()
        self._seen.clear()
        left = self._limit
        for source in self._all_sources():
            yield source
            if left is not None:
                left -= 1
                if not left:
                    return

    def _bounded(self, given: Given) -> Given:
        """Refuse an input outside the roots; a link to a file outside is a file that nobody looks at."""
        self._bounds.refuse(given.base, given.text)
        if given.glob is None and not self._bounds.holds(given.path):
            return replace(given, identity=UNKNOWN)
        return given

    def _all_sources(self) -> Iterator[Source]:
        for given in self._given:
            if given.glob is None:
                if self._admits(os.path.basename(given.path)) and self._is_new(given.path, given):
                    yield Source(given.path, self.base, *given.identity)
            else:
                yield from self._tree(given, given.glob)
        yield from self._listed()

    def _tree(self, given: Given, glob: Glob) -> Iterator[Source]:
        walk = Walk(given.base, glob, Area(self._wanted, self._output, self._bounds), self._warn)
        some = False
        for prefix, names in walk.folders():
            for name in names:
                path = prefix + name
                if not given.named and not self._takes(path, name):
                    self._ignore(name)
                    continue
                some = True
                mode, identity = self._bounds.look(path)
                if not stat.S_ISDIR(mode) and self._is_new(path, given):
                    yield Source(path, self.base, *identity)
        if not some:
            self._warn(self._nothing_in(given, walk.unentered))

    def _listed(self) -> Iterator[Source]:
        if self._listing is None:
            return
        prefix = os.path.join(self._listing_base, b"")
        for path, name in self._listing.entries():
            if not path.startswith(prefix):
                raise UsageError(f"The listing changed while it was read: {quoted(path)} is new")
            if self._admits(path[len(prefix) :]) and self._is_new(path, None):
                yield Source(path, self.base, *self._bounds.look(path)[1], name)

    def _takes(self, path: bytes, name: bytes) -> bool:
        kind = kind_by_extension(name)
        if kind == "unknown" and not extension(name):
            try:
                kind = sniff(read_head(path, self._bounds.roots), name).kind
            except MediaError:
                return False
        return kind in self._accepts

    def _ignore(self, name: bytes) -> None:
        suffix = extension(name)
        if suffix not in self.ignored and len(self.ignored) >= MOST_EXTENSIONS:
            suffix = OTHER_EXTENSIONS
        self.ignored[suffix] += 1

    def _warn(self, text: str) -> None:
        if len(self.warnings) < MOST_WARNINGS:
            self.warnings.append(text)
        elif len(self.warnings) == MOST_WARNINGS:
            self.warnings.append("More warnings like these are left out")

    def _nothing_in(self, given: Given, unentered: int) -> str:
        if given.named:
            return f"No file matches {quoted(given.text)}"
        kinds = " or ".join(sorted(self._accepts))
        below = "; its subdirectories are read with --recursive" if unentered and not self._recursive else ""
        return f"No {kinds} in the directory {quoted(given.text)}{below}"

    def _admits(self, relative: bytes) -> bool:
        return self._wanted.empty or self._wanted.admits(os.fsdecode(relative))

    def _is_new(self, path: bytes, given: Given | None) -> bool:
        """Tell whether no other input named this file.

        Only inputs that lie within one another are remembered, by 64 bits of a keyed hash a file (about 70
        bytes in a set): a million files take one for another once in 30 million jobs.
        """
        if given is not None and given.base in self._alone:
            return True
        directory, name = os.path.split(path)
        known = hash(os.path.join(self._real_path(directory), name))
        if known in self._seen:
            return False
        self._seen.add(known)
        return True

    def _inputs_alone(self) -> frozenset[bytes]:
        """Find the bases of inputs that can name no file that another input, or they themselves, name too."""
        if self._listing is not None or any(given.glob and given.glob.repeats for given in self._given):
            return frozenset()
        real_paths = [(given.base, self._real_path(given.base)) for given in self._given]
        uses = Counter(real for _, real in real_paths)
        above = {parent for real in uses for parent in _parents(real)}
        return frozenset(
            base
            for base, real in real_paths
            if uses[real] == 1 and real not in above and uses.keys().isdisjoint(_parents(real))
        )


def _parents(path: bytes) -> Iterator[bytes]:
    while (parent := os.path.dirname(path)) != path:
        path = parent
        yield path


def _common_parent(paths: Iterable[bytes]) -> bytes:
    common = prefix = b""
    for path in paths:
        if not prefix:
            common = os.path.dirname(path)
        elif not path.startswith(prefix):
            common = os.path.commonpath((common, os.path.dirname(path)))
        prefix = os.path.join(common, b"")
    return common or os.getcwdb()
