"""PyAV decodes films; as a picture, a film is one frame of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dmedia.media.decoders.picture import Traits
from dmedia.operations.parameters import Box

if TYPE_CHECKING:
    from collections.abc import Sequence

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


def open_poster(source: OpenSource, limits: Limits, wanted: Sequence[Parameters]) -> Picture:
    """Choose a film's frame.

    Parameters
    ----------
    source : OpenSource
        A film.
    limits : Limits
        What one file may cost.
    wanted : sequence of Parameters
        Of each rendition: the size that is wanted spares work.

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

    return PosterPicture(choose_poster(source, *_largest([_box_of(one) for one in wanted]), limits))


def _box_of(parameters: Parameters) -> tuple[int | None, int | None]:
    """Tell what box a frame may be scaled to: none where it comes at its own size.

    Inside a border is less, and what gets smaller here is sharpened.
    """
    if not isinstance(parameters, Box) or parameters.trim is not None or parameters.sharpen > 0:
        return None, None
    return parameters.box()


def _largest(boxes: list[tuple[int | None, int | None]]) -> tuple[int | None, int | None]:
    """Tell what box is enough for all: one that bounds a side only when all of them do."""
    widths, heights = ([side for side in sides if side] for sides in zip(*boxes, strict=True))
    return (
        max(widths) if len(widths) == len(boxes) else None,
        max(heights) if len(heights) == len(boxes) else None,
    )
