"""Inputs in stores: an object, a directory or a glob over keys. Listings are read page by page, and never kept."""

from __future__ import annotations

import os
from functools import lru_cache, partial
from itertools import islice
from typing import TYPE_CHECKING

from dmedia.catalog.given import UNKNOWN, Given
from dmedia.catalog.globs import Glob, has_wildcard
from dmedia.errors import MediaError, PreflightError, UsageError
from dmedia.formats import HEAD_BYTES, extension, kind_by_extension, sniff
from dmedia.storage.inquiry import ASKED_AHEAD, at_once
from dmedia.storage.locations import is_below, is_read_only, join, name, normal, parent, parted, place
from dmedia.storage.stores import Identity, store_of
from dmedia.words import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from dmedia.catalog.globs import Filter, States
    from dmedia.formats import Kind, Sniffed


PEEKED_AT = 1_000
"""Objects that are worth looking at for a hint: one page of S3's listings."""

UNSEEN = Identity(*UNKNOWN, "")
"""Of an object that could not be looked at: its task says why."""


def look(location: bytes, roots: tuple[bytes, ...] = ()) -> Identity:
    """Look at an object once; `UNSEEN` where it is not there, leads out of roots, or cannot be looked at."""
    try:
        return store_of(location, roots).look(location) or UNSEEN
    except MediaError:
        return UNSEEN


@lru_cache(maxsize=4 * ASKED_AHEAD)
def sniff_stored(location: bytes, _identity: Identity, roots: tuple[bytes, ...]) -> Sniffed:
    """Tell an object's format from its beginning, which is read once for each of its versions. Raises `MediaError`."""
    return sniff(store_of(location, roots).head(location, HEAD_BYTES), name(location))


def kind_by_name(stored: tuple[bytes, Identity]) -> Kind | None:
    """Tell what kind of media an object is by its name; `None` where that has no extension, and promises nothing."""
    of_name = name(stored[0])
    return kind_by_extension(of_name) if extension(of_name) else None


def kind_of(stored: tuple[bytes, Identity], roots: tuple[bytes, ...] = ()) -> Kind:
    """Tell what kind of media an object is by its beginning."""
    try:
        return sniff_stored(*stored, roots).kind
    except MediaError:
        return "unknown"


def classify_all(texts: Iterable[bytes], *, recursive: bool, roots: tuple[bytes, ...] = ()) -> list[Given]:
    """Tell what several inputs are, several at once. See `classify`."""
    return [given for _, given in at_once(partial(classify, recursive=recursive, roots=roots), texts)]


def classify(text: bytes, *, recursive: bool, roots: tuple[bytes, ...] = ()) -> Given:
    """Tell what an input in a store is. An object that exists is itself, whatever wildcards are in its key.

    Parameters
    ----------
    text : bytes
        A URL as it was given; with a ``/`` at its end it is a directory.
    recursive : bool
        Whether directories are walked into.
    roots : tuple of bytes
        Which no server leads out of; empty: anywhere. The input itself was found to lie in them.

    Returns
    -------
    Given
        What is neither there nor a directory nor a glob is an object: the task will say why it fails.

    Raises
    ------
    UsageError
        When it cannot be read here, or is a directory of pages, which nobody can list.
    PreflightError
        When its store does not tell whether it is an object or a directory.
    """
    location = normal(text)
    key = os.fsdecode(parted(location).key)
    store = store_of(location, roots)
    if is_read_only(location):
        return _page(location, text, roots)
    if not key or (text.endswith(b"/") and not has_wildcard(key)):
        return _directory(location, text, recursive=recursive)
    is_named = kind_by_extension(name(location)) != "unknown" or has_wildcard(key)
    found: Identity | None = None
    try:
        found = store.look(location)
        if not (found or is_named) and next(store.entries(location, recursive=True), None):
            return _directory(location, text, recursive=recursive)
    except MediaError as error:
        if not is_named:
            raise PreflightError(f"{quoted(text)} cannot be looked at: {error.message}", error.hint) from error
    if has_wildcard(key) and not found:
        return _glob(location, text)
    return _object(location, text, found or UNSEEN)


