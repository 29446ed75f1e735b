"""pillow-heif decodes HEIC and HEIF (HEVC inside): the libvips wheel reads only their header."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dmedia.errors import MediaError
from dmedia.media import faults
from dmedia.media.code_points import colours_of
from dmedia.media.decoders.picture import Traits
from dmedia.media.isobox import check_boxes
from dmedia.media.opened import check_pixels
from dmedia.media.pixels import attach, from_memory, without_padding
from dmedia.media.resolution import resolution_of
from dmedia.media.stated_colours import in_colours

if TYPE_CHECKING:
    from dmedia.media.geometry import Size
    from dmedia.media.opened import OpenSource
    from dmedia.model import Limits

FAULTS = (ValueError, RuntimeError, EOFError, OSError, SyntaxError, TypeError, OverflowError)
"""What pillow-heif raises for a damaged file."""

BANDS = {"L": 1, "I": 1, "LA": 2, "RGB": 3, "RGBA": 4}
"""By the first part of pillow-heif's modes; grey of more than 8 bits is ``I;16``."""

SEQUENCES = (b"hevc", b"hevx", b"msf1")
"""Brands of films that are called pictures (ISO/IEC 23008-12, 10.3); some hold a still as well."""

GREY = ("L", "I")


class HeifPicture:
    """A picture that pillow-heif decodes; libheif has turned it upright. The attributes are those of ``Picture``."""

    decoder = "pillow-heif"
    orientation = 1

    def __init__(self, heif: Any) -> None:
        self._heif = heif
        self.width, self.height = heif.size
        self.frames = 1  # further images of a HEIC are other views or a burst, not pages
        self.warnings: list[str] = []

    def traits(self) -> Traits:
        """Tell what the header says. See ``Picture.traits``."""
        info = self._heif.info
        block = bytes(info.get("exif") or b"")
        return Traits(
            "grey" if self._heif.mode.startswith(GREY) else "rgb",
            info.get("bit_depth"),
            bool(self._heif.has_alpha),
            bytes(info.get("icc_profile") or b""),
            block,
            bytes(info.get("xmp") or b""),
            resolution_of(block),
        )

    def decode(self, wanted: Size) -> Any:  # noqa: ARG002  # HEVC decodes at full size only
        """Give the pixels. See ``Picture.decode``."""
        mode, _, deep = self._heif.mode.partition(";")
        if mode not in BANDS:
            raise MediaError("unsupported_format", f"Unsupported format: HEIF with pixels of mode {mode!r}", "decode")
        try:
            data, stride = self._heif.data, self._heif.stride
        except FAULTS as error:
            raise faults.media_error(str(error), "decode") from None
        row_bytes = self.width * BANDS[mode] * (2 if deep else 1)
        packed = without_padding(data, stride, row_bytes, self.height)
        image = from_memory(packed, (self.width, self.height), BANDS[mode], "ushort" if deep else "uchar")
        return self._in_stated_colours(attach(image, self._heif.info))

    def _in_stated_colours(self, image: Any) -> Any:
        """Give the picture the colours that the file names by numbers, where it has no profile."""
        info = self._heif.info
        stated = info.get("nclx_profile")
        if info.get("icc_profile") or not stated:
            return image
        points = stated["color_primaries"], stated["transfer_characteristics"]
        return in_colours(image, colours_of(*points), self.warnings)


def open_picture(source: OpenSource, limits: Limits) -> HeifPicture:
    """Read a picture's header.

    Parameters
    ----------
    source : OpenSource
        A HEIC or HEIF.
    limits : Limits
        What one file may cost.

    Returns
    -------
    HeifPicture
        Its pixels are not decoded yet.

    Raises
    ------
    MediaError
        ``unsupported_format`` without pillow-heif; ``corrupt_input``, ``too_large``.
    """
    try:
        import pillow_heif
    except ImportError:
        message = "Unsupported format: HEIC needs pillow-heif, of the extra heif, which is not installed"
        raise MediaError("unsupported_format", message, "open", "pip install 'dmedia[heif]'") from None
    check_boxes(source)
    with source.file() as file:
        try:
            picture = HeifPicture(pillow_heif.open_heif(file, convert_hdr_to_8bit=False))
        except FAULTS as error:
            if source.head[8:12] in SEQUENCES:
                raise _sequence() from None
            raise faults.media_error(str(error), "decode") from None
        except LookupError:  # it opens a file without pictures as a list of none
            if source.head[8:12] in SEQUENCES:
                raise _sequence() from None
            raise MediaError("corrupt_input", "Corrupt input: there is no picture in it", "decode") from None
    check_pixels(picture.width, picture.height, limits)
    return picture


def _sequence() -> MediaError:
    message = "Unsupported format: a HEIF image sequence without a still picture"
    return MediaError("unsupported_format", message, "decode")
