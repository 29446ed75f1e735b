"""The roots: directories outside of which the server neither reads nor writes, nor tells of jobs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dmedia.catalog.given import UNKNOWN, absolute, classify
from dmedia.catalog.globs import has_wildcard
from dmedia.catalog.stored import classify as classify_stored
from dmedia.errors import DmediaError, NoInputError, OutsideRootsError, UnknownJobError, UsageError
from dmedia.operations import OPERATIONS
from dmedia.operations.listing import file_parameters
from dmedia.presets import find_presets
from dmedia.record.home import find_job
from dmedia.record.reader import list_jobs, read_inputs, read_job
from dmedia.storage.local import is_inside, lies_below, real_roots
from dmedia.storage.locations import is_url, join
from dmedia.storage.stores import store_of
from dmedia.words import quoted, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dmedia.model import JobReport


FILES = frozenset[str]().union(*(file_parameters(operation.parameters) for operation in OPERATIONS.values()))
"""Parameters that name a file which the job reads besides its inputs."""

LONGEST_PATH = 4096
"""Characters. Linux takes so many bytes (``PATH_MAX`` in linux/limits.h)."""


@dataclass(frozen=True, slots=True)
class Roots:
    """What a server may use.

    Attributes
    ----------
    paths : tuple of bytes
        Absolute real paths of directories, and URLs, at least one. Relative paths are meant below the first.
    """

    paths: tuple[bytes, ...]

    @classmethod
    def of(cls, given: Sequence[bytes]) -> Roots:
        """Take the directories that were given at the server's start.

        Raises
        ------
        UsageError
            When there is none, or one is neither a directory nor a URL that can be used.
        """
        if not given:
            raise UsageError("No root was given", "name a directory that may be used: dmedia mcp --root DIR")
        for path in given:
            if is_url(path):
                store_of(path)  # which says what is missing to reach it
            elif not os.path.isdir(path):
                raise UsageError(f"The root {quoted(path)} is no directory", "make it, or name another one")
        return cls(real_roots(given))

    @property
    def directory(self) -> bytes:
        """The first of them on this machine; empty where all are URLs."""
        return next((path for path in self.paths if not is_url(path)), b"")

    def resolve(self, text: str) -> bytes:
        """Make a path absolute, and refuse it outside of the roots.

        Parameters
        ----------
        text : str
            As the assistant gave it; a relative one is below the first root. It need not exist.

        Returns
        -------
        bytes
            Absolute, without ``.`` and ``..``, or a URL; a ``/`` at its end stays: it says that a directory is meant.

        Raises
        ------
        UsageError
            When it is no path.
        OutsideRootsError
            When it leads out of them, by itself or through links, also where it does not exist yet.
        """
        path = absolute(self._anchored(text))
        self._refuse_outside(path, text)
        path = self._plainly(path)
        return join(path, b"") if text.endswith("/") else path

    def resolve_pattern(self, text: str, *, recursive: bool) -> bytes:
        """Make a file, a directory or a glob absolute, and refuse it when what is fixed of it leads out of the roots.

        What its wildcards find is looked at by the job, which is confined to the roots too. Raises like `resolve`.
        """
        path = self._anchored(text)
        if is_url(path):
            self._refuse_outside(path, text)
            return self._stored_pattern(path, recursive=recursive)
        given = classify(path, recursive=recursive)
        self._refuse_outside(given.path or given.base, text)
        if given.glob is None:
            if not os.path.lexists(given.path):
                raise NoInputError(f"There is no {shown(given.path)}", "name a directory, or a glob: images/*.jpg")
            return self._plainly(given.path)
        base = self._plainly(given.base)
        return os.path.join(base, _wildcards(path)) if given.named else base

    def _stored_pattern(self, path: bytes, *, recursive: bool) -> bytes:
        given = classify_stored(path, recursive=recursive, roots=self.paths)
        if given.glob is None and given.identity == UNKNOWN:
            raise NoInputError(f"There is no {shown(given.path)}", "name a directory, or a glob: images/*.jpg")
        return path

    def with_files(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Make the paths among an operation's arguments absolute, and refuse them outside of the roots.

        Parameters
        ----------
        parameters : mapping of str to object
            As the assistant gave them. Raises like `resolve`.
        """
        return {
            name: os.fsdecode(self.resolve(value)) if name in FILES and isinstance(value, str) else value
            for name, value in parameters.items()
        }

    def find_job(self, text: str) -> JobReport:
        """Find a job that reads and writes within the roots.

        Parameters
        ----------
        text : str
            Its id, the beginning of one, or ``last``.

        Raises
        ------
        UnknownJobError
            When there is none, or it is none of this server's business.
        """
        if text == "last":
            jobs = self.list_jobs()
            if not jobs:
                raise UnknownJobError("There is no job within the roots of this server yet")
            return jobs[0]
        try:
            report = read_job(find_job(text))
        except UnknownJobError:  # which names others, of whatever directories they are
            report = None
        if report is None or not self._holds(report):
            raise UnknownJobError(
                f"{text!r} is no job within the roots of this server, or the beginning of several",
                "get_batch_status lists the jobs",
            )
        return report

    def list_jobs(self) -> list[JobReport]:
        """List the jobs within the roots, newest first: all that are not over and the newest of the others."""
        return list_jobs(wanted=self._holds)[0]

    def refuse_preset(self, name: str) -> None:
        """Refuse a preset whose file seems to lie in a root, and is a link that leads out of them.

        Raises
        ------
        OutsideRootsError
            When it is one. A name that is no preset's passes.
        """
        path = find_presets().get(name)
        if path is not None and not self.holds_preset(path):
            raise OutsideRootsError(f"The preset {name!r} leads out of the directories that this server may use")

    def holds_preset(self, path: bytes) -> bool:
        """Tell whether a preset may be read: those that come with dmedia or are the user's own lie where they like."""
        own = any(lies_below(path, root) for root in self.paths)
        return not own or is_inside(path, self.paths)

    def _holds(self, report: JobReport) -> bool:
        """Tell whether a job stays within the roots: what it writes, and all that it was asked to read."""
        if not is_inside(report.output_directory, self.paths):
            return False
        try:
            inputs = read_inputs(report.id)
            if not all(is_inside(path, self.paths) for path in inputs.paths if is_url(path)):
                return False
            paths = [path for path in inputs.paths if not is_url(path)]
            given = [classify(path, recursive=inputs.recursive) for path in paths]
        except DmediaError:
            return False
        if inputs.listing is not None and not (report.base and is_inside(report.base, self.paths)):
            return False  # what a list names is known with the plan
        return all(is_inside(one.path or one.base, self.paths) for one in given)

    def _plainly(self, path: bytes) -> bytes:
        """Name what lies in the roots as it lies there, though a way through elsewhere led to it: /proc/self/cwd."""
        if is_url(path) or any(lies_below(path, root) for root in self.paths):
            return path
        if os.path.isdir(path):
            return os.path.realpath(path)
        return os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))

    def _anchored(self, text: str) -> bytes:
        if not text or "\0" in text:
            raise UsageError(f"{text!r} is no path")
        if len(text) > LONGEST_PATH:
            raise UsageError(f"{len(text):,} characters are no path: {text[:40]!r}...")
        path = os.fsencode(text)
        if "://" in text and not any(map(is_url, self.paths)):
            raise OutsideRootsError(f"{text!r} is a URL, and no root of this server is one")
        return path if is_url(path) or path.startswith(b"/") else join(self.paths[0], path)

    def _refuse_outside(self, path: bytes, text: str) -> None:
        if not is_inside(path, self.paths):
            allowed = ", ".join(shown(root) for root in self.paths)
            raise OutsideRootsError(
                f"{text!r} leads out of the directories that this server may use", f"It may use {allowed}"
            )


def _wildcards(path: bytes) -> bytes:
    """Take the part of a glob that is not fixed."""
    parts = path.split(b"/")
    first = next(index for index, part in enumerate(parts) if has_wildcard(os.fsdecode(part)))
    return b"/".join(parts[first:])