def _page(location: bytes, text: bytes, roots: tuple[bytes, ...]) -> Given:
    if not name(location) or text.partition(b"?")[0].endswith(b"/"):
        raise UsageError(
            f"{quoted(text)} is a directory, and {parted(location).scheme}:// has no listings",
            "name single files, or a list of them with --files-from",
        )
    return _object(location, text, look(location, roots))


def _object(location: bytes, text: bytes, found: Identity) -> Given:
    identity = (found.size_bytes, found.mtime_ns)
    return Given(parent(location), None, True, text, location, identity, found.version)  # noqa: FBT003  # in order


def _directory(location: bytes, text: bytes, *, recursive: bool) -> Given:
    return Given(location, Glob("**" if recursive else "*"), named=False, text=text)


def _glob(location: bytes, text: bytes) -> Given:
    parts = os.fsdecode(parted(location).key).split("/")
    first = next(index for index, part in enumerate(parts) if has_wildcard(part))
    if ".." in parts[first:]:
        raise UsageError(f"{quoted(text)}: .. after a wildcard could be many directories; name the directory instead")
    base = join(place(location), *map(os.fsencode, parts[:first])) if first else place(location)
    return Given(base, Glob("/".join(parts[first:])), named=True, text=text)


class StoredTree:
    """One input's objects. Hidden ones are left out, and so is the output directory.

    Parameters
    ----------
    given : Given
        A directory or a glob.
    wanted : Filter
        What was asked to be left out.
    output_directory : bytes
        Left out where it lies below the input.
    """

    def __init__(self, given: Given, wanted: Filter, output_directory: bytes) -> None:
        assert given.glob is not None
        self._base, self._glob, self._text = given.base, given.glob, given.text
        self._wanted = wanted
        self._output = output_directory if output_directory != given.base else b""
        self._relative = len(given.base) + 1
        self._reached = lru_cache(maxsize=1024)(self._states)  # a listing goes through few directories at a time

    def objects(self, meanwhile: Callable[[], None]) -> Iterator[tuple[bytes, Identity]]:
        """List them, in the order of the store.

        Parameters
        ----------
        meanwhile : callable
            Is called for each object that is not meant; what it raises ends the list.

        Yields
        ------
        bytes, Identity
            URL of an object that the glob means, and what the listing says of it.

        Raises
        ------
        PreflightError
            When the store does not tell, or stops telling.
        """
        recursive = self._glob.last > 0
        try:
            for entry in store_of(self._base).entries(self._base, recursive=recursive):
                if self._means(entry.location):
                    yield entry.location, entry.identity
                else:
                    meanwhile()
        except MediaError as error:
            raise PreflightError(f"{quoted(self._text)} cannot be listed: {error.message}", error.hint) from error

    def has_deeper(self) -> bool:
        """Tell whether there may be something in its subdirectories, for a hint."""
        try:
            entries = store_of(self._base).entries(self._base, recursive=True)
            return any(b"/" in entry.location[self._relative :] for entry in islice(entries, PEEKED_AT))
        except MediaError:
            return False

    def _means(self, location: bytes) -> bool:
        relative = location[self._relative :]
        directory, _, last = relative.rpartition(b"/")
        if not last:  # an object that stands for a directory
            return False
        if not self._glob.matches(self._reached(directory), os.fsdecode(last)):
            return False
        if self._output and is_below(location, self._output):
            return False
        return self._wanted.empty or self._wanted.admits(os.fsdecode(relative))

    def _states(self, directory: bytes) -> States:
        states = self._glob.start
        if directory:
            for part in os.fsdecode(directory).split("/"):
                states = self._glob.descend(states, part)
        return states
