"""What every decoder gives: a picture whose header is read, and whose pixels come when they are asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from dmedia.media.exif import Directory
    from dmedia.media.geometry import Size
    from dmedia.model.info import ColourSpace


@dataclass(frozen=True, slots=True)
class Traits:
    """What a picture's header tells besides its size.

    Attributes
    ----------
    colour : ColourSpace
        As it is stored; palettes are ``rgb``.
    bits : int or None
        Bits a sample.
    has_alpha : bool
        Whether it has transparency.
    icc, exif, xmp : bytes
        Profile, block and packet as they are in the file; empty where there is none.
    dpi : tuple of float or None
        Pixels an inch, across and down, where the file states them.
    owner : Directory
        Copyright, artist and description, from wherever they are stated.
    """

    colour: ColourSpace
    bits: int | None
    has_alpha: bool
    icc: bytes = b""
    exif: bytes = b""
    xmp: bytes = b""
    dpi: tuple[float, float] | None = None
    owner: Directory = field(default_factory=dict)


class Picture(Protocol):
    """A still picture whose header is read.

    Attributes
    ----------
    decoder : str
        Name of the library that decodes it.
    width, height : int
        Pixels as they are stored, before it is turned upright.
    orientation : int
        EXIF orientation, 1-8, that is still to be applied; 1 where the decoder has applied it.
    frames : int
        Frames or pages in the file; the first is decoded.
    warnings : list of str
        What a person should know.
    """

    decoder: str
    width: int
    height: int
    orientation: int
    frames: int
    warnings: list[str]

    def traits(self) -> Traits:
        """Tell what the header says besides the size. No pixel is decoded."""

    def decode(self, wanted: Size) -> Any:
        """Give the pixels, as a libvips image.

        Parameters
        ----------
        wanted : Size
            In stored orientation. Where the format can decode to a smaller picture for less work, the smallest that is
            not smaller than this is given.

        Returns
        -------
        pyvips.Image
            Lazy where libvips decodes: errors may appear when its pixels are pulled.

        Raises
        ------
        MediaError
            ``corrupt_input``, ``unsupported_format``, ``too_large``, ``out_of_memory``.
        """


def orientation_of(image: Any) -> int:
    """Tell a libvips image's EXIF orientation; 1 where there is none or an impossible one."""
    if not image.get_typeof("orientation"):
        return 1
    value = int(image.get("orientation"))
    return value if value in range(1, 9) else 1
