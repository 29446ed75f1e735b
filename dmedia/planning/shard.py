"""Shards: independent launchers that share one catalog, without overlap and without speaking to each other."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from dmedia.errors import CollisionError, MediaError, UsageError
from dmedia.model import OnCollision
from dmedia.planning.folding import PORTABLE
from dmedia.planning.naming import relative, stem_of
from dmedia.storage import locations
from dmedia.words import shown

if TYPE_CHECKING:
    from dmedia.model import Inputs, JobSpec, Source
    from dmedia.planning.naming import Naming

KEY = b"dmedia-shard"
"""Of the hash. Never changed: launchers of different versions of dmedia must agree."""

HINT = "write K/N with 1 <= K <= N, such as 2/8: the second of eight launchers"


def read_shard(text: str) -> tuple[int, int]:
    """Read which part of a catalog is meant.

    Parameters
    ----------
    text : str
        ``K/N``.

    Returns
    -------
    tuple of int
        K and N, with 1 <= K <= N.

    Raises
    ------
    UsageError
        When it is something else.
    """
    match = re.fullmatch(r"([1-9][0-9]{0,8})/([1-9][0-9]{0,8})", text)
    if match is None or int(match[1]) > int(match[2]):
        raise UsageError(f"The shard is {text!r}", HINT)
    return int(match[1]), int(match[2])


def checked_shard(text: str) -> str:
    """Give a valid shard back as it is. Raises like `read_shard`."""
    read_shard(text)
    return text


def are_apart(one: Inputs, other: Inputs) -> bool:
    """Tell whether two jobs take two shards of the same inputs: then they have no source and no rendition in common."""
    if one.shard is None or other.shard is None or replace(one, shard=other.shard) != other:
        return False
    (number, of), (other_number, other_of) = read_shard(one.shard), read_shard(other.shard)
    return number != other_number and of == other_of


class Shard:
    """The sources that one launcher of several takes.

    Which shard a source falls into follows from where its rendition goes, without the extension and as the least
    discerning file system sees it, and from nothing else: not from the order of the sources, the machine, the output
    directory or the other sources. So whatever could collide falls into one shard.

    Parameters
    ----------
    spec : JobSpec
        With ``inputs.shard``; without it everything is taken.
    naming : Naming
        Of the job.

    Attributes
    ----------
    passed_over : int
        Sources that other launchers take, counted by `takes`.

    Raises
    ------
    UsageError
        When it is not valid, or renditions that collide get numbers, which may be those of another launcher's files.
    """

    def __init__(self, spec: JobSpec, naming: Naming) -> None:
        self._text = spec.inputs.shard
        self._number, self._of = read_shard(self._text) if self._text else (1, 1)
        self._naming = naming
        self._strips = spec.policies.on_collision is OnCollision.KEEP_EXT
        self._output = _real(spec.output_directory) if spec.policies.overwrite else b""
        self._is_in_output = lru_cache(maxsize=256)(self._lies_in_output)
        self.passed_over = 0
        if self._of > 1 and spec.policies.on_collision is OnCollision.NUMBER:
            raise UsageError(
                "--on-collision number cannot be used with --shard: only who sees all files can number them",
                "use --on-collision keep-ext, or a --name such as '{dir}/{name}.{ext}'",
            )

    @property
    def is_part(self) -> bool:
        """Whether other launchers take any."""
        return self._of > 1

    def takes(self, source: Source) -> bool:
        """Tell whether this launcher takes a source; nothing is read.

        Raises
        ------
        CollisionError
            When a job that may overwrite foreign files might overwrite the source of another launcher.
        """
        if self._place(source) % self._of == self._number - 1:
            return True
        self.passed_over += 1
        if self._output and self._is_in_output(locations.parent(source.path)):
            raise CollisionError(
                f"A rendition could overwrite a source of another shard: {shown(source.path)} lies in the output "
                "directory. Nothing was written.",
                "Choose another output directory with -o, or leave --overwrite out.",
            )
        return False

    def emptiness(self) -> str:
        """Tell why there may be no source; empty when no other launcher takes one either."""
        if not self.passed_over:
            return ""
        return f"Shard {self._text} is empty: the {self.passed_over:,} files found are in the other shards"

    def _place(self, source: Source) -> int:
        try:
            place = self._naming.place(source)
        except MediaError:  # its name cannot be used: it fails by itself, in one of the shards
            place = b"/".join(relative(source))
        while self._strips and (stem := stem_of(place)) != place:  # a.jpg.png could take the new name of a.jpg
            place = stem
        return int.from_bytes(hashlib.blake2b(PORTABLE.key(place), digest_size=8, key=KEY).digest(), "big")

    def _lies_in_output(self, directory: bytes) -> bool:
        return locations.is_below(_real(directory), self._output)


def _real(directory: bytes) -> bytes:
    return locations.normal(directory) if locations.is_url(directory) else os.path.realpath(directory)
