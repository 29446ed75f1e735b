"""How long the names of renditions may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dmedia.errors import MediaError
from dmedia.storage.locations import is_url, parted

if TYPE_CHECKING:
    from collections.abc import Iterable

NAME_MAX = 255
"""Bytes of a file name where the file system does not say (ext4, XFS, Btrfs, NTFS in UTF-16 units, APFS in UTF-8)."""


def too_long(renditions: Iterable[bytes], name_max: int) -> MediaError | None:
    """Tell why a file system or store cannot hold the name of one of a file's renditions; ``None`` when it can.

    Parameters
    ----------
    renditions : iterable of bytes
        Their paths or URLs.
    name_max : int
        Longest file name in bytes; of a URL the longest key.
    """
    excess = next(filter(None, (_excess(rendition, name_max) for rendition in renditions)), None)
    if excess is None:
        return None
    hint = "Rename the source, or give it a name with --files-from LIST.csv."
    return MediaError("io_error", f"File name too long: {excess}", "plan", hint)


def _excess(rendition: bytes, name_max: int) -> str | None:
    if is_url(rendition):
        length = len(parted(rendition).key)
        return f"a key of {length:,} bytes, the store takes {name_max:,}" if length > name_max else None
    if len(rendition) <= name_max:  # then so is each part of it
        return None
    longest = max(map(len, rendition.split(b"/")))
    if longest <= name_max:
        return None
    return f"{longest} bytes in the rendition's path, the file system takes {name_max}"
