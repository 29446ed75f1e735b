"""Stores: places with a URL scheme where media lies. fsspec and its clients are loaded when a location is asked for."""

from __future__ import annotations

from dmedia.storage.stores.opened import SCHEMES, MissingPackageError, store_of
from dmedia.storage.stores.store import Entry, Identity, Store, Terms

__all__ = ["SCHEMES", "Entry", "Identity", "MissingPackageError", "Store", "Terms", "store_of"]
