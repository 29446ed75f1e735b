"""A trial of a store: something small is put into it and removed, before anybody relies on that."""

from __future__ import annotations

import tempfile

from dmedia.errors import MediaError
from dmedia.storage.local import temporary_path
from dmedia.storage.locations import join
from dmedia.storage.stores import Terms, store_of
from dmedia.words import shown

WRITE_TEST = b"dmedia write test\n"


def try_writing(directory: bytes, job: str) -> str:
    """Put a small object into a store, and remove it.

    Parameters
    ----------
    directory : bytes
        URL.
    job : str
        The job's id, part of the object's name.

    Returns
    -------
    str
        A warning when it could be put and not removed, which who may write need not be allowed; else empty.

    Raises
    ------
    MediaError
        When it cannot be put.
    UsageError
        When what speaks to such stores is not installed.
    """
    test, store = temporary_path(join(directory, b"write test"), job), store_of(directory)
    with tempfile.TemporaryFile() as file:
        file.write(WRITE_TEST)
        file.flush()
        store.put(file.fileno(), test, Terms(job, replaces=True, content_type="text/plain"))
    try:
        store.remove(test)
    except MediaError as error:
        return f"{shown(test)} was written to see whether that works, and cannot be removed: {error.message}"
    return ""
