"""What a catalog tells besides its sources, in bounded memory, whatever the size of the tree."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from dmedia.formats import extension
from dmedia.words import quoted

if TYPE_CHECKING:
    from dmedia.catalog.given import Given

MOST_WARNINGS = 100
MOST_EXTENSIONS = 1000

OTHER_EXTENSIONS = "(other)"


class Remarks:
    """Remarks on what is no source.

    Attributes
    ----------
    ignored : Counter of str
        Files by extension, empty for none; extensions beyond the first 1000 are counted together.
    warnings : list of str
        The first 100, and a word about the others.
    """

    def __init__(self) -> None:
        self.ignored: Counter[str] = Counter()
        self.warnings: list[str] = []

    def clear(self) -> None:
        """Forget them."""
        self.ignored.clear()
        self.warnings.clear()

    def ignore(self, name: bytes) -> None:
        """Count a file that is no task, by its name."""
        suffix = extension(name)
        if suffix not in self.ignored and len(self.ignored) >= MOST_EXTENSIONS:
            suffix = OTHER_EXTENSIONS
        self.ignored[suffix] += 1

    def warn(self, text: str) -> None:
        """Keep a warning, a sentence."""
        if len(self.warnings) < MOST_WARNINGS:
            self.warnings.append(text)
        elif len(self.warnings) == MOST_WARNINGS:
            self.warnings.append("More warnings like these are left out")

    def note_nothing(self, given: Given, accepts: frozenset[str], *, deeper: bool) -> None:
        """Keep a warning about an input in which nothing was found.

        Parameters
        ----------
        given : Given
            The input.
        accepts : frozenset of str
            Kinds of media that were looked for.
        deeper : bool
            Whether there may be something in subdirectories, which were not read.
        """
        if given.named:
            self.warn(f"No file matches {quoted(given.text)}")
            return
        kinds = " or ".join(sorted(accepts))
        below = "; its subdirectories are read with --recursive" if deeper else ""
        self.warn(f"No {kinds} in the directory {quoted(given.text)}{below}")
