"""PyAV decodes films; as a picture, a film is one frame of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dmedia.media.decoders.picture import Traits
from dmedia.operations.parameters import Box

if TYPE_CHECKING:
    from dmedia.media.decoders.picture import Picture
    from dmedia.media.geometry import Size
    from dmedia.media.opened import OpenSource
    from dmedia.model import Limits
    from dmedia.operations.parameters import Parameters


class PosterPicture:
    """One frame of a film, chosen to show something. The attributes are those of ``Picture``."""

    orientation = 1
    frames = 1

    def __init__(self, poster: Any) -> None:
        self._image = poster.image
        self.decoder: str = poster.decoder
        self.width: int = poster.image.width
        self.height: int = poster.image.height
        self.warnings: list[str] = list(poster.warnings)

    def traits(self) -> Traits:
        """Tell how it was converted. See ``Picture.traits``."""
        return Traits("rgb", 8, has_alpha=False)

    def decode(self, wanted: Size) -> Any:  # noqa: ARG002  # it was scaled when it was chosen
        """Give the pixels. See ``Picture.decode``."""
        return self._image


def open_poster(source: OpenSource, limits: Limits, parameters: Parameters) -> Picture:
    """Choose a film's frame.

    Parameters
    ----------
    source : OpenSource
        A film.
    limits : Limits
        What one file may cost.
    parameters : Parameters
        The size that is wanted spares work.

    Returns
    -------
    Picture
        Upright, with square pixels, in sRGB.

    Raises
    ------
    MediaError
        What ``choose_poster`` raises.
    """
    from dmedia.media.films.poster import choose_poster

    box = parameters.box() if isinstance(parameters, Box) and not _needs_all_pixels(parameters) else (None, None)
    return PosterPicture(choose_poster(source, *box, limits))


def _needs_all_pixels(parameters: Box) -> bool:
    """Tell whether a frame comes at its own size: inside a border is less, and what gets smaller here is sharpened."""
    return parameters.trim is not None or parameters.sharpen > 0
