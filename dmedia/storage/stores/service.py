"""What the service behind an object store answers: one request at a time, without a second attempt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dmedia.errors import Stage
    from dmedia.storage.stores.attempts import Refusal
    from dmedia.storage.stores.downloads import Download
    from dmedia.storage.stores.store import Identity


@dataclass(frozen=True, slots=True)
class Place:
    """Where an object is.

    Attributes
    ----------
    bucket : str
        Bucket or container.
    key : str
        Its name there.
    """

    bucket: str
    key: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a service says of an object.

    Attributes
    ----------
    identity : Identity
        Size, time and version.
    metadata : mapping of str to str
        What was kept with it.
    """

    identity: Identity
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a listing.

    Attributes
    ----------
    found : sequence of (str, Identity)
        Keys and what they are.
    following : str
        What asks for the next page; empty: this is the last.
    """

    found: Sequence[tuple[str, Identity]]
    following: str


@dataclass(frozen=True, slots=True)
class Content:
    """What is sent.

    Attributes
    ----------
    descriptor : int
        An open file.
    size_bytes : int
        Its size.
    sha256 : bytes
        Of its bytes.
    content_type : str
        Its media type; empty: the store's default.
    metadata : mapping of str to str
        What is kept with it.
    """

    descriptor: int
    size_bytes: int
    sha256: bytes
    content_type: str
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Condition:
    """Under which an object is published; without any of both, whatever stands there is replaced.

    Attributes
    ----------
    is_free : bool
        Only where nothing stands.
    version : str
        Only where this version stands.
    """

    is_free: bool = False
    version: str = ""


class Readable(Protocol):
    """Requests to what can be read. They raise what their client raises, which `explain` understands."""

    def describe(self, place: Place) -> Found:
        """Ask what stands there."""

    def read(self, place: Place, n_bytes: int) -> bytes:
        """Read the first bytes; fewer where there are no more."""

    def receive(self, place: Place, download: Download) -> None:
        """Go on with a download, from where it stopped, of the same version."""

    def explain(self, error: Exception, bucket: str, stage: Stage) -> Refusal | None:
        """Turn what a request raised into a refusal; ``None`` for what is a bug."""


class Service(Readable, Protocol):
    """Requests to what can be listed and written too."""

    def page(self, place: Place, following: str, *, recursive: bool) -> Page:
        """Ask for a page of what begins with ``place.key``; without ``recursive``, up to the next ``/`` only."""

    def send(self, place: Place, content: Content, condition: Condition) -> str:
        """Publish a file's bytes, whole or not at all; return their version."""

    def delete(self, place: Place) -> None:
        """Remove an object."""
