"""Can this job succeed here? Asked before anything is written."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from dmedia.errors import PreflightError
from dmedia.operations.parameters import Box
from dmedia.planning.folding import nearest_existing
from dmedia.planning.name_length import NAME_MAX
from dmedia.report.summary import size
from dmedia.storage.local import is_inside, leading_out, temporary_path
from dmedia.storage.locations import is_url
from dmedia.storage.trial import WRITE_TEST
from dmedia.words import quoted, shown

if TYPE_CHECKING:
    from dmedia.model import JobSpec, Recipe

RATIO: dict[str | None, float] = {
    "jpg": 1.5, "webp": 1.0, "avif": 1.0, "png": 8.0, "tiff": 6.0, "gif": 3.0, None: 1.5,
}  # fmt: skip
"""Bytes of a rendition for each byte of its source, where pictures keep their size; ``None`` keeps the format.

Medians over 14 JPEG photos at quality 95 (lossy) and default compression, rounded up: measured 1.39 jpg, 0.91 webp,
0.83 avif at quality 90, 7.23 png, 5.89 tiff (LZW), 2.99 gif. At default quality half of it and less."""

PIXEL_BYTES: dict[str | None, float] = {
    "jpg": 0.6, "webp": 0.45, "avif": 0.4, "png": 3.0, "tiff": 3.0, "gif": 1.2, None: 3.0,
}  # fmt: skip
"""Bytes of a rendition for each of its pixels: the greatest over the same photos, rounded up."""

LONGEST_RATIO = 2.0
"""Longer side of a picture for its shorter one, where a box bounds only one side: 16:9 is 1.78."""

RESERVE_BYTES, RESERVE_SHARE = 2**30, 0.02


def refuse_outside_roots(spec: JobSpec) -> None:
    """Refuse an output directory outside the roots: by itself, by a link, or because its root is gone.

    Raises
    ------
    OutsideRootsError
        It names the output directory.
    """
    places = [spec.output_directory]
    if not is_url(spec.output_directory):
        path = os.path.abspath(spec.output_directory)
        places += [path, nearest_existing(path)]
    if not all(is_inside(place, spec.roots) for place in places):
        raise leading_out(f"The output directory {quoted(spec.output_directory)}", spec.roots)


def lost_dates(spec: JobSpec) -> list[str]:
    """Warn where dates shall be kept and cannot: a store says itself when an object was put there."""
    if is_url(spec.output_directory) and getattr(spec.parameters, "keep_dates", False):
        return ["--keep-dates does nothing in a store, which dates its objects itself"]
    return []


def refuse_file_as_directory(output_directory: bytes) -> None:
    """Refuse an output directory that is a file, or that lies below one.

    Raises
    ------
    PreflightError
        It names the path.
    """
    path = os.path.abspath(output_directory)
    while not os.path.isdir(path) and path != b"/":
        if os.path.lexists(path):
            raise PreflightError(
                f"The output directory {shown(output_directory)} cannot be made: {shown(path)} is not a directory",
                "Choose another with -o.",
            )
        path = os.path.dirname(path)


def refuse_read_only(output_directory: bytes) -> None:
    """Refuse an output directory that this user may not write, without trying it.

    Raises
    ------
    PreflightError
        It names the nearest directory that exists.
    """
    parent = nearest_existing(output_directory)
    if not os.access(parent, os.W_OK | os.X_OK):
        raise PreflightError(
            f"The output directory {shown(output_directory)} cannot be written: no permission in {shown(parent)}",
            "Choose another with -o, or change the permissions.",
        )


def most_bytes(recipe: Recipe) -> tuple[float, float]:
    """Tell what bounds the size of a recipe's renditions.

    Returns
    -------
    tuple of float
        Bytes for each byte of the source, and bytes at most: what its box takes or was allowed, infinity without both.
    """
    allowed = float(getattr(recipe.parameters, "max_bytes", None) or "inf")
    chosen = getattr(recipe.parameters, "format", None)
    ratio = min(RATIO[chosen], 1.0) if recipe.operation == "compress" and chosen is None else RATIO[chosen]
    box = recipe.parameters
    if not isinstance(box, Box) or box.fit == "outside" or not (box.width or box.height):
        return ratio, allowed
    width, height = box.width or 0, box.height or 0
    pixels = (width or height * LONGEST_RATIO) * (height or width * LONGEST_RATIO)
    return ratio, min(allowed, pixels * PIXEL_BYTES[chosen])


def free_bytes(output_directory: bytes) -> int:
    """Tell how many bytes this user may write where the output directory is or will be."""
    found = os.statvfs(nearest_existing(output_directory))
    return found.f_bavail * found.f_frsize


def longest_name(output_directory: bytes) -> int:
    """Tell how many bytes a file name may have where the output directory is or will be."""
    with suppress(OSError, ValueError):
        return os.pathconf(nearest_existing(output_directory), "PC_NAME_MAX")
    return NAME_MAX


def reserve_bytes(output_directory: bytes, asked: int | None) -> int:
    """Tell how much is kept free where the output directory is or will be.

    Parameters
    ----------
    output_directory : bytes
        Its path.
    asked : int or None
        What a person said.

    Returns
    -------
    int
        Bytes; without a word, the lesser of 1 GiB and 2 % of the file system.
    """
    if asked is not None:
        return asked
    found = os.statvfs(nearest_existing(output_directory))
    return min(RESERVE_BYTES, int(RESERVE_SHARE * found.f_blocks * found.f_frsize))


def refuse_full_disk(output_directory: bytes, forecast: int, free: int, reserve: int) -> None:
    """Refuse a job whose renditions will not fit.

    Parameters
    ----------
    output_directory : bytes
        Where they go.
    forecast, free, reserve : int
        Bytes that they will take, that are free, and that are to stay so.

    Raises
    ------
    PreflightError
        It names the numbers.
    """
    if forecast > free - reserve:
        raise PreflightError(
            f"Not enough disk space for {shown(output_directory)}: about {size(forecast)} are needed, "
            f"{size(free)} are free, and {size(reserve)} of them are to stay so (--min-free)",
            "Free some space, choose another directory with -o, or do a part of the job with --limit.",
        )


def make_directory(output_directory: bytes, job: str) -> None:
    """Make the output directory and write a file there, which is removed at once.

    Parameters
    ----------
    output_directory : bytes
        Its parents are made too. When the test fails, what was made is removed again.
    job : str
        The job's id, part of the file's name.

    Raises
    ------
    PreflightError
        It names the directory and the reason.
    """
    made = missing_directories(output_directory)
    path = temporary_path(os.path.join(output_directory, b"write test"), job)
    try:
        os.makedirs(output_directory, exist_ok=True)
        try:
            with open(path, "xb") as file:
                file.write(WRITE_TEST)
                file.flush()
                os.fsync(file.fileno())
        finally:
            with suppress(FileNotFoundError):
                os.unlink(path)
    except OSError as error:
        for directory in made:
            with suppress(OSError):
                os.rmdir(directory)
        raise PreflightError(
            f"The output directory {shown(output_directory)} cannot be written: {error.strerror}",
            "Choose another with -o, or change the permissions.",
        ) from None


def missing_directories(directory: bytes) -> list[bytes]:
    """List the directories that have to be made, the deepest first."""
    missing = []
    path = os.path.abspath(directory)
    while not os.path.lexists(path) and path != b"/":
        missing.append(path)
        path = os.path.dirname(path)
    return missing
