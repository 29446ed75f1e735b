"""Transfers: what lies in a store, or goes to one, on its way through a worker.

A slot reaches nothing but its machine. So its worker fetches a source into a file without a name, whose descriptor the
slot gets like that of any source; and it puts what the slot has staged.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from dataclasses import replace
from typing import TYPE_CHECKING

from dmedia import formats
from dmedia.errors import MediaError, UsageError
from dmedia.operations import find_operation
from dmedia.run.slot import NoSlotError
from dmedia.run.transport import staging
from dmedia.storage import local as storage
from dmedia.storage.faults import fault
from dmedia.storage.locations import is_url
from dmedia.storage.stores import Terms, store_of
from dmedia.storage.stores.bodies import digest_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dmedia.model import FileResult, Limits, Output, Place, Task, WorkOrder
    from dmedia.storage.stores import Store

CONTENT_TYPES = {
    "jpg": "image/jpeg", "png": "image/png", "webp": "image/webp", "avif": "image/avif", "tiff": "image/tiff",
    "gif": "image/gif",
}  # fmt: skip
"""Media types by format, of https://www.iana.org/assignments/media-types."""


class Transfers:
    """What one worker fetches and puts for a job. Usable from any thread.

    Parameters
    ----------
    order : WorkOrder
        The job.
    scratch : str or None
        The worker's directory for temporary files, ``None`` where none can be made.
    """

    def __init__(self, order: WorkOrder, scratch: str | None) -> None:
        self._order = order
        self._scratch = scratch

    @contextlib.contextmanager
    def source(self, task: Task, refuse_unwanted: Callable[[], object] = lambda: None) -> Iterator[int]:
        """Open a task's source for reading, from a store a copy of it that has no name.

        Parameters
        ----------
        task : Task
            Whose.
        refuse_unwanted : callable
            Raises when the task is given up: a fetch ends with that.

        Yields
        ------
        int
            A descriptor; it is closed, and the copy gone, with the context.

        Raises
        ------
        MediaError
            As `storage.local.open_source` and `Store.fetch` do; ``disk_full`` when there is no room for the copy;
            ``output_exists`` when the rendition would replace its own source.
        """
        if any(place.rendition == task.source for place in task.places):
            message = "Output exists: the rendition would replace its own source"
            raise MediaError("output_exists", message, "publish", "Choose another output directory or name")
        is_local = not is_url(task.source)
        descriptor = (
            storage.open_source(task.source, self._order.roots) if is_local else self._fetched(task, refuse_unwanted)
        )
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def staged(self, task: Task, directory: bytes) -> Task:
        """Make what a slot is told of a task: see `staging.staged`.

        Raises
        ------
        MediaError
            ``permission_denied`` when its store lies outside the roots; ``io_error`` when there is no scratch.
        """
        if not self.stages:
            return task
        for place in task.places:
            storage.refuse_outside(place.rendition, self._order.roots, "publish")
        if self._scratch is None:
            raise staging.no_scratch("publish")
        return staging.staged(task, directory)

    def take(self, staged: Task, result: FileResult, held: contextlib.ExitStack) -> tuple[FileResult, list[int]]:
        """Take what a slot has made, when that is on its way to a store.

        Parameters
        ----------
        staged : Task
            As the slot was told.
        result : FileResult
            What the slot says came of it.
        held : contextlib.ExitStack
            Closes the descriptors.

        Returns
        -------
        FileResult, list of int
            The result as a person understands it, and the renditions' descriptors; none when there is nothing to put.

        Raises
        ------
        MediaError
            As by `staging.take`.
        """
        if not self.stages:
            return result, []
        if result.failure:
            return staging.told(result, self._scratch), []
        renditions = []
        for place in staged.places:
            renditions.append(staging.take(place.rendition))
            held.callback(os.close, renditions[-1])
        return result, renditions

    @property
    def stages(self) -> bool:
        """Whether renditions go to a store."""
        return is_url(self._order.output_directory)

    def put(self, task: Task, result: FileResult, renditions: Sequence[int]) -> FileResult:
        """Publish the renditions of a task in their store, one after the other.

        Parameters
        ----------
        task : Task
            As it was planned.
        result : FileResult
            What came of it in the slot.
        renditions : sequence of int
            Their descriptors, from `take`.

        Returns
        -------
        FileResult
            With the renditions as their store has them.

        Raises
        ------
        MediaError
            As by `Store.put`.
        """
        each = zip(result.outputs, task.places, renditions, strict=True)
        return replace(result, outputs=tuple(self._put(task, *one) for one in each))

    def _put(self, task: Task, made: Output, place: Place, descriptor: int) -> Output:
        sha256 = digest_of(descriptor).hex()
        terms = Terms(self._order.job, task.replaces, CONTENT_TYPES.get(made.format, ""), place.renews, sha256)
        identity = _store_of(place.rendition).put(descriptor, place.rendition, terms)
        return replace(
            made,
            path=place.rendition,
            size_bytes=os.fstat(descriptor).st_size,
            mtime_ns=identity.mtime_ns,
            sha256=sha256,
            version=identity.version,
        )

    def _fetched(self, task: Task, refuse_unwanted: Callable[[], object]) -> int:
        storage.refuse_outside(task.source, self._order.roots, "open")
        store = _store_of(task.source, self._order.roots)
        descriptor = self._nameless_file()
        try:
            store.fetch(task.source, descriptor, self._most_bytes(store, task), refuse_unwanted)
            os.lseek(descriptor, 0, os.SEEK_SET)
        except MediaError as error:
            os.close(descriptor)
            raise staging.about_scratch(error, self._scratch) from None
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def _nameless_file(self) -> int:
        if self._scratch is None:
            raise staging.no_scratch("open")
        try:
            descriptor, path = tempfile.mkstemp(dir=self._scratch)
            os.unlink(path)
        except OSError as error:
            raise staging.about_scratch(fault(error, "open"), self._scratch) from None
        return descriptor

    def _most_bytes(self, store: Store, task: Task) -> int:
        """Tell how much of a source is fetched; only what may be a film, by its content, may be as large as one."""
        limits: Limits = self._order.limits
        if not all("film" in find_operation(recipe.operation).accepts for recipe in self._order.recipes):
            return limits.max_image_bytes
        if 0 <= task.size_bytes <= limits.max_image_bytes:
            return limits.max_image_bytes
        head = store.head(task.source, formats.HEAD_BYTES)
        is_film = formats.sniff(head, task.source).kind == "film"
        return limits.max_film_bytes if is_film else limits.max_image_bytes


def _store_of(location: bytes, roots: tuple[bytes, ...] = ()) -> Store:
    """Find a location's store. Raises `NoSlotError` where this worker lacks what speaks to it: another may have it."""
    try:
        return store_of(location, roots)
    except UsageError as error:
        raise NoSlotError(f"{error.message}; {error.hint}" if error.hint else error.message) from None
