"""A picture encoded at one quality after another, and what came of each."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from dmedia.media.draft import Draft
    from dmedia.operations.parameters import Encoding

HELD_SHARE = 4
"""Of a slot's memory, the part that pixels may take to be encoded again; larger pictures are decoded anew each time."""

DIGITS = 5
"""Decimals that are told of a similarity; rounded down, so that what was asked for is not told where it was missed."""


@dataclass(frozen=True, slots=True)
class Pixels:
    """What is encoded, and may be more than once.

    Attributes
    ----------
    image : pyvips.Image
        As it came; it may be one that can be read once.
    again : callable
        Makes it anew, from the source.
    most_bytes : int
        That it may take in memory.
    frames : int
        Of an animation, which are one below the other.
    """

    image: Any
    again: Callable[[], Any]
    most_bytes: int
    frames: int = 1

    def held(self) -> Callable[[], Any]:
        """Give what gives the image, as often as it is called."""
        sample_bytes = 2 if self.image.format == "ushort" else 1
        if self.image.width * self.image.height * self.image.bands * sample_bytes > self.most_bytes:
            return self.again
        held = self.image.copy_memory()
        return lambda: held


class Candidates:
    """Encodes at one quality after another, and keeps the bytes of the last that would do.

    Parameters
    ----------
    pixels : Pixels
        What is encoded.
    draft : Draft
        Where each is written.
    parameters : Encoding
        What else was asked for.

    Attributes
    ----------
    draft : Draft
        It.
    score : float or None
        Similarity that was measured last, 0-1; ``None`` where none was.
    """

    def __init__(self, pixels: Pixels, draft: Draft, parameters: Encoding) -> None:
        self.draft = draft
        self.score: float | None = None
        self._image, self._parameters = pixels.held(), parameters
        self._is_still = pixels.frames == 1
        self._kept: tuple[bytes, float | None] = b"", None

    def encode(self, quality: int | None) -> None:
        """Write it at a quality."""
        once = replace(self._parameters, quality=quality, min_ssim=None, max_bytes=None)
        self.draft.encode(self._image(), once)

    def measure(self) -> float | None:
        """Compare what is in the draft with what was encoded; ``None`` for an animation."""
        if not self._is_still:
            return None
        from dmedia.media.similarity import ssim  # numpy, which no other picture needs

        found = ssim(self._image(), self.draft.decode(), self._parameters.background)
        self.score = max(0.0, math.floor(found * 10**DIGITS) / 10**DIGITS)
        return self.score

    def fits(self, quality: int) -> bool:
        """Tell whether a quality makes no more bytes than were allowed."""
        self.encode(quality)
        return self._keep_if(self.draft.size_bytes <= (self._parameters.max_bytes or 0))

    def is_similar(self, quality: int) -> bool:
        """Tell whether a quality keeps the similarity that was asked for."""
        self.encode(quality)
        return self._keep_if((self.measure() or 0) >= (self._parameters.min_ssim or 0))

    def restore(self) -> None:
        """Put back into the draft what would do."""
        data, self.score = self._kept
        self.draft.replace(data)

    def _keep_if(self, would_do: bool) -> bool:
        if would_do:
            self._kept = self.draft.read(), self.score
        return would_do
