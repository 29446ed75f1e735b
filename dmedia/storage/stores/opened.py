"""Which store a location belongs to."""

from __future__ import annotations

import functools
import importlib
import os
from typing import TYPE_CHECKING

from dmedia.errors import UsageError
from dmedia.words import nearest

if TYPE_CHECKING:
    from dmedia.storage.stores.store import Store

KINDS: dict[str, tuple[str, str, str]] = {
    "s3": ("s3", "S3Store", "s3fs"),
}
"""Extra, class and needed package by scheme; the class is in the module of the extra's name."""

SCHEMES = tuple(KINDS)
"""Schemes of locations that can be read, and, but for http and https, written."""


def store_of(location: bytes) -> Store:
    """Find the store that a location belongs to. Nothing is asked of it yet.

    Parameters
    ----------
    location : bytes
        A URL.

    Returns
    -------
    Store
        The same one for all locations of a scheme and host in this process.

    Raises
    ------
    UsageError
        When its scheme is not known, it holds a password, or the package for its scheme is not installed.
    """
    scheme, separator, rest = location.partition(b"://")
    name = scheme.decode("ascii", "replace").lower()
    if not separator or name not in KINDS:
        known = ", ".join(f"{scheme}://" for scheme in SCHEMES)
        raise UsageError(f"There is no store for {name + '://'!r}", f"{nearest(name, SCHEMES)} Known are {known}")
    host = rest.partition(b"/")[0]
    user, at, _ = host.rpartition(b"@")
    if at and b":" in user:
        raise UsageError(
            f"A location of {name}:// holds a password",
            "take it out: credentials come from where the store's own tools find them",
        )
    return _opened(name, host if name in HOSTED else b"", os.getpid())


HOSTED = frozenset({"sftp", "http", "https", "az", "abfs", "abfss"})
"""Schemes of which each host is a store of its own."""


@functools.cache
def _opened(scheme: str, host: bytes, _process: int) -> Store:
    extra, kind, package = KINDS[scheme]
    try:
        importlib.import_module(package)
    except ImportError as error:
        raise UsageError(
            f"{scheme}:// needs the package {package}, which cannot be loaded: {error}",
            f"pip install 'dmedia[{extra}]' where dmedia runs, and in the environment of every worker",
        ) from None
    module = importlib.import_module(f"dmedia.storage.stores.{extra}")
    store: Store = getattr(module, kind)(scheme, host)
    return store
