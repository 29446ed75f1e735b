"""The sources of a job, found while they are asked for."""

from __future__ import annotations

import itertools
import os
import stat
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from dmedia.catalog.bounds import Bounds
from dmedia.catalog.directories import Area, OutputDirectory, Walk
from dmedia.catalog.given import UNKNOWN, Given, classify
from dmedia.catalog.globs import Filter, Glob
from dmedia.catalog.known import Known
from dmedia.catalog.listing import Listing
from dmedia.catalog.remarks import Remarks
from dmedia.catalog.stored import StoredTree, classify_all, kind_by_name, kind_of, look
from dmedia.errors import MediaError, UsageError
from dmedia.formats import extension, kind_by_extension, sniff
from dmedia.model import Source
from dmedia.storage.ancestry import common_parents
from dmedia.storage.inquiry import at_once
from dmedia.storage.local import read_head
from dmedia.storage.locations import is_below, is_url, normal, parent, place
from dmedia.storage.locations import name as name_of
from dmedia.storage.stores import Identity
from dmedia.words import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dmedia.catalog.listing import Entry
    from dmedia.formats import Kind
    from dmedia.model import Inputs


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
        Absolute real paths, and URLs, outside of which nothing is read; empty: anywhere.

    Attributes
    ----------
    base : bytes
        Absolute path, or URL, of the inputs' common directory; the tree below it is mirrored. Empty where inputs lie in
        several places, such as two buckets: each place then has one of its own.
    ignored : Counter of str
        Files of directories that are no task, by extension (empty for none), filled while ``sources()`` runs.
    warnings : list of str
        Directories that could not be read, and inputs in which nothing was found; filled likewise.
    meanwhile : callable
        Is called for what is no source: a listing may go on for minutes without one. What it raises ends ``sources()``.

    Raises
    ------
    UsageError
        When there is no input, one is no path and no URL that can be read, or the listing cannot be read.
    PreflightError
        When a store does not tell what an input is.
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
        self._output_directory = output_directory
        self._given = self._classified(inputs)
        self._listing: Listing | None = None
        directories = [given.base for given in self._given]
        if inputs.listing is not None:
            self._listing = Listing(inputs.listing, null_separated=inputs.null_separated, bounds=self._bounds)
            listed = (parent(entry.path) for entry in self._listing.entries())
            self._bases = common_parents(itertools.chain(directories, listed))
        else:
            self._bases = common_parents(directories)
        self._bases = self._bases or {b"": os.getcwdb()}
        self.base = next(iter(self._bases.values())) if len(self._bases) == 1 else b""
        self._remarks = Remarks()
        self.ignored, self.warnings = self._remarks.ignored, self._remarks.warnings
        self.meanwhile: Callable[[], None] = lambda: None
        self._takes_early: Callable[[Source], bool] | None = None
        self._known = Known(self._given, has_listing=self._listing is not None)

    def sources(self, takes: Callable[[Source], bool] | None = None) -> Iterator[Source]:
        """Find the sources, in the order of the inputs and sorted within each directory.

        Parameters
        ----------
        takes : callable, optional
            Tells by a source's location and name whether it is wanted. What is not is not even looked at, unless a
            limit counts it too.

        Yields
        ------
        Source
            Each file once: what several inputs name by the same real directory and name is one source.

        Raises
        ------
        UsageError
            When the listing changed since the catalog was made.
        PreflightError
            When a store does not tell what is in it.
        """
        self._remarks.clear()
        self._known.forget()
        left = self._limit
        self._takes_early = takes if left is None else None
        for source in self._all_sources():
            if takes is None or takes(source):
                yield source
            else:
                self.meanwhile()
            if left is not None:
                left -= 1
                if not left:
                    return

    def _classified(self, inputs: Inputs) -> list[Given]:
        urls = [path for path in inputs.paths if is_url(path)]
        for url in urls:
            self._bounds.refuse(normal(url), url)
        stored = iter(classify_all(urls, recursive=inputs.recursive, roots=self._bounds.roots) if urls else ())
        return [
            next(stored) if is_url(path) else self._bounded(classify(path, recursive=inputs.recursive))
            for path in inputs.paths
        ]

    def _bounded(self, given: Given) -> Given:
        """Refuse an input outside the roots; a link to a file outside is a file that nobody looks at."""
        self._bounds.refuse(given.base, given.text)
        if given.glob is None and not self._bounds.holds(given.path):
            return replace(given, identity=UNKNOWN)
        return given

    def _all_sources(self) -> Iterator[Source]:
        for given in self._given:
            if given.glob is None:
                if self._admits(name_of(given.path)) and self._known.is_new(given.path, given):
                    base = self._bases[place(given.path)]
                    yield Source(given.path, base, *given.identity, version=given.version)
            elif is_url(given.base):
                yield from self._stored_tree(given)
            else:
                yield from self._tree(given, given.glob)
        yield from self._listed()

    def _tree(self, given: Given, glob: Glob) -> Iterator[Source]:
        walk = Walk(given.base, glob, Area(self._wanted, self._output, self._bounds), self._remarks.warn)
        some, base = False, self._bases[b""]
        for prefix, names in walk.folders():
            for name in names:
                path = prefix + name
                if not given.named and not self._takes(path, name):
                    self._ignore(name)
                    continue
                some = True
                if self._takes_early and not self._takes_early(Source(path, base, *UNKNOWN)):
                    continue
                mode, identity = self._bounds.look(path)
                if not stat.S_ISDIR(mode) and self._known.is_new(path, given):
                    yield Source(path, base, *identity)
        if not some:
            self._remarks.note_nothing(given, self._accepts, deeper=not self._recursive and walk.unentered > 0)

    def _stored_tree(self, given: Given) -> Iterator[Source]:
        tree = StoredTree(given, self._wanted, self._output_directory)
        some, base = False, self._bases[place(given.base)]
        for (location, found), kind in self._kinds(tree, given):
            if not given.named and kind not in self._accepts:
                self._ignore(name_of(location))
                continue
            some = True
            if self._known.is_new(location, given):
                yield Source(location, base, found.size_bytes, found.mtime_ns, version=found.version)
        if not some:
            deeper = not self._recursive and not given.named and tree.has_deeper()
            self._remarks.note_nothing(given, self._accepts, deeper=deeper)

    def _kinds(self, tree: StoredTree, given: Given) -> Iterator[tuple[tuple[bytes, Identity], Kind]]:
        """Tell what kinds of media objects are: those without an extension are looked into, several at once."""
        objects = tree.objects(self.meanwhile)
        if given.named:
            return ((stored, "unknown") for stored in objects)
        return at_once(partial(kind_of, roots=self._bounds.roots), objects, kind_by_name)

    def _listed(self) -> Iterator[Source]:
        if self._listing is None:
            return
        for (path, name), found in at_once(self._look_there, self._wanted_entries(self._listing), self._look_here):
            yield Source(path, self._bases[place(path)], found.size_bytes, found.mtime_ns, name, found.version)

    def _look_here(self, entry: Entry) -> Identity | None:
        return None if is_url(entry.path) else Identity(*self._bounds.look(entry.path)[1], "")

    def _look_there(self, entry: Entry) -> Identity:
        return look(entry.path, self._bounds.roots)

    def _wanted_entries(self, listing: Listing) -> Iterator[Entry]:
        for entry in listing.entries():
            base = self._bases.get(place(entry.path))
            if base is None or not is_below(entry.path, base):
                raise UsageError(f"The listing changed while it was read: {quoted(entry.path)} is new")
            if self._takes_early and not self._takes_early(Source(entry.path, base, *UNKNOWN, entry.name)):
                continue
            if self._admits(entry.path[len(base) :].lstrip(b"/")) and self._known.is_new(entry.path, None):
                yield entry

    def _takes(self, path: bytes, name: bytes) -> bool:
        kind = kind_by_extension(name)
        if kind == "unknown" and not extension(name):
            try:
                kind = sniff(read_head(path, self._bounds.roots), name).kind
            except MediaError:
                return False
        return kind in self._accepts

    def _ignore(self, name: bytes) -> None:
        self.meanwhile()
        self._remarks.ignore(name)

    def _admits(self, relative: bytes) -> bool:
        return self._wanted.empty or self._wanted.admits(os.fsdecode(relative))
