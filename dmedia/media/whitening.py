"""A background that is nearly white becomes white: shops ask for 255, and a camera gives 247."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dmedia.media.colour import settle, with_colour
from dmedia.media.encoders import ENCODERS
from dmedia.media.libvips import pyvips

DARKEST = 200
"""Of 255, in the darkest band of a background that is taken for white; greys below are meant, or badly lit."""

WHITE = 254
"""Of 255: from here on there is nothing to do."""

KNEE = 3
"""How many tolerances below the background tones begin to rise: what is darker stays exactly as it is."""

FLOODED = 128
"""What marks the background in a mask of 0 and 255."""


@dataclass(frozen=True, slots=True)
class Whitening:
    """A curve for each band of a picture, for all that is joined to its edges and nearly as light as its background.

    Up to three tolerances below the background the curve changes nothing, and from there it rises in a straight line to
    white, at one tolerance below it: a shadow fades into it without an edge. What is light inside of the product stays.

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
        """Tell whether the background is nearly white, or white already."""
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
            The same kind; in memory, for it is read twice.
        """
        if min(self.background) >= WHITE:
            return image
        image = image.copy_memory()
        alpha = [image.extract_band(image.bands - 1)] if image.hasalpha() else []
        colours = image.extract_band(0, n=image.bands - len(alpha))
        whitened = colours.maplut(self._curves(colours)).copy(interpretation=image.interpretation)
        joined = self._joined(image).ifthenelse(whitened, colours)
        return joined.bandjoin(alpha) if alpha else joined

    def _joined(self, image: Any) -> Any:
        """Tell as 255 where a picture is light and joined to its edges by what is light."""
        seen = with_colour(settle(image, "keep", ENCODERS["jpg"]).image)
        seen = seen.flatten(background=list(self.background)) if seen.hasalpha() else seen
        darker = (seen < [part - KNEE * self._step for part in self.background]).bandor()
        framed = darker.embed(1, 1, image.width + 2, image.height + 2)
        flooded = framed.copy_memory().draw_flood(FLOODED, 0, 0, equal=True)
        return (flooded == FLOODED).crop(1, 1, image.width, image.height)

    def _curves(self, image: Any) -> Any:
        deep = image.format == "ushort"
        levels, most = pyvips.Image.identity(ushort=deep), 65535 if deep else 255
        background = self.background if image.bands > 1 else self.background[1:2]  # of a grey one all three are equal
        first, *others = (self._curve(levels, most, part) for part in background)
        return (first.bandjoin(others) if others else first).cast(image.format)

    def _curve(self, levels: Any, most: int, background: float) -> Any:
        white, knee = ((background - steps * self._step) / 255 * most for steps in (1, KNEE))
        risen = (levels - knee) * ((most - knee) / (white - knee)) + knee
        raised = (risen > most).ifthenelse(most, risen)
        return (levels > knee).ifthenelse(raised, levels)

    @property
    def _step(self) -> float:
        return max(self.tolerance, 1.0)
