"""Where a rendition goes: name templates."""

from __future__ import annotations

import os
import string
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from dmedia import formats
from dmedia.catalog.stored import sniff_stored
from dmedia.errors import MediaError, UsageError
from dmedia.storage.local import read_head
from dmedia.storage.locations import is_read_only, is_url, join, normal, parent, parted
from dmedia.storage.locations import name as name_of
from dmedia.storage.stores import Identity
from dmedia.words import nearest

if TYPE_CHECKING:
    from dmedia.model import JobSpec, Source

FIELDS = ("dir", "stem", "name", "ext", "operation", "preset")

NAME_MAX = 255
"""Bytes of a file name where the file system does not say (ext4, XFS, Btrfs, NTFS in UTF-16 units, APFS in UTF-8)."""


class Naming:
    """The rule by which a job names its renditions.

    Parameters
    ----------
    spec : JobSpec
        Its template, output directory and format.

    Raises
    ------
    UsageError
        When the template has an unknown field or a format specification, does not end in ``.{ext}``, is absolute or
        leads upward.
    """

    def __init__(self, spec: JobSpec) -> None:
        self._root = join(normal(spec.output_directory), b"")
        self._pieces = parse_template(spec.policies.name_template)
        fields = {field for _, field in self._pieces}
        if "preset" in fields and not spec.preset:
            raise UsageError(f"The name template {spec.policies.name_template!r} has {{preset}}, and the job has none")
        self._roots = spec.roots
        self._fixed = {"operation": os.fsencode(spec.operation), "preset": _component(spec.preset or "")}
        chosen = getattr(spec.parameters, "format", None)
        self._extension = _extension(chosen) if chosen else None
        self._plain = spec.policies.name_template == "{dir}/{stem}.{ext}"

    def rendition(self, source: Source) -> bytes:
        """Name the rendition of a source.

        Parameters
        ----------
        source : Source
            Its content is read only where the job keeps the source's format.

        Returns
        -------
        bytes
            Absolute path, or URL, below the output directory.

        Raises
        ------
        MediaError
            ``permission_denied`` when the name that a listing asked for leads out of the output directory.
        """
        return self._path(source, self._extension or _extension(kept_format(source, self._roots)))

    def place(self, source: Source) -> bytes:
        """Tell where a source's rendition goes below the output directory, without its extension: nothing is read.

        Raises
        ------
        MediaError
            See `rendition`.
        """
        return self._path(source, b"")[len(self._root) : -1]

    def _path(self, source: Source, extension: bytes) -> bytes:
        directory, name = relative(source)
        stem = stem_of(name) if source.name is None else os.fsencode(source.name)
        if self._plain and source.name is None and b".." not in directory and not _needs_care(directory):
            return self._root + (directory + b"/" if directory else b"") + stem + b"." + extension
        values = self._fixed | {"dir": directory, "stem": stem, "name": name, "ext": extension}
        path = b"".join(text + values.get(field, b"") for text, field in self._pieces)
        parts = [part for part in path.split(b"/") if part not in {b"", b"."}]
        if source.name is None and b".." in directory.split(b"/"):  # a name in an object's key
            raise MediaError(
                "permission_denied",
                f"Permission denied: the directory {os.fsdecode(directory)!r} leads out of the output directory",
                "plan",
                "Name the object by itself, or give it a name with --files-from LIST.csv.",
            )
        if b".." in parts or b"\0" in path or (source.name is not None and stem.startswith(b"/")):
            shown = os.fsdecode(stem)
            raise MediaError(
                "permission_denied", f"Permission denied: the name {shown!r} leads out of the output directory", "plan"
            )
        return self._root + b"/".join(parts)

    def fallback(self, source: Source) -> bytes:
        """Name the rendition of a source whose own name cannot be used, so that its row has one."""
        return self.rendition(replace(source, path=join(source.base, b"unnamed"), name=None))


def parse_template(template: str) -> list[tuple[bytes, str]]:
    """Part a name template into literal texts, each with the field that follows it (empty at the end).

    Raises
    ------
    UsageError
        See `Naming`.
    """
    try:
        parsed = list(string.Formatter().parse(template))
    except ValueError as error:
        raise UsageError(f"The name template {template!r} cannot be read: {error}", _HINT) from None
    pieces = []
    for text, field, specification, conversion in parsed:
        if field is not None and field not in FIELDS:
            raise UsageError(f"The name template {template!r} has an unknown field {field!r}: {nearest(field, FIELDS)}")
        if specification or conversion:
            raise UsageError(f"The name template {template!r} has a format specification; write {{{field}}}", _HINT)
        pieces.append((os.fsencode(text), field or ""))
    if not template.endswith(".{ext}") or os.path.basename(template) == ".{ext}":
        raise UsageError(f"The name template {template!r} does not end in a name and .{{ext}}", _HINT)
    if template.startswith("/") or ".." in template.split("/") or "\0" in template:
        raise UsageError(f"The name template {template!r} leads out of the output directory", _HINT)
    return pieces


