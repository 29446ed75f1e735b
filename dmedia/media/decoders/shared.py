"""One decode for several renditions: the pixels are held in memory at the largest size that one of them needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dmedia.media import faults
from dmedia.media.libvips import pyvips

if TYPE_CHECKING:
    from dmedia.media.decoders.picture import Picture, Traits
    from dmedia.media.geometry import Size

MOST_PIXELS = 64_000_000
"""Larger pictures are decoded for each rendition anew: 16 bits and four bands of so many pixels are half of what a slot
may use. A photo that nobody asks for at full size never comes near it."""


class SharedPicture:
    """A picture whose pixels are decoded once, whoever asks for them. The attributes are those of ``Picture``.

    Parameters
    ----------
    picture : Picture
        Its header is read.
    largest : Size
        The largest size that anybody will want, in stored orientation.
    """

    def __init__(self, picture: Picture, largest: Size) -> None:
        self._picture = picture
        self._largest = largest
        self._image: Any = None
        self.decoder: str = picture.decoder
        self.width: int = picture.width
        self.height: int = picture.height
        self.orientation: int = picture.orientation
        self.frames: int = picture.frames
        self.warnings: list[str] = picture.warnings

    def traits(self) -> Traits:
        """Tell what the header says. See ``Picture.traits``."""
        return self._picture.traits()

    def decode(self, wanted: Size) -> Any:  # noqa: ARG002  # the largest is enough for all
        """Give the pixels, at the size that is enough for all. See ``Picture.decode``."""
        if self._image is None:
            try:
                self._image = self._picture.decode(self._largest).copy_memory()
            except pyvips.Error as error:
                raise faults.media_error(str(error), "decode") from None
            self.width, self.height = self._picture.width, self._picture.height  # some are known only now
        return self._image
