"""A background that is nearly white becomes white: shops ask for 255, and a camera gives 247."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dmedia.media.libvips import pyvips

DARKEST = 200
"""Of 255, in the darkest band of a background that is taken for white; greys below are meant, or badly lit."""

KNEE = 3
"""How many tolerances below the background tones begin to rise: what is darker stays exactly as it is."""


@dataclass(frozen=True, slots=True)
class Whitening:
    """A curve for each band of a picture.

    Up to three tolerances below the background it changes nothing, and from there it rises in a straight line to white,
    at one tolerance below it: all in the picture that is as light as its background becomes white with it.

    Attributes
    ----------
    background : tuple of float
        Red, green and blue of the background, 0-255.
    tolerance : float
        Of 255: by how much it varies.
    """

    background: tuple[float, ...]
    tolerance: float

    def is_possible(self) -> bool:
        """Tell whether the background is nearly white."""
        return min(self.background) >= DARKEST

    def apply(self, image: Any) -> Any:
        """Make the background white.

        Parameters
        ----------
        image : pyvips.Image
            Grey or RGB, with or without alpha, 8 or 16 bit.

        Returns
        -------
        pyvips.Image
            The same kind.
        """
        alpha = [image.extract_band(image.bands - 1)] if image.hasalpha() else []
        colours = image.bands - len(alpha)
        levels = pyvips.Image.identity(ushort=image.format == "ushort")
        most = 65535 if image.format == "ushort" else 255
        background = self.background if colours == 3 else self.background[1:2]  # of a grey picture all three are equal
        first, *others = (_curve(levels, most, part, max(self.tolerance, 1)) for part in background)
        curves = first.bandjoin(others).cast(image.format) if others else first.cast(image.format)
        whitened = image.extract_band(0, n=colours).maplut(curves).copy(interpretation=image.interpretation)
        return whitened.bandjoin(alpha) if alpha else whitened


def _curve(levels: Any, most: int, background: float, tolerance: float) -> Any:
    white, knee = ((background - steps * tolerance) / 255 * most for steps in (1, KNEE))
    risen = (levels - knee) * ((most - knee) / (white - knee)) + knee
    raised = (risen > most).ifthenelse(most, risen)
    return (levels > knee).ifthenelse(raised, levels)
