"""One file at a time without a job: a slot is started for it, and nothing is recorded."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from dmedia.model import Limits, WorkOrder
from dmedia.operations.convert import Convert
from dmedia.run.scratch import Scratch
from dmedia.run.slot import Slot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dmedia.model import MediaInfo

DESCRIPTION_LIMIT_S = 30.0
"""Seconds in which a slot reads a header."""


def describe_file(source: bytes, roots: tuple[bytes, ...] = ()) -> MediaInfo:
    """Read what a media file says about itself, in a slot of its own.

    Parameters
    ----------
    source : bytes
        Absolute path.
    roots : tuple of bytes
        Absolute real paths of directories outside of which nothing is read; none: anything may be.

    Returns
    -------
    MediaInfo
        By its header: whether all of the file is there and whole is not looked at.

    Raises
    ------
    MediaError
        When the file cannot be read, is no media file or brings its slot down.
    NoSlotError
        When no slot can be started here.
    """
    with describing(roots) as slot:
        return slot.describe(source)


@contextlib.contextmanager
def describing(roots: tuple[bytes, ...] = ()) -> Iterator[Slot]:
    """Hold a slot that describes one file after the other.

    Parameters
    ----------
    roots : tuple of bytes
        As for `describe_file`.

    Yields
    ------
    Slot
        For `Slot.describe` alone: it may write nowhere but into its scratch directory. It ends with the context.
    """
    scratch = Scratch()
    output_directory = os.fsencode(scratch.path or os.devnull)
    limits = Limits(timeout_s=DESCRIPTION_LIMIT_S)
    slot = Slot(WorkOrder("info", "convert", Convert(format="jpg"), output_directory, limits, roots), scratch.path)
    try:
        yield slot
    finally:
        slot.close()
        scratch.close()
