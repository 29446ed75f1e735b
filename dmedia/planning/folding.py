"""Which names are one name: tried on the file system that will hold the renditions."""

from __future__ import annotations

import os
import secrets
import sys
import unicodedata
from contextlib import suppress
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Folding:
    """What a file system takes for the same name.

    Attributes
    ----------
    case : bool
        Whether ``A`` and ``a`` are one.
    unicode : bool
        Whether composed and decomposed characters are one (NFC and NFD, Unicode Standard Annex 15).
    """

    case: bool
    unicode: bool

    def key(self, path: bytes) -> bytes:
        """Give all paths that are one to the file system the same key."""
        if not (self.case or self.unicode) or (path.isascii() and not self.case):
            return path
        text = path.decode("utf-8", "surrogateescape")
        if self.case:
            text = text.casefold()
        if self.unicode:
            text = unicodedata.normalize("NFC", text)
        return text.encode("utf-8", "surrogateescape")


PORTABLE = Folding(case=True, unicode=True)


def nearest_existing(path: bytes) -> bytes:
    """Tell the nearest directory at or above a path that exists."""
    path = os.path.abspath(path)
    while not os.path.isdir(path) and path != b"/":
        path = os.path.dirname(path)
    return path


def try_folding(directory: bytes, *, may_write: bool) -> Folding:
    """Find out which names are one name to a file system.

    Parameters
    ----------
    directory : bytes
        Exists.
    may_write : bool
        Whether it may be tried with a file, which is removed at once; otherwise the names in the directory tell.

    Returns
    -------
    Folding
        Where nothing can be tried, what the platform's usual file system does (macOS folds both).
    """
    usual = sys.platform == "darwin"
    # One letter that has case, and one character that NFC and NFD write differently.
    name = f".dmedia-{secrets.token_hex(4)}-\N{LATIN SMALL LETTER E WITH ACUTE}.tmp".encode()
    if may_write:
        with suppress(OSError):
            os.close(os.open(os.path.join(directory, name), os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
            try:
                return Folding(_is_same(directory, name, _swap(name)), _is_same(directory, name, _decompose(name)))
            finally:
                os.unlink(os.path.join(directory, name))
    with suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            if _swap(entry.name) != entry.name:
                folded = _is_same(directory, entry.name, _swap(entry.name))
                return Folding(folded, usual)
    return Folding(usual, usual)


def _swap(name: bytes) -> bytes:
    return name.swapcase()


def _decompose(name: bytes) -> bytes:
    return unicodedata.normalize("NFD", name.decode()).encode()


def _is_same(directory: bytes, name: bytes, other: bytes) -> bool:
    try:
        return os.path.samestat(
            os.stat(os.path.join(directory, name), follow_symlinks=False),
            os.stat(os.path.join(directory, other), follow_symlinks=False),
        )
    except OSError:
        return False
