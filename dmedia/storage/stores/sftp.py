"""Files of SSH servers. They are published as those of this machine are: beside their place, then renamed.

SFTP keeps neither versions nor marks. What stands where nothing was to stand is therefore never replaced; only when it
has the very bytes that are to be published is it taken for an earlier attempt's.
"""

from __future__ import annotations

import posixpath
import secrets
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from dmedia.storage import locations
from dmedia.storage.stores.attempts import persist
from dmedia.storage.stores.bodies import BLOCK_BYTES, empty, refuse_too_large, size_of, write
from dmedia.storage.stores.downloads import want
from dmedia.storage.stores.sftp_faults import explain
from dmedia.storage.stores.sftp_listing import listed
from dmedia.storage.stores.sftp_publication import (
    checksum,
    make_directories,
    refuse_directory,
    refuse_other,
    rename_to_free,
    write_beside,
)
from dmedia.storage.stores.sftp_sessions import Sessions
from dmedia.storage.stores.store import Entry, Identity, Terms

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from dmedia.errors import Stage

AHEAD_BYTES = 16 * BLOCK_BYTES
"""What is asked for at once, and then read before more is: at 10 MB/s a distance of 100 ms takes a sixteenth of the
time. paramiko asks in a thread, which with a limit of its own would wait for ever for a fetch that has ended."""

Answer = TypeVar("Answer")


def store(_scheme: str, host: bytes) -> SftpStore:
    """Make the store of one server."""
    return SftpStore(host.decode("utf-8", "replace"))


class SftpStore:
    """Files of one SSH server. See `Store`.

    Parameters
    ----------
    host : str
        With its port, if any, and the user in front of an ``@``.
    """

    read_only = False

    def __init__(self, host: str) -> None:
        self._name = f"sftp://{host}"
        self._sessions = Sessions(host)

    def within(self, _roots: tuple[bytes, ...]) -> SftpStore:
        """Return the store itself: where links of a server lead, only the server knows."""
        return self

    def look(self, location: bytes) -> Identity | None:
        """Tell what stands at a location; ``None`` for what is no regular file too."""
        path = _path(location)

        def look(session: Any) -> Identity | None:
            try:
                found = session.stat(path)
            except FileNotFoundError:
                return None
            return _identity(found) if stat.S_ISREG(found.st_mode) else None

        return self._persist(look, "open")

    def entries(self, directory: bytes, *, recursive: bool) -> Iterator[Entry]:
        """List a directory, some hundred files at a time; links to directories are not followed."""
        waiting = [directory.rstrip(b"/")]
        while waiting:
            inside = waiting.pop()
            for name, found in self._listed(inside):
                location = locations.join(inside, name)
                if stat.S_ISDIR(found.st_mode):
                    if recursive:
                        waiting.append(location)
                elif stat.S_ISREG(found.st_mode):
                    yield Entry(location, _identity(found))
                elif stat.S_ISLNK(found.st_mode) and (identity := self.look(location)):
                    yield Entry(location, identity)

    def head(self, location: bytes, n_bytes: int) -> bytes:
        """Read the first bytes of a file."""
        path = _path(location)

        def read(session: Any) -> bytes:
            with session.open(path, "rb") as file:
                content: bytes = file.read(n_bytes)
                return content

        return self._persist(read, "open")

    def fetch(
        self, location: bytes, descriptor: int, most_bytes: int, refuse_unwanted: Callable[[], object] = want
    ) -> Identity:
        """Write a file into an open, empty one; a broken connection begins anew."""
        path = _path(location)

        def receive(session: Any) -> Identity:
            refuse_unwanted()
            empty(descriptor) if size_of(descriptor) else None
            with session.open(path, "rb") as file:
                before = _identity(file.stat())
                refuse_too_large(before.size_bytes, most_bytes)
                received = 0
                while block := _next_block(file, received, before.size_bytes):
                    refuse_unwanted()
                    refuse_too_large(received + len(block), most_bytes)
                    write(descriptor, block, received)
                    received += len(block)
                if received != before.size_bytes or _identity(file.stat()) != before:
                    raise EOFError("the file was changed while it was read")
                return before

        return self._persist(receive, "open")

    def put(self, descriptor: int, location: bytes, terms: Terms) -> Identity:
        """Publish an open file: written beside its place, then renamed."""
        path = _path(location)
        parent = posixpath.dirname(path)
        temporary = posixpath.join(parent, f".dmedia-{terms.mark}-{secrets.token_hex(4)}.tmp".encode())

        def publish(session: Any) -> Identity:
            make_directories(session, parent)
            write_beside(session, descriptor, temporary)
            if terms.replaces or terms.renews:
                refuse_directory(session, path)
                session.posix_rename(temporary, path)
            elif not rename_to_free(session, temporary, path):
                refuse_other(session, path, descriptor, terms.sha256)
                session.remove(temporary)
            return _identity(session.stat(path))

        try:
            return self._persist(publish, "publish")
        except BaseException:
            self._discard(temporary)
            raise

    def mark_of(self, location: bytes) -> None:  # noqa: ARG002 - is of a store
        """Tell that no marks are kept."""
        return

    def checksum_of(self, location: bytes) -> str | None:
        """Read a file, whoever has put it."""
        path = _path(location)

        def read(session: Any) -> str | None:
            try:
                return checksum(session, path)
            except FileNotFoundError:
                return None

        return self._persist(read, "plan")

    def remove(self, location: bytes) -> None:
        """Remove a file."""
        path = _path(location)

        def remove(session: Any) -> None:
            with suppress(FileNotFoundError):
                session.remove(path)

        self._persist(remove, "publish")

    def _listed(self, directory: bytes) -> Iterator[tuple[bytes, Any]]:
        """List one directory; what is not there has no files. Only its beginning can be tried again."""

        def begin() -> tuple[Generator[tuple[bytes, Any]], tuple[bytes, Any] | None]:
            listing = self._rows(directory)
            return listing, next(listing, None)

        listing, row = persist(begin, lambda error: explain(error, self._name, "plan"))
        try:
            while row is not None:
                yield row
                row = next(listing, None)
        except Exception as error:
            refusal = explain(error, self._name, "plan")
            if refusal is None:
                raise
            raise refusal.error from None
        finally:
            with suppress(Exception):  # nobody waits for more of it
                listing.close()

    def _rows(self, directory: bytes) -> Generator[tuple[bytes, Any]]:
        with suppress(FileNotFoundError), self._sessions.one() as session:
            yield from listed(session, _path(directory))

    def _discard(self, temporary: bytes) -> None:
        """Remove what a connection that broke has left, if the server is there again."""
        with suppress(Exception), self._sessions.one() as session:  # the failure is what is told
            session.remove(temporary)

    def _persist(self, request: Callable[[Any], Answer], stage: Stage) -> Answer:
        def ask() -> Answer:
            with self._sessions.one() as session:
                return request(session)

        return persist(ask, lambda error: explain(error, self._name, stage))


def _next_block(file: Any, received_bytes: int, whole_bytes: int) -> bytes:
    if received_bytes % AHEAD_BYTES == 0 and received_bytes < whole_bytes:
        file.prefetch(min(received_bytes + AHEAD_BYTES, whole_bytes))
    block: bytes = file.read(BLOCK_BYTES)
    return block


def _path(location: bytes) -> bytes:
    return b"/" + locations.parted(location).key


def _identity(found: Any) -> Identity:
    return Identity(int(found.st_size or 0), int(found.st_mtime or 0) * 1_000_000_000, "")
