"""Operations that other packages bring, by entry points of the group ``dmedia.operations``.

They are looked for when a name is asked for that is not dmedia's own, or all are: looking reads the metadata of every
installed package, which the commands of every day need not wait for. One that is broken troubles nobody else.
"""

from __future__ import annotations

import contextlib
import functools
import sys
import threading
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING

from dmedia.errors import UnknownOperationError
from dmedia.operations.admission import admit

if TYPE_CHECKING:
    from dmedia.operations.operation import Operation

GROUP = "dmedia.operations"

_LOADING = threading.RLock()
"""Held while a package is loaded: standard output is turned away meanwhile, and two threads would not turn it back."""


@dataclass(frozen=True, slots=True)
class Offer:
    """An entry point of another package.

    Attributes
    ----------
    name : str
        What the operation is called.
    distribution, version : str
        Of the package that was installed.
    entry : importlib.metadata.EntryPoint or None
        Leads to the operation; ``None`` where the package's entry points cannot be read.
    """

    name: str
    distribution: str
    version: str
    entry: metadata.EntryPoint | None

    @property
    def package(self) -> str:
        """The package with its version, as people name it."""
        return f"{self.distribution} {self.version}".strip()


@functools.cache
def offers() -> dict[str, tuple[Offer, ...]]:
    """Find what other packages offer, without loading any of it.

    Returns
    -------
    dict of str to tuple of Offer
        By name, sorted. Several of one name come from several packages.
    """
    found: dict[str, dict[str, Offer]] = {}
    for distribution in metadata.distributions():
        for offer in _offers_of(distribution):  # the first of a distribution on sys.path is the one that is imported
            found.setdefault(offer.name, {}).setdefault(offer.distribution.lower().replace("_", "-"), offer)
    return {name: tuple(found[name].values()) for name in sorted(found)}


def load(name: str) -> Operation:
    """Load an operation of another package.

    Parameters
    ----------
    name : str
        One of `offers`.

    Returns
    -------
    Operation
        Looked at: see `admit`.

    Raises
    ------
    UnknownOperationError
        When it is broken, or several packages claim the name; the message names them and says why.
    """
    found = _loaded(name)
    if isinstance(found, UnknownOperationError):
        raise found
    return found


@functools.cache
def _loaded(name: str) -> Operation | UnknownOperationError:
    """Load an operation, or learn what is wrong with it: once, for what is broken may be slow about it."""
    offered = offers()[name]
    if len(offered) > 1:
        packages = " and ".join(offer.package for offer in offered)
        return UnknownOperationError(f"The operation {name!r} is brought by {packages}", "uninstall all but one")
    offer = offered[0]
    try:
        found = _resolve(offer)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - of a package that may do anything when it is loaded
        return _unusable(offer, f"{type(error).__name__}: {error}")
    try:
        return admit(name, found)
    except (ValueError, TypeError) as error:
        return _unusable(offer, str(error))


def _resolve(offer: Offer) -> object:
    if offer.entry is None:
        raise ValueError("the package's entry points cannot be read")
    with _LOADING, contextlib.redirect_stdout(sys.stderr):  # what a package says when it is loaded is no output of ours
        return offer.entry.load()


def _unusable(offer: Offer, reason: str) -> UnknownOperationError:
    return UnknownOperationError(
        f"The operation {offer.name!r} of {offer.package} cannot be used: {reason}",
        f"install another version of {offer.distribution}, or tell its authors",
    )


def _offers_of(distribution: metadata.Distribution) -> list[Offer]:
    """List a package's operations; one whose metadata is damaged offers what cannot be used."""
    try:
        text = distribution.read_text("entry_points.txt") or ""
    except (OSError, ValueError):
        return []
    if GROUP not in text:
        return []
    try:
        name, version = str(distribution.metadata["Name"]), distribution.version
    except (OSError, LookupError, TypeError, ValueError):
        name, version = "an unnamed package", ""
    try:
        entries = [entry for entry in distribution.entry_points if entry.group == GROUP]
    except Exception:  # noqa: BLE001 - a parser's, which may raise anything of a damaged file
        return [Offer(name, name, version, None)]
    return [Offer(entry.name, name, version, entry) for entry in entries]
