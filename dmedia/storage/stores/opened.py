"""Which store a location belongs to."""

from __future__ import annotations

import importlib
import os
import threading
from typing import TYPE_CHECKING

from dmedia.errors import DmediaError, UsageError
from dmedia.storage import locations
from dmedia.storage.stores.configuration import configured, misconfigured

if TYPE_CHECKING:
    from collections.abc import Callable

    from dmedia.storage.stores.store import Store

KINDS: dict[str, tuple[str, str]] = {
    "s3": ("s3", "s3fs"),
    "gs": ("gcs", "gcsfs"),
    "az": ("azure", "adlfs"),
    "sftp": ("sftp", "paramiko"),
    "https": ("http", "aiohttp"),
    "http": ("http", "aiohttp"),
}
"""Module of this package and needed package by scheme. The extra is named in `locations.EXTRAS`."""

SCHEMES = tuple(KINDS)
"""Schemes of locations that can be read, and, but for http and https, written."""


HOSTED = frozenset({"sftp", "http", "https", "az"})
"""Schemes of which each host is a store of its own."""


class MissingPackageError(UsageError):
    """The package that speaks to such a store is not installed, or cannot be loaded."""


_opened: dict[tuple[str, bytes], Store] = {}
_lock = threading.Lock()


def store_of(location: bytes, roots: tuple[bytes, ...] = ()) -> Store:
    """Find the store that a location belongs to. Nothing is asked of it yet.

    Parameters
    ----------
    location : bytes
        A URL.
    roots : tuple of bytes
        Absolute real paths and URLs that no server leads out of; empty: anywhere.

    Returns
    -------
    Store
        With the same connections for all locations of a scheme and host in this process.

    Raises
    ------
    UsageError
        When its scheme is not known, it holds a password, or its client cannot be set up as it is configured.
    MissingPackageError
        When the package for its scheme is not installed.
    """
    parts = locations.parted(locations.normal(location))
    key = (parts.scheme, parts.place if parts.scheme in HOSTED else b"")
    found = _opened.get(key)
    if found is None:
        with _lock:
            found = _opened.get(key) or _open(*key)
            _opened[key] = found
    return found.within(roots) if roots else found


def _open(scheme: str, host: bytes) -> Store:
    module, package = KINDS[scheme]
    try:
        with configured(scheme):  # fsspec reads its files when it is loaded
            importlib.import_module(package)
    except ImportError as error:
        raise MissingPackageError(
            f"{scheme}:// needs the package {package}, which cannot be loaded: {error}",
            f"pip install 'dmedia[{locations.EXTRAS[scheme]}]' here, and in the environment of every worker",
        ) from None
    make: Callable[[str, bytes], Store] = importlib.import_module(f"dmedia.storage.stores.{module}").store
    try:
        with configured(scheme):
            return make(scheme, host)
    except DmediaError:
        raise
    except Exception as error:  # some try their credentials, and say with them what went wrong
        raise misconfigured(scheme, type(error).__name__) from error


def _forget() -> None:
    """Make stores anew in a forked process: connections and their threads have stayed in the other."""
    global _lock  # noqa: PLW0603 - somebody may have held it
    _opened.clear()
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_forget)
