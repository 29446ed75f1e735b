"""Locations: paths of this machine and URLs of stores, as bytes; what ``os.path`` does for paths, for both.

Nothing here looks at a disk or a store. A path is absolute wherever it is compared. A URL is ``scheme://place/key``:
the place is a bucket, a container or a host, and the key is taken as it is, for in object stores ``a//b`` and ``a/./b``
are names of their own. Only servers of files and of pages resolve dots, so there they are resolved here too.
"""

from __future__ import annotations

import os
import posixpath
import re
from typing import NamedTuple

from dmedia.errors import UsageError
from dmedia.words import nearest, quoted, shown

__all__ = [
    "EXTRAS", "LONGEST_KEY", "Parts", "decoded", "is_below", "is_read_only", "is_url", "join", "name", "normal",
    "parent", "parted", "place", "scheme", "shown", "writable",
]  # fmt: skip

EXTRAS = {"s3": "s3", "gs": "gcs", "az": "azure", "sftp": "sftp", "https": "http", "http": "http"}
"""By scheme, the extra of the installation that brings what speaks to its stores: ``pip install 'dmedia[s3]'``."""

SPELLINGS = {"gcs": "gs", "abfs": "az", "abfss": "az"}
"""Other spellings of schemes, as fsspec takes them."""

READ_ONLY = frozenset({"https", "http"})

RESOLVING = frozenset({"sftp", "https", "http"})
"""Schemes whose servers resolve ``.``, ``..`` and ``//``."""

WITH_USER = frozenset({"sftp", "az"})
"""Schemes with something in front of an ``@``: a user, or a container of a named account."""

LONGEST_KEY = 1024
"""Bytes of a key in S3, Google Cloud Storage and Azure, whose limits are 1024 bytes, 1024 bytes and 1024 characters."""

_ESCAPED = re.compile(rb"%([0-9A-Fa-f]{2})")  # RFC 3986, section 2.1

_HOST = re.compile(rb"([A-Za-z0-9_][A-Za-z0-9._~-]*|\[[0-9A-Fa-f:.]+(%[A-Za-z0-9][A-Za-z0-9._~-]*)?\])(:[0-9]{1,5})?")
"""A name, of characters that need no escape (RFC 3986, section 2.3), or an address of IPv6, and a port. No more than
that is taken, for hosts come to stand in commands: ssh is started to reach one through another."""

_URL = re.compile(rb"([A-Za-z][A-Za-z0-9+.-]*)://")  # RFC 3986, section 3.1


class Parts(NamedTuple):
    """A URL, parted.

    Attributes
    ----------
    scheme : str
        In lower case.
    place : bytes
        Bucket, container or host, as it stands between ``//`` and the next ``/``.
    key : bytes
        What follows, without the ``/`` in front; empty for the place itself. Of a page, its query belongs to it.
    """

    scheme: str
    place: bytes
    key: bytes


def is_url(location: bytes) -> bool:
    """Tell whether a location is a URL, of whatever scheme, and no path."""
    return not location.startswith(b"/") and _URL.match(location) is not None


def scheme(location: bytes) -> str:
    """Tell the scheme of a URL, in lower case; empty for a path."""
    found = None if location.startswith(b"/") else _URL.match(location)
    return found[1].decode("ascii").lower() if found else ""


def parted(location: bytes) -> Parts:
    """Part a URL."""
    before, _, after = location.partition(b"://")
    where, _, key = after.partition(b"/")
    return Parts(before.decode("ascii").lower(), where, key)


def place(location: bytes) -> bytes:
    """Tell where a location lies: ``s3://bucket`` of a URL, empty for a path. What has one place has one tree."""
    if not is_url(location):
        return b""
    end = location.find(b"/", location.index(b"://") + 3)
    return location if end < 0 else location[:end]


def is_read_only(location: bytes) -> bool:
    """Tell whether nothing can be written there, by its scheme."""
    return not location.startswith(b"/") and scheme(location) in READ_ONLY


def normal(location: bytes) -> bytes:
    """Give a location its one spelling.

    Parameters
    ----------
    location : bytes
        A path, taken as below the current directory where it is relative, or a URL.

    Returns
    -------
    bytes
        An absolute path without dots, or a URL with one name for its scheme and without ``/`` at its end.

    Raises
    ------
    UsageError
        When it is a URL of an unknown scheme, without a place, or with a password in it.
    """
    if not is_url(location):
        return os.path.abspath(location)
    kind, where, key = parted(location)
    kind = SPELLINGS.get(kind, kind)
    _refuse_strange(location, kind, where)
    if kind in RESOLVING:
        user, at, host = where.rpartition(b"@")
        where = user + at + host.lower()
        key = _resolved(key, is_page=kind in READ_ONLY)
    key = key.rstrip(b"/")
    return kind.encode() + b"://" + where + (b"/" + key if key else b"")


