"""A logo is read and tried once, where the job is asked for; from then on its bytes travel with the job."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dmedia import formats
from dmedia.errors import MediaError, ParameterError, UsageError
from dmedia.model import Limits, Logo, Task
from dmedia.run.single import idle_slot
from dmedia.storage import local as storage
from dmedia.storage.locations import is_url
from dmedia.words import quoted, shown

if TYPE_CHECKING:
    from dmedia.model import Failure

MOST_BYTES = 10 * 10**6
MOST_PIXELS = 16 * 10**6
"""Of a logo. It goes to every worker and is held by every slot; a larger one shows nothing more at any size."""

FORMATS = {"png": "PNG", "webp": "WebP", "jpg": "JPEG", "gif": "GIF"}

HINT = "a logo is a PNG, WebP, JPEG or GIF of at most 10 MB and 16 megapixels"

TRIAL_LIMIT_S = 30.0
"""Seconds in which a slot decodes it."""


def read_logo(path: bytes, roots: tuple[bytes, ...] = ()) -> Logo:
    """Read a logo, and let a slot decode it once: in its sandbox, under its limits.

    Parameters
    ----------
    path : bytes
        Absolute.
    roots : tuple of bytes
        Absolute real paths and URLs of directories outside of which nothing is read; none: anything may be.

    Returns
    -------
    Logo
        As it is in the file.

    Raises
    ------
    OutsideRootsError
        When it leads out of the roots.
    UsageError
        When it is a URL.
    ParameterError
        When it cannot be read, is none of the formats, too large, or cannot be decoded; the message names it.
    PreflightError
        When no slot can be started here.
    """
    if is_url(path):
        raise UsageError(f"The logo {quoted(path)} is a URL", "fetch it, and name the file")
    if not storage.is_inside(path, roots):
        raise storage.leading_out(f"The logo {quoted(path)}", roots)
    try:
        descriptor = storage.open_source(path, roots)
    except MediaError as error:
        raise ParameterError(f"logo: {quoted(path)}: {error.message}") from None
    try:
        content = _content(descriptor, path)
        if failure := _try(descriptor, path):
            raise ParameterError(f"logo: {quoted(path)} cannot be used: {failure.message}", HINT)
    finally:
        os.close(descriptor)
    return Logo(shown(os.path.basename(path)), content)


def _content(descriptor: int, path: bytes) -> bytes:
    try:
        content = os.pread(descriptor, MOST_BYTES + 1, 0)
    except OSError as error:
        raise ParameterError(f"logo: {quoted(path)} cannot be read: {error.strerror}") from None
    if len(content) > MOST_BYTES:
        raise ParameterError(f"logo: {quoted(path)} is larger than 10 MB", HINT)
    found = formats.sniff(content[: formats.HEAD_BYTES]).format
    if found not in FORMATS:
        raise ParameterError(f"logo: {quoted(path)} is {found or 'of no known format'}", HINT)
    return content


def _try(descriptor: int, path: bytes) -> Failure | None:
    """Let a slot convert it, and throw away what comes of it."""
    limits = Limits(
        max_page_pixels=MOST_PIXELS,
        max_file_pixels=MOST_PIXELS,
        max_image_bytes=MOST_BYTES,
        timeout_s=TRIAL_LIMIT_S,
    )
    with idle_slot("logo", limits) as slot:
        made = os.path.join(slot.output_directory, b"logo.jpg")
        return slot.work_on(descriptor, Task(0, path, made, os.fstat(descriptor).st_size)).failure
