"""A program's words become what a job is asked."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

from dmedia.errors import ParameterError, UnknownOperationError, UsageError, nearest
from dmedia.model import Inputs, JobSpec, Limits, OnCollision, Persistence, Policies
from dmedia.operations import OPERATIONS, find_operation, foreign_names
from dmedia.storage.local import real_roots

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dmedia.operations.parameters import Parameters

    AnyPath = str | bytes | os.PathLike[str] | os.PathLike[bytes]
    Arguments = Mapping[str, Any]


class BatchOptions(TypedDict, total=False):
    """What may be said of a batch besides its four arguments; each has the command line's name and default.

    Attributes
    ----------
    preset : str
        A preset; ``parameters`` then take precedence over its own.
    recursive : bool
        Whether directories are walked into.
    include, exclude : sequence of str
        Globs over the path below its input.
    limit : int
        Take at most so many files.
    overwrite : bool
        Whether files that are not dmedia's own may be replaced.
    on_collision : str
        ``error``, ``keep-ext`` or ``number``.
    name : str
        Template of a rendition's path, such as ``{dir}/{stem}.{ext}``.
    portable_names : bool
        Whether names that differ only in case or Unicode form collide.
    limits : Limits
        What one file may cost.
    persistence : Persistence
        How failure and want of room are met.
    roots : sequence of path
        Directories outside of which nothing is read or written.
    slots : int
        Files worked on at once; of a batch without a client.
    scheduler : str
        Address of the Dask scheduler to run on; of a batch without a client.
    """

    preset: str | None
    recursive: bool
    include: Sequence[str]
    exclude: Sequence[str]
    limit: int | None
    overwrite: bool
    on_collision: str
    name: str
    portable_names: bool
    limits: Limits
    persistence: Persistence
    roots: Sequence[AnyPath]
    slots: int | None
    scheduler: str | None


@dataclass(frozen=True, slots=True)
class Work:
    """What is done with each file.

    Attributes
    ----------
    operation : str
        Name of the operation.
    parameters : Parameters
        Its validated arguments.
    preset : str or None
        The preset they came from.
    """

    operation: str
    parameters: Parameters
    preset: str | None = None


def read_work(operation: str, parameters: Arguments | None, preset: str | None = None) -> Work:
    """Find out what is asked for.

    Parameters
    ----------
    operation : str
        Name of an operation, or of a preset. Where both have a name, it is the operation.
    parameters : mapping of str to object or None
        Arguments; of a preset, those that shall be otherwise.
    preset : str, optional
        Name of a preset; ``operation`` is then its operation or its name once more.

    Returns
    -------
    Work

    Raises
    ------
    UnknownOperationError, ParameterError, PresetError
        They name what is wrong, and the nearest that exists.
    """
    from dmedia.operations.validation import validate
    from dmedia.presets import find_presets, load_preset

    given = dict(parameters or {})
    if preset is None:
        if is_operation(operation):
            return Work(operation, validate(operation, given))
        known = find_presets()
        if operation not in known:
            choices = nearest(operation, [*OPERATIONS, *foreign_names(), *known])
            raise UnknownOperationError(f"No operation or preset {operation!r}: {choices}")
        preset = operation
    found = load_preset(preset)
    if operation not in (found.operation, found.name):
        raise ParameterError(
            f"The preset {preset} is a {found.operation}, and not a {operation}", "ask for one of them"
        )
    return Work(found.operation, validate(found.operation, found.parameters.given() | given), found.name)


def is_operation(name: str) -> bool:
    """Tell whether a name is an operation's, of ours or of another package's."""
    return name in OPERATIONS or name in foreign_names()


def read_spec(
    inputs: AnyPath | Sequence[AnyPath], work: Work, output_directory: AnyPath, options: BatchOptions
) -> JobSpec:
    """Put a job together.

    Parameters
    ----------
    inputs : path or sequence of path
        Files, directories and globs.
    work : Work
        What is done with each file.
    output_directory : path
        Where renditions go; need not exist.
    options : BatchOptions
        What else was said.

    Returns
    -------
    JobSpec
        Nothing in it depends on the current directory any more.

    Raises
    ------
    ParameterError
        When an option is unknown, or of a value that it cannot have.
    UsageError
        When there is no input or no output directory.
    """
    for name in options:
        if name not in BatchOptions.__annotations__:
            raise ParameterError(f"Unknown option {name!r}: {nearest(name, BatchOptions.__annotations__)}")
    listed = [inputs] if isinstance(inputs, (str, bytes, os.PathLike)) else list(inputs)
    if not listed:
        raise UsageError("No input was given", "name files, directories or globs")
    if not os.fspath(output_directory):
        raise UsageError("The output directory has no name")
    return JobSpec(
        operation=work.operation,
        parameters=work.parameters,
        inputs=Inputs(
            paths=tuple(anchored(os.fsencode(path)) for path in listed),
            recursive=options.get("recursive", False),
            include=tuple(options.get("include", ())),
            exclude=tuple(options.get("exclude", ())),
            limit=options.get("limit"),
        ),
        output_directory=os.path.normpath(anchored(os.fsencode(output_directory))),
        policies=_read_policies(options),
        limits=options.get("limits", Limits()),
        persistence=options.get("persistence", Persistence()),
        preset=work.preset,
        accepts=find_operation(work.operation).accepts,
        roots=real_roots(map(os.fsencode, options.get("roots", ()))),
    )


def anchored(path: bytes) -> bytes:
    """Make a path or glob independent of the current directory: a job may be planned by another process.

    It is not made shorter or resolved; an empty path and a URL stay so, to be refused by whoever reads them.

    Raises
    ------
    UsageError
        When the current directory is gone, and the path needs it.
    """
    if not path or os.path.isabs(path) or b"://" in path:
        return path
    try:
        return os.path.join(os.getcwdb(), path)
    except FileNotFoundError:
        raise UsageError("The current directory does not exist any longer", "change to another one") from None


def _read_policies(options: BatchOptions) -> Policies:
    default = Policies()
    word = options.get("on_collision", default.on_collision)
    try:
        on_collision = OnCollision(word)
    except ValueError:
        raise ParameterError(f"on_collision is {word!r}: {nearest(word, list(OnCollision))}") from None
    return Policies(
        overwrite=options.get("overwrite", default.overwrite),
        on_collision=on_collision,
        portable_names=options.get("portable_names", default.portable_names),
        name_template=options.get("name", default.name_template),
    )
