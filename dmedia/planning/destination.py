"""Where renditions go: a directory of this machine or of a store, and what is asked of it before a job begins."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol

from dmedia.errors import MediaError, PreflightError
from dmedia.planning import preflight
from dmedia.planning.folding import PORTABLE, Folding, nearest_existing, try_folding
from dmedia.storage.locations import LONGEST_KEY, is_url, writable
from dmedia.storage.stores import store_of
from dmedia.storage.trial import try_writing
from dmedia.words import shown

if TYPE_CHECKING:
    from dmedia.model import JobSpec

EXACT = Folding(case=False, unicode=False)
"""Keys are the same when their bytes are."""


class Destination(Protocol):
    """The output directory of a job."""

    def refuse_unfit(self) -> None:
        """Refuse what can be no output directory, without trying it.

        Raises
        ------
        UsageError, PreflightError
            They name it.
        """

    def folding(self, *, may_write: bool) -> Folding:
        """Tell which rendition paths are one path."""

    def longest_name(self) -> int:
        """Tell how many bytes a name may have: of a file its name, of an object its key."""

    def forecast(self, estimate: int, asked: int | None) -> tuple[int | None, int | None, str]:
        """Compare what renditions will take with what is free.

        Parameters
        ----------
        estimate : int
            Bytes they will take.
        asked : int or None
            Bytes to be kept free, as a person said.

        Returns
        -------
        tuple
            The estimate, the bytes that are free, and why there is no forecast, where there is none.

        Raises
        ------
        PreflightError
            When they do not fit.
        """

    def make(self, job: str) -> list[str]:
        """Make it, and write something there, which is removed at once.

        Returns
        -------
        list of str
            Warnings.

        Raises
        ------
        PreflightError
            It names the directory and the reason.
        """


def destination_of(spec: JobSpec) -> Destination:
    """Tell where a job's renditions go."""
    return Stored(spec) if is_url(spec.output_directory) else Local(spec)


def choose_folding(spec: JobSpec, *, may_write: bool) -> Folding:
    """Tell which rendition paths of a job are one path."""
    return PORTABLE if spec.policies.portable_names else destination_of(spec).folding(may_write=may_write)


class Local:
    """A directory of this machine. See `Destination`."""

    def __init__(self, spec: JobSpec) -> None:
        self._path = os.path.abspath(spec.output_directory)

    def refuse_unfit(self) -> None:  # noqa: D102
        preflight.refuse_file_as_directory(self._path)
        preflight.refuse_read_only(self._path)

    def folding(self, *, may_write: bool) -> Folding:  # noqa: D102
        return try_folding(nearest_existing(self._path), may_write=may_write)

    def longest_name(self) -> int:  # noqa: D102
        return preflight.longest_name(self._path)

    def forecast(self, estimate: int, asked: int | None) -> tuple[int | None, int | None, str]:  # noqa: D102
        free = preflight.free_bytes(self._path)
        preflight.refuse_full_disk(self._path, estimate, free, preflight.reserve_bytes(self._path, asked))
        return estimate, free, ""

    def make(self, job: str) -> list[str]:  # noqa: D102
        preflight.make_directory(self._path, job)
        return []


class Stored:
    """A directory in a store, which is nothing but the beginning of keys. See `Destination`."""

    def __init__(self, spec: JobSpec) -> None:
        self._url = spec.output_directory

    def refuse_unfit(self) -> None:  # noqa: D102
        store_of(writable(self._url))

    def folding(self, *, may_write: bool) -> Folding:  # noqa: ARG002, D102
        return EXACT

    def longest_name(self) -> int:  # noqa: D102
        return LONGEST_KEY

    def forecast(self, estimate: int, asked: int | None) -> tuple[int | None, int | None, str]:  # noqa: ARG002, D102
        return None, None, f"no disk forecast for {shown(self._url)}: a store does not say what it has room for"

    def make(self, job: str) -> list[str]:  # noqa: D102
        try:
            warning = try_writing(self._url, job)
        except MediaError as error:
            raise PreflightError(
                f"The output directory {shown(self._url)} cannot be written: {error.message}",
                error.hint or "Choose another with -o, or change the permissions.",
            ) from error
        return [warning] if warning else []
