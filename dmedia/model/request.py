"""What is asked for: a job before anything was looked at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from dmedia.model.states import OnCollision

if TYPE_CHECKING:
    from dmedia.model.states import Manifest
    from dmedia.operations.parameters import Parameters


WORKER_WAIT_S = 600.0
"""Seconds to wait for a scheduler or for workers that were lost, where nobody says otherwise."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may cost. Checked from the header, before anything is decoded.

    Attributes
    ----------
    max_page_pixels : int
        Width x height of one page or frame. Default 268,402,689, sharp's ``limitInputPixels``
        (0x3FFF squared).
    max_file_pixels : int
        Pixels of all pages or frames that are decoded.
    max_frames : int
        Frames of an animation that stays one. Where its first frame alone is taken, it may have any number.
    max_image_bytes, max_film_bytes : int
        Size of the source in bytes.
    image_slot_bytes, film_slot_bytes : int
        Resident memory of a slot in bytes, while it works on a picture or on a film.
    timeout_s : float or None
        Deadline of one file in seconds; ``None`` takes it from the file's size (pictures: the greater of 30 s
        and 1 s a megapixel; films: the greater of 120 s and 10 x the duration).
    allow_svg : bool
        Whether drawings (SVG) are rendered: one can ask for any amount of work, within the other limits.
    """

    max_page_pixels: int = 0x3FFF * 0x3FFF
    max_file_pixels: int = 800_000_000
    max_frames: int = 300
    max_image_bytes: int = 512 * 2**20
    max_film_bytes: int = 50 * 2**30
    image_slot_bytes: int = 2**30
    film_slot_bytes: int = 2 * 2**30
    timeout_s: float | None = None
    allow_svg: bool = False


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a job reads.

    Attributes
    ----------
    paths : tuple of bytes
        Files, directories, globs and URLs as they were given.
    listing : bytes or None
        A file that lists sources (``--files-from``), ``b"-"`` for standard input.
    null_separated : bool
        Whether the listing is separated by NUL bytes instead of newlines.
    recursive : bool
        Whether directories are walked into.
    include, exclude : tuple of str
        Globs over the path below its input; what matches no ``include`` or any ``exclude`` is left out.
    limit : int or None
        Take at most this many sources.
    shard : str or None
        ``K/N``: take the K-th of N parts of the sources, which are the same parts for whoever asks. After the limit.
    """

    paths: tuple[bytes, ...] = ()
    listing: bytes | None = None
    null_separated: bool = False
    recursive: bool = False
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    limit: int | None = None
    shard: str | None = None


@dataclass(frozen=True, slots=True)
class Policies:
    """What a job does where there is a choice.

    Attributes
    ----------
    overwrite : bool
        Whether a foreign file at a rendition's path may be replaced.
    on_collision : OnCollision
        What happens when two renditions have one path.
    portable_names : bool
        Whether names that differ only in case or Unicode form collide, whatever the file system says.
    name_template : str
        Where a rendition goes below the output directory.
    """

    overwrite: bool = False
    on_collision: OnCollision = OnCollision.ERROR
    portable_names: bool = False
    name_template: str = "{dir}/{stem}.{ext}"


@dataclass(frozen=True, slots=True)
class Persistence:
    """How a launcher meets failure and want of room. Another launcher of the same job may be told otherwise.

    Attributes
    ----------
    retries : int
        How often a file is tried again after a failure that may pass; 0 never.
    retry_wait_s : float
        Seconds before the first of them; each further one waits four times as long.
    max_failed : int or None
        So many failed files end the launcher's work; the job can be taken up again.
    max_failed_share : float or None
        The same as a share of the job's files, 0 to 1.
    min_free_bytes : int or None
        While less is free where renditions go, the job waits. ``None``: the lesser of 1 GiB and 2 % of the file system.
    """

    retries: int = 3
    retry_wait_s: float = 1.0
    max_failed: int | None = None
    max_failed_share: float | None = None
    min_free_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture that is laid over others. It travels with the job: its file may be elsewhere, or gone by then.

    Attributes
    ----------
    name : str
        Of its file, without the directory.
    content : bytes
        The file's, as it was when the job was asked for.
    """

    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one rendition of each source is made.

    Attributes
    ----------
    name : str
        Of a preset's ``[[renditions]]`` their own, for the name template's ``{rendition}``; empty where a preset or an
        operation makes one of each source.
    preset : str
        For ``{preset}``: the preset it comes from; empty where there is none.
    operation : str
        Name of the operation.
    parameters : Parameters
        Its validated arguments.
    """

    name: str
    preset: str
    operation: str
    parameters: Parameters


class Listed(NamedTuple):
    """A manifest, and the presets whose renditions it lists: those that ask for it."""

    manifest: Manifest
    presets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class JobSpec:
    """One request: sources, operation, parameters, output directory, policies.

    Attributes
    ----------
    operation : str
        Name of the operation.
    parameters : Parameters
        Its validated arguments.
    inputs : Inputs
        What to read.
    output_directory : bytes
        Absolute path or URL below which every rendition is written.
    policies : Policies
        What to do where there is a choice.
    limits : Limits
        What one file may cost.
    persistence : Persistence
        How failure and want of room are met.
    preset : str or None
        Name of the preset the operation and the parameters came from.
    rendition : str
        Name of the first rendition of each source, where there are several. See `Recipe`.
    also : tuple of Recipe
        The further ones, made of the same decoded picture.
    manifests : tuple of Listed
        What is written beside the renditions when the job has ended.
    accepts : frozenset of str
        Kinds of media (``image``, ``film``) taken from directories.
    roots : tuple of bytes
        Directories outside of which the job neither reads nor writes: absolute real paths, free of links, and URLs.
        Empty: anywhere.
    logo : Logo or None
        What the operation lays over pictures; its parameters have only the name.
    """

    operation: str
    parameters: Parameters
    inputs: Inputs
    output_directory: bytes
    policies: Policies = field(default_factory=Policies)
    limits: Limits = field(default_factory=Limits)
    persistence: Persistence = field(default_factory=Persistence)
    preset: str | None = None
    rendition: str = ""
    also: tuple[Recipe, ...] = ()
    manifests: tuple[Listed, ...] = ()
    accepts: frozenset[str] = frozenset({"image"})
    roots: tuple[bytes, ...] = ()
    logo: Logo | None = None

    @property
    def recipes(self) -> tuple[Recipe, ...]:
        """How each rendition of a source is made, the first one's first."""
        return (Recipe(self.rendition, self.preset or "", self.operation, self.parameters), *self.also)
