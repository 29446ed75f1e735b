"""A program's words become what a job is asked."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dmedia.api.anchors import anchored, encoded
from dmedia.api.logo import take_logos
from dmedia.api.options import BatchOptions, read_options
from dmedia.errors import ParameterError, UsageError
from dmedia.model import Inputs, JobSpec, Limits, OnCollision, Persistence, Policies
from dmedia.storage.local import real_roots
from dmedia.storage.locations import is_url, writable
from dmedia.words import nearest, quoted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dmedia.api.options import AnyPath
    from dmedia.api.work import Work


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
        When there is no input, or no output directory that could be made.
    """
    from dmedia.planning.shard import checked_shard

    said = read_options(options, BatchOptions)
    roots = real_roots(map(os.fsencode, said.get("roots", ())))
    try:
        listed = [inputs] if isinstance(inputs, (str, bytes, os.PathLike)) else list(inputs)
    except TypeError:
        raise ParameterError(f"input is {inputs!r}: it is a path, a glob, or a list of them") from None
    if not listed:
        raise UsageError("No input was given", "name files, directories or globs")
    asked = Inputs(
        paths=tuple(anchored(encoded("input", path)) for path in listed),
        recursive=said.get("recursive", False),
        include=said.get("include", ()),
        exclude=said.get("exclude", ()),
        limit=said.get("limit"),
        shard=checked_shard(said["shard"]) if "shard" in said else None,
    )
    return replace(
        ask(work, asked, encoded("output_directory", output_directory), roots),
        policies=_read_policies(said),
        limits=said.get("limits", Limits()),
        persistence=said.get("persistence", Persistence()),
    )


def ask(work: Work, inputs: Inputs, output_directory: bytes, roots: tuple[bytes, ...]) -> JobSpec:
    """Ask for work on inputs, with policies, limits and persistence as they are by default.

    Parameters
    ----------
    work : Work
        What is done with each file.
    inputs : Inputs
        What to read.
    output_directory : bytes
        As it was said. See `read_directory`.
    roots : tuple of bytes
        Absolute real paths and URLs outside of which nothing is read or written. Empty: anywhere.

    Returns
    -------
    JobSpec

    Raises
    ------
    ParameterError, UsageError, PreflightError
        See `take_logos` and `read_directory`.
    """
    recipes, logo = take_logos(work.recipes, roots)
    first, *others = recipes
    return JobSpec(
        operation=first.operation,
        parameters=first.parameters,
        inputs=inputs,
        output_directory=read_directory(output_directory),
        preset=work.preset,
        rendition=first.name,
        also=tuple(others),
        manifests=work.manifests,
        accepts=work.accepts,
        roots=roots,
        logo=logo,
    )


def read_directory(path: bytes) -> bytes:
    """Take the output directory of a job.

    Parameters
    ----------
    path : bytes
        As it was said; relative to the current directory.

    Returns
    -------
    bytes
        Absolute, or a URL.

    Raises
    ------
    UsageError
        When it has no name, none that a directory can have, or is a URL that cannot be used.
    """
    if not path:
        raise UsageError("The output directory has no name", "name one; . is the current directory")
    if is_url(path):
        return writable(path)
    if b"\0" in path:
        raise UsageError(f"{quoted(path)} holds a NUL byte, which no path can")
    return os.path.normpath(anchored(path))


def _read_policies(said: Mapping[str, Any]) -> Policies:
    default = Policies()
    word = said.get("on_collision", default.on_collision)
    try:
        on_collision = OnCollision(word)
    except ValueError:
        raise ParameterError(f"on_collision is {word!r}: {nearest(word, map(str, OnCollision))}") from None
    return Policies(
        overwrite=said.get("overwrite", default.overwrite),
        on_collision=on_collision,
        portable_names=said.get("portable_names", default.portable_names),
        name_template=said.get("name", default.name_template),
    )
