"""Leftovers: temporary files on servers that keep files, of workers that were killed while they wrote."""

from __future__ import annotations

from contextlib import suppress

from dmedia.errors import MediaError, UsageError
from dmedia.storage.local import is_inside, is_temporary
from dmedia.storage.locations import name, scheme
from dmedia.storage.stores.opened import store_of

WRITTEN_BESIDE = frozenset({"sftp"})
"""Schemes of stores in which an object is first written under another name. In the others it appears whole."""


def sweep(directory: bytes, job: str, roots: tuple[bytes, ...] = ()) -> None:
    """Remove the temporary files of a job that nobody works on any longer from one directory. Never fails.

    Parameters
    ----------
    directory : bytes
        URL to which renditions of the job go.
    job : str
        The job's id.
    roots : tuple of bytes
        Absolute real paths and URLs; a directory outside of all stays as it is. Empty: anywhere.
    """
    if scheme(directory) not in WRITTEN_BESIDE or not is_inside(directory, roots):
        return
    with suppress(MediaError, UsageError):
        store = store_of(directory)
        for entry in store.entries(directory, recursive=False):
            if is_temporary(name(entry.location), job):
                store.remove(entry.location)
