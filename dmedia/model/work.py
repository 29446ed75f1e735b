"""What is to be done: sources, tasks, and the plan they come from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from dmedia.model.request import Recipe
from dmedia.model.states import FileStatus, Standing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dmedia.model.request import JobSpec, Limits, Logo
    from dmedia.model.result import Failure, Output
    from dmedia.operations.parameters import Parameters


@dataclass(frozen=True, slots=True)
class Source:
    """A media file that is read.

    Attributes
    ----------
    path : bytes
        Absolute path, or a URL.
    base : bytes
        The input's directory, below which the tree is mirrored.
    size_bytes, mtime_ns : int
        The file's identity; both -1 where it could not be looked at (the task then fails with the reason).
    name : str or None
        The rendition's name a listing asked for, without extension.
    version : str
        What a store calls these bytes, an ETag or a version; empty for a local file, and where a store does not say.
        There ``mtime_ns`` may be 0, unknown.
    """

    path: bytes
    base: bytes
    size_bytes: int
    mtime_ns: int
    name: str | None = None
    version: str = ""


class Place(NamedTuple):
    """Where a rendition of a task goes.

    Attributes
    ----------
    rendition : bytes
        Absolute path, or a URL.
    renews : bool
        Whether a rendition of ours stood there when the job was planned: it may be replaced. Without it nothing did,
        and what somebody has put there since stays.
    """

    rendition: bytes
    renews: bool = False


@dataclass(frozen=True, slots=True)
class Task:
    """One source through one operation: the unit that succeeds or fails.

    Attributes
    ----------
    number : int
        The task's number within its job, from 0.
    source, rendition : bytes
        Absolute paths, or URLs; of several renditions the first.
    size_bytes : int
        The source's size when the job was planned, -1 when it could not be looked at.
    replaces : bool
        Whether whatever stands at the rendition's path may be replaced.
    version : str
        Of the source in its store when the job was planned; empty where there is none. See `Source`.
    renews : bool
        Whether a rendition of ours stood at the rendition's path when the job was planned; see `Place`.
    also : tuple of Place
        Where the further renditions go, in the order of the job's recipes.
    """

    number: int
    source: bytes
    rendition: bytes
    size_bytes: int
    replaces: bool = False
    version: str = ""
    renews: bool = False
    also: tuple[Place, ...] = ()

    @property
    def places(self) -> tuple[Place, ...]:
        """Where each rendition goes, in the order of the job's recipes."""
        return (Place(self.rendition, self.renews), *self.also)


@dataclass(frozen=True, slots=True)
class WorkOrder:
    """What all tasks of a job have in common: sent once to every slot.

    Attributes
    ----------
    job : str
        The job's id.
    operation : str
        Name of the operation; of several renditions the first one's.
    parameters : Parameters
        Its validated arguments.
    output_directory : bytes
        Absolute path, or a URL; every rendition's real parent lies inside it.
    limits : Limits
        What one file may cost.
    roots : tuple of bytes
        Absolute real paths and URLs of the directories outside of which nothing is read or written; empty: anywhere.
    also : tuple of Recipe
        How the further renditions of each source are made.
    logo : Logo or None
        What is laid over pictures.
    """

    job: str
    operation: str
    parameters: Parameters
    output_directory: bytes
    limits: Limits
    roots: tuple[bytes, ...] = ()
    also: tuple[Recipe, ...] = ()
    logo: Logo | None = None

    @property
    def recipes(self) -> tuple[Recipe, ...]:
        """How each rendition of a source is made, in the order of a task's places."""
        return (Recipe("", "", self.operation, self.parameters), *self.also)

    @classmethod
    def of(cls, job: str, spec: JobSpec) -> WorkOrder:
        """Take from a request what the work on a file needs to know."""
        place = (spec.output_directory, spec.limits, spec.roots)
        return cls(job, spec.operation, spec.parameters, *place, spec.also, spec.logo)


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """One row of a plan: a source, where its rendition goes and what stands there.

    Attributes
    ----------
    number : int
        The task's number within its job, from 0.
    source : Source
        What is read.
    rendition : bytes
        Absolute path, or URL, of what is written; of several renditions the first.
    standing : Standing
        What stood at that path when the job was planned.
    status : FileStatus
        ``PENDING``; ``SKIPPED`` when it is up to date; ``FAILED`` when it cannot be tried.
    failure : Failure or None
        Why it cannot be tried.
    outputs : tuple of Output
        Of a skipped file: the renditions that are up to date.
    also : tuple of PlannedPlace
        Of several renditions the further ones.
    """

    number: int
    source: Source
    rendition: bytes
    standing: Standing = Standing.NOTHING
    status: FileStatus = FileStatus.PENDING
    failure: Failure | None = None
    outputs: tuple[Output, ...] = ()
    also: tuple[PlannedPlace, ...] = ()

    @property
    def renditions(self) -> tuple[bytes, ...]:
        """The path or URL of each rendition, in the order of the job's recipes."""
        return (self.rendition, *(place.rendition for place in self.also))

    @property
    def standings(self) -> tuple[Standing, ...]:
        """What stood at each of these places."""
        return (self.standing, *(place.standing for place in self.also))

    def standing_as(self, standings: Sequence[Standing]) -> PlannedFile:
        """Note what stands at each of these places."""
        places = zip(self.also, standings[1:], strict=True)
        also = tuple(PlannedPlace(place.rendition, standing) for place, standing in places)
        return replace(self, standing=standings[0], also=also)


class PlannedPlace(NamedTuple):
    """Where a further rendition of a planned file goes, and what stood there when the job was planned."""

    rendition: bytes
    standing: Standing = Standing.NOTHING


@dataclass(frozen=True, slots=True)
class Plan:
    """A complete plan in numbers; the rows are in the record.

    Attributes
    ----------
    total, pending, skipped, failed : int
        Files: all, to be done, up to date, and those known to fail.
    ignored : dict of str to int
        Files in walked directories that the operation does not take, by extension.
    bytes_in : int
        Size of the sources to be done.
    forecast_bytes, free_bytes : int or None
        What the renditions will take, estimated, and what is free where they go; ``None`` in a store, which does not
        say what it has room for.
    warnings : tuple of str
        What concerns the job as a whole.
    no_forecast : str
        Why nothing is forecast; empty where something is.
    """

    total: int
    pending: int
    skipped: int
    failed: int
    ignored: dict[str, int]
    bytes_in: int
    forecast_bytes: int | None
    free_bytes: int | None
    warnings: tuple[str, ...]
    no_forecast: str = ""