def writable(url: bytes) -> bytes:
    """Give the URL of an output directory its one spelling.

    Raises
    ------
    UsageError
        When nothing can be written there, whatever its store allows, or its names would not be those of directories.
    """
    url = normal(url)
    if is_read_only(url):
        raise UsageError(
            f"The output directory {quoted(url)} is a URL of {scheme(url)}://, which is only read",
            "write to a directory, or to s3://, gs://, az:// or sftp://",
        )
    key = parted(url).key
    if key and not {b"", b".", b".."}.isdisjoint(key.split(b"/")):
        raise UsageError(f"The output directory {quoted(url)} has an empty name, . or .. in it", "write it without")
    return url


def parent(location: bytes) -> bytes:
    """Tell the directory that a location lies in; of a place, itself."""
    if not is_url(location):
        return os.path.dirname(location)
    where, path = place(location), _path(location)
    if len(path) <= len(where):
        return where
    return path[: max(path.rindex(b"/"), len(where))]


def name(location: bytes) -> bytes:
    """Tell the last name of a location: a file name, also of a page, whose query and escapes are no part of it."""
    if not is_url(location):
        return os.path.basename(location)
    path = _path(location)
    last = path[max(len(parent(location)), len(place(location))) + 1 :]
    if is_read_only(location):
        last = _ESCAPED.sub(_character, last)
        last = last.replace(b"/", b"_").replace(b"\0", b"_")
    return last


def join(directory: bytes, *parts: bytes) -> bytes:
    """Put names behind a directory."""
    if not is_url(directory):
        return os.path.join(directory, *parts)
    return b"/".join((directory.rstrip(b"/"), *parts))


def decoded(page: bytes) -> bytes:
    """Tell where a page lies for a server that decodes escapes before it resolves dots; its query is left out.

    Some servers take a backslash for a slash, too.
    """
    where = place(page)
    path = _ESCAPED.sub(_character, _path(page)[len(where) :]).replace(b"\\", b"/")
    return where + posixpath.normpath(b"/" + path.lstrip(b"/"))


def is_below(location: bytes, directory: bytes) -> bool:
    """Tell whether a location is a directory or lies below it, name by name. Both are normal."""
    return location == directory or location.startswith(directory.rstrip(b"/") + b"/")


def _character(escaped: re.Match[bytes]) -> bytes:
    return bytes.fromhex(escaped[1].decode("ascii"))


def _path(location: bytes) -> bytes:
    """Leave out the query of a page: what stands in it is no part of any path."""
    return location.partition(b"?")[0] if is_read_only(location) else location


def _resolved(key: bytes, *, is_page: bool) -> bytes:
    """Resolve dots as a server does."""
    path, mark, query = key.partition(b"#")[0].partition(b"?") if is_page else (key, b"", b"")
    return posixpath.normpath(b"/" + path).lstrip(b"/") + mark + query


def _refuse_strange(location: bytes, kind: str, where: bytes) -> None:
    if kind == "file":
        path = shown(location[7:])
        raise UsageError(f"{quoted(location)} is a URL of a local file", f"name its path instead: {path}")
    if kind not in EXTRAS:
        hint = nearest(kind, EXTRAS) if len(kind) > 1 else ""
        known = "known are: " + ", ".join(f"{each}://" for each in EXTRAS)
        hint = f"{hint} {known}" if hint.endswith("?") else known
        raise UsageError(f"{quoted(location)} is a URL of a kind that is not read or written", hint)
    user, at, host = where.rpartition(b"@")
    if b":" in user or (at and kind not in WITH_USER):
        raise UsageError(
            f"A URL of {kind}:// has somebody's name or password in front of its @",
            "leave them out: credentials come from the environment and from the files of the store's own tools",
        )
    if not host or b"\0" in location:
        what = "holds a NUL byte" if host else f"names no {'host' if kind in RESOLVING else 'bucket'}"
        raise UsageError(f"{quoted(location)} {what}", f"a URL looks like {kind}://{_EXAMPLE[kind in RESOLVING]}")
    if kind in RESOLVING and not _HOST.fullmatch(host):
        international = "an international name is written in ASCII: xn--..."
        hint = f"a URL looks like {kind}://{_EXAMPLE[True]}" if host.isascii() else international
        raise UsageError(f"{quoted(location)} has no name of a host in front of its path", hint)


_EXAMPLE = {True: "host/photos/a.jpg", False: "bucket/photos/a.jpg"}
