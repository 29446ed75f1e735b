"""A worker examines its way to stores: packages, credentials, and the network between."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dmedia.errors import MediaError, UsageError
from dmedia.run.fitness.demand import CANNOT_READ, Lack
from dmedia.storage.locations import EXTRAS, scheme
from dmedia.storage.stores import MissingPackageError, store_of
from dmedia.storage.trial import try_writing
from dmedia.words import shown

if TYPE_CHECKING:
    from dmedia.run.fitness.demand import Sample
    from dmedia.storage.stores import Store


def look_into_store(sample: Sample, roots: tuple[bytes, ...] = ()) -> Lack | None:
    """Look at a source in a store.

    Parameters
    ----------
    sample : Sample
        Its location is a URL.
    roots : tuple of bytes
        Of the job; empty: it may use anything.

    Returns
    -------
    Lack or None
        What keeps this worker from seeing it as the launcher does.
    """
    name = shown(sample.location)
    store = _store(sample.location, roots)
    if isinstance(store, Lack):
        return store
    try:
        found = store.look(sample.location)
    except MediaError as error:
        return Lack(f"{CANNOT_READ} {name}", error.message, error.hint or "")
    except UsageError as error:
        return _unusable(sample.location, error)
    if found is None:
        return Lack(f"do not see {name}", "", "let every worker speak to the same store")
    if sample.size_bytes >= 0 <= found.size_bytes != sample.size_bytes:
        difference = f"{found.size_bytes:,} bytes instead of {sample.size_bytes:,}"
        return Lack(f"see another file at {name}", difference, "let every worker speak to the same store")
    return None


def put_into_store(directory: bytes, job: str) -> Lack | None:
    """Put a small object into a store and remove it.

    Parameters
    ----------
    directory : bytes
        URL.
    job : str
        The job's id, part of the object's name.

    Returns
    -------
    Lack or None
        What keeps this worker from it.
    """
    store = _store(directory)
    if isinstance(store, Lack):
        return store
    try:
        try_writing(directory, job)  # whoever cannot remove it again was warned by the launcher
    except MediaError as error:
        return Lack(f"cannot write into {shown(directory)}", error.message, error.hint or "")
    except UsageError as error:
        return _unusable(directory, error)
    return None


def _store(location: bytes, roots: tuple[bytes, ...] = ()) -> Store | Lack:
    try:
        return store_of(location, roots)
    except MissingPackageError:
        extra = EXTRAS[scheme(location)]
        return Lack(f"lack dmedia[{extra}]", "", f"pip install 'dmedia[{extra}]' in every worker's environment")
    except UsageError as error:
        return _unusable(location, error)


def _unusable(location: bytes, error: UsageError) -> Lack:
    return Lack(f"cannot use {shown(location)}", error.message, error.hint or "")
