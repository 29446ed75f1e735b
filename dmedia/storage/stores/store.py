"""What a store can be asked for, whatever kind it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MARK = "dmedia-job"
"""The name under which stores that keep metadata note which job has put an object."""

CHECKSUM = "dmedia-sha256"
"""The name under which they note the SHA-256 of its bytes: hexadecimal."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What tells one version of an object from another.

    Attributes
    ----------
    size_bytes : int
        -1: unknown.
    mtime_ns : int
        When it was last changed, nanoseconds since 1970; 0: unknown. Stores tell whole seconds.
    version : str
        The store's own word for the version: an ETag without its quotes, a generation. Empty: it has none.
    """

    size_bytes: int
    mtime_ns: int
    version: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One object of a listing.

    Attributes
    ----------
    location : bytes
        Its URL.
    identity : Identity
        As far as the listing tells it.
    """

    location: bytes
    identity: Identity


@dataclass(frozen=True, slots=True)
class Terms:
    """How an object is put.

    Attributes
    ----------
    mark : str
        Id of the job that puts it: kept with it where the store keeps metadata.
    replaces : bool
        Whether anything that stands there may be replaced. Otherwise only what a job of ours has put there is, where
        the store keeps marks.
    content_type : str
        Its media type, such as ``image/webp``; empty: the store's default.
    renews : bool
        Whether an object of ours is known to have stood there. Where the store keeps marks, it is looked at before
        anything is sent; where it keeps none, this must do for it to be replaced.
    sha256 : str
        Of its bytes, hexadecimal; empty: the store computes it.
    """

    mark: str
    replaces: bool
    content_type: str
    renews: bool = False
    sha256: str = ""


class Store(Protocol):
    """A place with a URL scheme where media lies. Usable from any thread.

    All methods raise `MediaError`: ``not_found``, ``permission_denied``, ``remote_error`` after bounded attempts
    (see `settings`), and what is said below.

    Attributes
    ----------
    read_only : bool
        Whether `put` and `remove` are refused with ``permission_denied``.
    """

    read_only: bool

    def within(self, roots: tuple[bytes, ...]) -> Store:
        """Make a store that is not led out of roots by what a server says: the same one where servers cannot do so.

        What would be outside then is ``permission_denied``, and is not asked for.
        """

    def look(self, location: bytes) -> Identity | None:
        """Tell what stands at a location; ``None``: nothing."""

    def entries(self, directory: bytes, *, recursive: bool) -> Iterator[Entry]:
        """List the objects below a directory, page by page and in no promised order; ``recursive``: at any depth.

        A directory without objects is empty or not there: in most stores nobody can tell, and there are no entries.
        """

    def head(self, location: bytes, n_bytes: int) -> bytes:
        """Read the first bytes of an object; fewer where it is shorter."""

    def fetch(
        self, location: bytes, descriptor: int, most_bytes: int, refuse_unwanted: Callable[[], object] = ...
    ) -> Identity:
        """Write a whole object into an open, empty file.

        The file's offset is left alone. One version of the object is read, or none: what is changed meanwhile is read
        again from its beginning. ``refuse_unwanted`` is called before each attempt and each block: what it raises, no
        `MediaError`, ends the fetch.

        Raises
        ------
        MediaError
            ``too_large`` above ``most_bytes``; ``disk_full`` and others of the file that is written.
        """

    def put(self, descriptor: int, location: bytes, terms: Terms) -> Identity:
        """Publish an open file's bytes, whole or not at all. Putting the same bytes for the same job again is done.

        Raises
        ------
        MediaError
            ``output_exists`` when somebody else's object stands there and may not be replaced; ``disk_full`` where a
            store has a limit.
        """

    def mark_of(self, location: bytes) -> str | None:
        """Tell which job has put an object; ``None``: none of ours, nothing is there, or the store keeps no marks."""

    def checksum_of(self, location: bytes) -> str | None:
        """Tell the SHA-256 of the bytes of an object that a job of ours has put, hexadecimal.

        A store that keeps marks has noted it; in another, the whole object is read, whoever has put it. ``None``:
        nothing is there, or none of ours.
        """

    def remove(self, location: bytes) -> None:
        """Remove an object; it is no fault when none is there."""
