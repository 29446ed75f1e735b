"""Where a rendition goes."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dmedia import formats
from dmedia.catalog.stored import sniff_stored
from dmedia.errors import MediaError, UsageError
from dmedia.model import Source
from dmedia.planning.template import MIRRORED, parse_template, template_of
from dmedia.storage.local import read_head
from dmedia.storage.locations import is_read_only, is_url, join, normal, parent
from dmedia.storage.locations import name as name_of
from dmedia.storage.stores import Identity

if TYPE_CHECKING:
    from dmedia.model import JobSpec, Recipe


class Naming:
    """The rules by which a job names its renditions.

    Parameters
    ----------
    spec : JobSpec
        Its template, output directory and recipes.

    Raises
    ------
    UsageError
        When the template has an unknown field or a format specification, does not end in ``.{ext}``, is absolute or
        leads upward, or gives two renditions of one source the same path.
    """

    def __init__(self, spec: JobSpec) -> None:
        self._root = join(normal(spec.output_directory), b"")
        self._roots = spec.roots
        self._rules = [_Rule.of(spec, recipe) for recipe in spec.recipes]
        self._refuse_equal(spec)

    def renditions(self, source: Source) -> tuple[bytes, ...]:
        """Name the renditions of a source.

        Parameters
        ----------
        source : Source
            Its content is read only where a rendition keeps the source's format.

        Returns
        -------
        tuple of bytes
            For each recipe an absolute path, or URL, below the output directory.

        Raises
        ------
        MediaError
            ``permission_denied`` when the name that a listing asked for leads out of the output directory.
        """
        kept = b""
        if not all(rule.extension for rule in self._rules):
            kept = _extension(kept_format(source, self._roots))
        return tuple(self._root + rule.path(source, rule.extension or kept) for rule in self._rules)

    def place(self, source: Source) -> bytes:
        """Tell where a source's first rendition goes below the output directory, without extension: nothing is read.

        Raises
        ------
        MediaError
            See `renditions`.
        """
        return self._rules[0].path(source, b"")[:-1]

    def fallback(self, source: Source) -> tuple[bytes, ...]:
        """Name the renditions of a source whose own name cannot be used, so that its row has some."""
        return self.renditions(replace(source, path=join(source.base, b"unnamed"), name=None))

    def _refuse_equal(self, spec: JobSpec) -> None:
        seen: dict[bytes, Recipe] = {}
        for rule, recipe in zip(self._rules, spec.recipes, strict=True):
            path = rule.path(Source(b"/dir/name", b"/", 0, 0), rule.extension or b"ext")
            if (other := seen.setdefault(path, recipe)) is not recipe:
                raise UsageError(
                    f"The renditions {_title(other)} and {_title(recipe)} of a file would have one path",
                    "Put {rendition} or {preset} into --name, as in '{dir}/{stem}-{rendition}.{ext}'.",
                )


@dataclass(frozen=True, slots=True)
class _Rule:
    """How the renditions of one recipe are named."""

    pieces: list[tuple[bytes, str]]
    fixed: dict[str, bytes]
    extension: bytes
    """Of the format asked for; empty where the source's is kept."""
    is_plain: bool
    """Whether it is the tree of the sources, with another extension: the quickest to make."""

    @classmethod
    def of(cls, spec: JobSpec, recipe: Recipe) -> _Rule:
        template = template_of(spec, recipe)
        pieces = parse_template(template)
        if not recipe.preset and any(field == "preset" for _, field in pieces):
            raise UsageError(f"The name template {template!r} has {{preset}}, and the job has none")
        title = recipe.name or recipe.preset or recipe.operation
        fixed = {"operation": recipe.operation, "preset": recipe.preset, "rendition": title}
        chosen = getattr(recipe.parameters, "format", None)
        return cls(
            pieces,
            {field: _component(value) for field, value in fixed.items()},
            _extension(chosen) if chosen else b"",
            is_plain=template == MIRRORED,
        )

    def path(self, source: Source, extension: bytes) -> bytes:
        """Name a rendition below the output directory. Raises `MediaError` where that leads out of it."""
        directory, name = relative(source)
        stem = stem_of(name) if source.name is None else os.fsencode(source.name)
        if self.is_plain and source.name is None and b".." not in directory and not _needs_care(directory):
            return (directory + b"/" if directory else b"") + stem + b"." + extension
        values = self.fixed | {"dir": directory, "stem": stem, "name": name, "ext": extension}
        path = b"".join(text + values.get(field, b"") for text, field in self.pieces)
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
        return b"/".join(parts)


def _title(recipe: Recipe) -> str:
    return "/".join(filter(None, (recipe.preset, recipe.name))) or recipe.operation


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


def _extension(name: str) -> bytes:
    return formats.RENDITION_EXTENSION[name].encode()


def _component(name: str) -> bytes:
    return os.fsencode(name.replace("/", "_"))
