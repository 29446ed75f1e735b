"""The quality of a lossy rendition: the one that was asked for, or found by trying.

The lowest that keeps a similarity, or the highest that fits into so many bytes, is found by bisection, as both go up
with the quality; so what is chosen was always tried, and a picture is encoded at most `MOST_ENCODES` times.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dmedia.errors import MediaError
from dmedia.media.candidates import Candidates
from dmedia.media.encoders import quality_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from dmedia.media.candidates import Pixels
    from dmedia.media.draft import Draft
    from dmedia.operations.parameters import Encoding

BEST_QUALITY = 100

MOST_ENCODES = math.ceil(math.log2(BEST_QUALITY)) + 1
"""Bisection halves what is left each time, and may have to try the last one."""

SMALLER = "Ask for a smaller size with --width, for another --format such as webp or avif"


class UnmetError(MediaError):
    """No quality gives what was asked for."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__("encode_failed", f"Encoding failed: {message}", "encode", hint)
        self.reason = message


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How near a rendition is to its pixels.

    Attributes
    ----------
    quality : int or None
        Of the encoder; ``None`` for one without.
    ssim : float or None
        Similarity, where it was measured.
    identical : bool or None
        ``True`` where both were decoded and are the same.
    """

    quality: int | None = None
    ssim: float | None = None
    identical: bool | None = None


NOT_TOLD = Accuracy()
"""Of an original that was kept without being looked at."""


def encode_or_tell(pixels: Pixels, draft: Draft) -> tuple[Accuracy, UnmetError | None]:
    """Do what `encode_as_asked` does, and tell instead of raising that no quality does what was asked for."""
    try:
        return encode_as_asked(pixels, draft), None
    except UnmetError as unmet:
        return NOT_TOLD, unmet


def refuse_too_large(draft: Draft, parameters: Encoding) -> None:
    """Refuse a copy of more bytes than were allowed.

    Raises
    ------
    UnmetError
        It names both numbers.
    """
    size_bytes = draft.size_bytes
    if parameters.max_bytes is not None and size_bytes > parameters.max_bytes:
        raise _too_large(size_bytes, parameters, "with all of its frames, which are kept as they are")


def encode_as_asked(pixels: Pixels, draft: Draft) -> Accuracy:
    """Encode a picture at the quality that was asked for, or that does what was asked for.

    Parameters
    ----------
    pixels : Pixels
        Grey or RGB with what metadata it shall have. Of an animation no similarity is measured: encoders make one frame
        of several that are alike, so that there is nothing to compare each with.
    draft : Draft
        Where it goes; its parameters have ``min_ssim``, ``max_bytes`` or neither.

    Returns
    -------
    Accuracy
        Of what is in the draft now.

    Raises
    ------
    UnmetError
        When no quality does what was asked for.
    MediaError, pyvips.Error, OSError
        As encoding does.
    """
    parameters, quality = draft.parameters, quality_of(draft.format, draft.parameters)
    if parameters.min_ssim is None and parameters.max_bytes is None:
        draft.encode(pixels.image, parameters)
        return Accuracy(quality)
    if parameters.min_ssim is not None and pixels.frames > 1:
        hint = "Leave --min-ssim out, or take the first frame alone with --frames first"
        raise UnmetError(f"the similarity of an animation is not measured, and it has {pixels.frames} frames", hint)
    candidates = Candidates(pixels, draft, parameters)
    most = parameters.quality or BEST_QUALITY
    if quality is None:
        candidates.encode(None)
        return _judged(candidates, None, candidates.measure(), parameters)
    if parameters.min_ssim is None:
        return _largest_that_fits(candidates, most, parameters)
    found = _lowest(candidates.is_similar, most)
    if found is None:
        raise _too_different(candidates.score, parameters, f"at quality {most}")
    candidates.restore()
    return _judged(candidates, found, candidates.score, parameters)


def _largest_that_fits(candidates: Candidates, most: int, parameters: Encoding) -> Accuracy:
    found = _lowest(lambda down: candidates.fits(most + 1 - down), most)
    if found is None:
        raise _too_large(candidates.draft.size_bytes, parameters, "at quality 1, the lowest")
    candidates.restore()
    return Accuracy(most + 1 - found, candidates.measure())


def _judged(candidates: Candidates, quality: int | None, score: float | None, parameters: Encoding) -> Accuracy:
    """Hold what was encoded against all that was asked for."""
    if parameters.min_ssim is not None and score is not None and score < parameters.min_ssim:
        raise _too_different(score, parameters, f"and {candidates.draft.format} has no quality to raise")
    if parameters.max_bytes is not None and (size_bytes := candidates.draft.size_bytes) > parameters.max_bytes:
        kept = f"at quality {quality}, the lowest that keeps a similarity of {parameters.min_ssim}"
        raise _too_large(size_bytes, parameters, kept if quality else f"and {candidates.draft.format} has no quality")
    return Accuracy(quality, score)


def _lowest(holds: Callable[[int], bool], most: int) -> int | None:
    """Find the lowest number from 1 on for which something holds that holds for all higher ones; ``None``: for none."""
    low, high, was_tried = 1, most, False
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high, was_tried = middle, True
        else:
            low = middle + 1
    return high if was_tried or holds(high) else None


def _too_large(size_bytes: int, parameters: Encoding, how: str) -> UnmetError:
    fewer = ", for a lower --min-ssim" if parameters.min_ssim is not None else ""
    message = f"it takes {size_bytes:,} bytes {how}; {parameters.max_bytes:,} are allowed"
    return UnmetError(message, f"{SMALLER}{fewer}, or allow more with --max-bytes")


def _too_different(score: float | None, parameters: Encoding, how: str) -> UnmetError:
    message = f"the similarity is {score} {how}; {parameters.min_ssim} was asked for"
    return UnmetError(message, "Ask for less with --min-ssim, leave --quality out, or choose another --format")
