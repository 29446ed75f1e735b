"""Object stores: what is promised of a store, on top of what a service answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, TypeVar

from dmedia.storage import locations
from dmedia.storage.faults import remote_fault, taken
from dmedia.storage.stores.attempts import persist
from dmedia.storage.stores.bodies import digest_of, size_of
from dmedia.storage.stores.downloads import Download, want
from dmedia.storage.stores.service import Condition, Content, Found, Place
from dmedia.storage.stores.store import CHECKSUM, MARK, Entry, Identity, Terms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dmedia.errors import Stage
    from dmedia.storage.stores.service import Page, Readable, Service

Answer = TypeVar("Answer")


class ReadObjects:
    """Objects that can be read. See `Store`.

    Parameters
    ----------
    service : Readable
        What is asked.
    """

    def __init__(self, service: Readable) -> None:
        self._readable = service

    def within(self, _roots: tuple[bytes, ...]) -> Self:
        """Return the store itself: no object leads elsewhere."""
        return self

    def look(self, location: bytes) -> Identity | None:
        """Tell what stands at a location."""
        found = self._described(_place(location, "open"), "open")
        return found.identity if found else None

    def head(self, location: bytes, n_bytes: int) -> bytes:
        """Read the first bytes of an object."""
        place = _place(location, "open")
        return self._persist(lambda: self._readable.read(place, n_bytes), place.bucket, "open")

    def fetch(
        self, location: bytes, descriptor: int, most_bytes: int, refuse_unwanted: Callable[[], object] = want
    ) -> Identity:
        """Write an object into an open, empty file; a broken connection is taken up where it broke."""
        place = _place(location, "open")
        download = Download(descriptor, most_bytes, refuse_unwanted)

        def receive() -> None:
            refuse_unwanted()
            try:
                self._readable.receive(place, download)
            except Exception as error:
                if download.identity is None or not self._is_settled(error, place):
                    raise
                download.restart()
                raise ConnectionError("the object was changed while it was read") from error

        self._persist(receive, place.bucket, "open")
        assert download.identity is not None
        return download.identity

    def _described(self, place: Place, stage: Stage) -> Found | None:
        def describe() -> Found | None:
            try:
                return self._readable.describe(place)
            except Exception as error:
                if self._is_gone(error, place):
                    return None
                raise

        return self._persist(describe, place.bucket, stage)

    def _is_gone(self, error: Exception, place: Place) -> bool:
        refusal = self._readable.explain(error, place.bucket, "open")
        return refusal is not None and refusal.error.code == "not_found"

    def _is_settled(self, error: Exception, place: Place) -> bool:
        refusal = self._readable.explain(error, place.bucket, "open")
        return refusal is not None and refusal.settled

    def _persist(self, request: Callable[[], Answer], bucket: str, stage: Stage) -> Answer:
        return persist(request, lambda error: self._readable.explain(error, bucket, stage))


class ObjectStore(ReadObjects):
    """Buckets behind one service. See `Store`.

    Parameters
    ----------
    service : Service
        What is asked.
    """

    read_only = False

    def __init__(self, service: Service) -> None:
        super().__init__(service)
        self._service = service

    def entries(self, directory: bytes, *, recursive: bool) -> Iterator[Entry]:
        """List a prefix, page by page."""
        inside = _place(directory, "plan")
        prefix = Place(inside.bucket, inside.key.rstrip("/") + "/" if inside.key.strip("/") else "")
        whole = locations.place(directory) + b"/"
        following = ""
        while True:
            page = self._page(prefix, following, recursive=recursive)
            for key, identity in page.found:
                if not key.endswith("/"):  # consoles make those for directories
                    yield Entry(whole + key.encode(), identity)
            following = page.following
            if not following:
                return

    def put(self, descriptor: int, location: bytes, terms: Terms) -> Identity:
        """Publish an open file, on the condition that nothing of somebody else's stands there."""
        place = _place(location, "publish")
        digest = bytes.fromhex(terms.sha256) or digest_of(descriptor)
        metadata = {MARK: terms.mark, CHECKSUM: digest.hex()}
        content = Content(descriptor, size_of(descriptor), digest, terms.content_type, metadata)

        def send(condition: Condition) -> Identity:
            return Identity(content.size_bytes, 0, self._service.send(place, content, condition))

        def publish() -> Identity:
            standing = self._ours(place) if terms.renews and not terms.replaces else None
            if standing is None:
                try:
                    return send(Condition(is_free=not terms.replaces))
                except Exception as error:
                    if terms.replaces or not self._is_settled(error, place):
                        raise
                standing = self._ours(place)
            if standing is None:
                raise ConnectionError("what stood there is gone")
            if metadata.items() <= standing.metadata.items():
                return standing.identity
            try:
                return send(Condition(version=standing.identity.version))  # of other bytes, or of another job
            except Exception as error:
                if not self._is_settled(error, place):
                    raise
                raise ConnectionError("another attempt has put something there meanwhile") from error

        return self._persist(publish, place.bucket, "publish")

    def mark_of(self, location: bytes) -> str | None:
        """Tell which job has put an object."""
        found = self._described(_place(location, "publish"), "publish")
        return found.metadata.get(MARK) if found else None

    def checksum_of(self, location: bytes) -> str | None:
        """Tell what a job of ours has noted of an object's bytes."""
        found = self._described(_place(location, "plan"), "plan")
        return found.metadata.get(CHECKSUM) if found and found.metadata.get(MARK) else None

    def remove(self, location: bytes) -> None:
        """Remove an object."""
        place = _place(location, "publish")

        def delete() -> None:
            try:
                self._service.delete(place)
            except Exception as error:
                if not self._is_gone(error, place):
                    raise

        self._persist(delete, place.bucket, "publish")

    def _page(self, prefix: Place, following: str, *, recursive: bool) -> Page:
        return self._persist(lambda: self._service.page(prefix, following, recursive=recursive), prefix.bucket, "plan")

    def _ours(self, place: Place) -> Found | None:
        """Tell what a job of ours has put at a location, if anything, and refuse what anybody else has."""
        found = self._described(place, "publish")
        if found and not found.metadata.get(MARK):
            raise taken()
        return found


def _place(location: bytes, stage: Stage) -> Place:
    parts = locations.parted(location)
    try:
        bucket, key = parts.place.decode(), parts.key.decode()
    except UnicodeDecodeError:
        message = "object stores have only names in UTF-8"
        raise remote_fault(404, message, stage, "Choose names with --name") from None
    if not bucket:
        raise remote_fault(404, "the location names no bucket", stage, f"Write {parts.scheme}://BUCKET/KEY")
    return Place(bucket.partition("@")[0], key)