def kept_format(source: Source, roots: tuple[bytes, ...] = ()) -> str:
    """Choose the format of a rendition where nobody asked for one: by content, and where that says nothing, by name.

    In a store a known extension is believed: each look into an object takes as long as a request does.
    """
    path, name = source.path, name_of(source.path)
    promised = formats.EXTENSION_FORMAT.get(formats.extension(name), "")
    sniffed = formats.Sniffed("unknown", "")
    if not (promised and is_url(path)):
        with suppress(MediaError):
            if is_url(path):
                sniffed = sniff_stored(path, Identity(source.size_bytes, source.mtime_ns, source.version), roots)
            else:
                sniffed = formats.sniff(read_head(path, roots), name)
    if sniffed.kind == "unknown":
        return promised if promised in formats.RENDITION_EXTENSION else "jpg"
    return formats.rendition_format(sniffed)


def relative(source: Source) -> tuple[bytes, bytes]:
    """Tell a source's directory below the inputs' base (empty for the base itself) and its name."""
    base = source.base.rstrip(b"/") + b"/"
    if is_read_only(source.path):  # a page: its name is without query and escapes
        return parent(source.path)[len(base) :], name_of(source.path)
    below = source.path[len(base) :] if source.path.startswith(base) else name_of(source.path)
    directory, _, name = below.rpartition(b"/")
    return directory, name


def _needs_care(directory: bytes) -> bool:
    """Tell whether a directory has names that are none in a file system: keys of objects may have them."""
    return b"//" in directory or directory[:1] in (b"/", b".") or b"/." in directory or b"\0" in directory


def stem_of(name: bytes) -> bytes:
    """Take a known media extension off a name; anything else behind a dot is part of the name."""
    suffix = formats.extension(name)
    if suffix in formats.EXTENSION_FORMAT or suffix in formats.FILM_EXTENSIONS:
        return name[: -len(suffix) - 1]
    return name


def keep_extension(rendition: bytes, source: bytes) -> bytes:
    """Put a source's extension in front of its rendition's: ``a.webp`` of ``a.JPG`` becomes ``a.JPG.webp``."""
    name = name_of(source)
    kept = name[len(stem_of(name)) :]
    root, extension = os.path.splitext(rendition)
    return root + kept + extension


def number(rendition: bytes, count: int) -> bytes:
    """Put a number in front of a rendition's extension: ``a.webp`` becomes ``a-2.webp``."""
    root, extension = os.path.splitext(rendition)
    return b"%b-%d%b" % (root, count, extension)


def too_long(rendition: bytes, name_max: int) -> MediaError | None:
    """Tell why a file system or store cannot hold a rendition's name; ``None`` when it can.

    Parameters
    ----------
    rendition : bytes
        Its path or URL.
    name_max : int
        Longest file name in bytes; of a URL the longest key.
    """
    if is_url(rendition):
        return _too_long_key(rendition, name_max)
    if len(rendition) <= name_max:  # then so is each part of it
        return None
    longest = max(map(len, rendition.split(b"/")))
    if longest <= name_max:
        return None
    return MediaError(
        "io_error",
        f"File name too long: {longest} bytes in the rendition's path, the file system takes {name_max}",
        "plan",
        "Rename the source, or give it a name with --files-from LIST.csv.",
    )


def _too_long_key(rendition: bytes, key_max: int) -> MediaError | None:
    length = len(parted(rendition).key)
    if length <= key_max:
        return None
    return MediaError(
        "io_error",
        f"File name too long: a key of {length:,} bytes, the store takes {key_max:,}",
        "plan",
        "Rename the source, or give it a name with --files-from LIST.csv.",
    )


def _extension(name: str) -> bytes:
    return formats.RENDITION_EXTENSION[name].encode()


def _component(name: str) -> bytes:
    return os.fsencode(name.replace("/", "_"))


_HINT = "A template looks like '{dir}/{stem}.{ext}'; fields are " + ", ".join(f"{{{field}}}" for field in FIELDS) + "."
