"""rawpy (LibRaw) decodes cameras' RAW files: camera white balance, sRGB, upright.

libvips must never see one: it opens DNG, NEF and KDC as TIFF and gives the preview of 256 pixels without an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dmedia import formats
from dmedia.errors import MediaError
from dmedia.media import faults
from dmedia.media.decoders.picture import Traits, orientation_of
from dmedia.media.exif import ARTIST, ASCII, EXIF_DIRECTORY, LENS, TAKEN, Directory, Entry, exif_of_tiff, write_exif
from dmedia.media.opened import check_pixels
from dmedia.media.pixels import attach, from_memory

if TYPE_CHECKING:
    from dmedia.media.geometry import Size
    from dmedia.media.opened import OpenSource
    from dmedia.model import Limits

STRICT_HINT = "--raw preview takes the embedded preview, where there is one"

QUARTER_TURNS = {5, 6}
"""LibRaw's ``flip`` values that swap width and height (libraw_types.h, libraw_image_sizes_t)."""


class RawPicture:
    """A picture that LibRaw develops; the attributes are those of ``Picture``."""

    decoder = "rawpy"
    orientation = 1

    def __init__(self, raw: Any, descriptor: int, limits: Limits, *, strict: bool = False) -> None:
        self._raw = raw
        self._is_strict = strict
        self._descriptor = descriptor
        self._limits = limits
        sizes = raw.sizes
        self.width, self.height = sizes.iwidth, sizes.iheight
        if sizes.flip in QUARTER_TURNS:
            self.width, self.height = self.height, self.width
        self.frames = 1
        self.warnings: list[str] = []

    def traits(self) -> Traits:
        """Tell what the header says. See ``Picture.traits``."""
        return Traits("rgb", None, has_alpha=False, exif=self._exif())  # how many bits, only unpacked data tell

    def _exif(self) -> bytes:
        """Take the file's own tags where it is laid out as TIFF, else what LibRaw has found."""
        if block := exif_of_tiff(self._descriptor):
            return block
        import rawpy

        try:
            other, lens = self._raw.other, self._raw.lens  # rawpy unpacks the sensor's data for them
        except rawpy.LibRawError:
            return b""
        taken = other.timestamp.strftime("%Y:%m:%d %H:%M:%S") if other.timestamp.year > 1970 else ""
        return write_exif(_texts({ARTIST: other.artist}), {EXIF_DIRECTORY: _texts({TAKEN: taken, LENS: lens.model})})

    def decode(self, wanted: Size) -> Any:
        """Give the pixels, developed at half size where that is enough. See ``Picture.decode``."""
        import rawpy

        half = self.width // 2 >= wanted.width and self.height // 2 >= wanted.height
        try:
            developed = self._raw.postprocess(
                use_camera_wb=True, output_color=rawpy.ColorSpace.sRGB, output_bps=8, half_size=half
            )
        except rawpy.LibRawError as error:
            if self._is_strict:
                failure = faults.media_error(_said(error), "decode")
                raise MediaError(failure.code, failure.message, "decode", STRICT_HINT) from None
            return self._preview(_said(error))
        height, width, bands = developed.shape
        self._measure(width, height, 2 if half else 1)
        return self._told(from_memory(developed.data, (width, height), bands))

    def _measure(self, width: int, height: int, shrink: int) -> None:
        """Take the size that developing tells: pixels that are not square, or stand on a corner, are laid out anew."""
        if abs(width * shrink - self.width) > shrink or abs(height * shrink - self.height) > shrink:
            self.width, self.height = width * shrink, height * shrink

    def _told(self, image: Any) -> Any:
        """Give a picture what the file says of itself: a photographer's name stands in the camera's settings."""
        return attach(image, {"exif": self._exif()})

    def _preview(self, reason: str) -> Any:
        """Give the preview inside the file, upright, when its sensor data cannot be developed."""
        import rawpy

        from dmedia.media.libvips import pyvips

        try:
            thumb = self._raw.extract_thumb()
            if thumb.format == rawpy.ThumbFormat.JPEG:
                header = pyvips.Image.jpegload_buffer(thumb.data, fail_on="error")
                check_pixels(header.width, header.height, self._limits)
                image = header.copy_memory()
                image = image.autorot() if orientation_of(image) > 1 else image
            else:
                image = from_memory(thumb.data.data, (thumb.data.shape[1], thumb.data.shape[0]), thumb.data.shape[2])
        except (rawpy.LibRawError, pyvips.Error):
            raise faults.media_error(reason, "decode") from None
        self.warnings.append(f"the sensor data cannot be decoded ({reason}): this is the embedded preview")
        self.width, self.height = image.width, image.height
        return self._told(image)


def open_picture(source: OpenSource, limits: Limits, *, strict: bool = False) -> RawPicture:
    """Read a RAW file's header.

    Parameters
    ----------
    source : OpenSource
        A camera's RAW file.
    limits : Limits
        What one file may cost.
    strict : bool
        Whether it shall fail where its embedded preview is all that can be had.

    Returns
    -------
    RawPicture
        Its pixels are not developed yet.

    Raises
    ------
    MediaError
        ``unsupported_format`` without rawpy or for a camera that LibRaw does not know; ``corrupt_input``,
        ``too_large``.
    """
    try:
        import rawpy
    except ImportError:
        message = "Unsupported format: camera RAW needs rawpy, of the extra raw, which is not installed"
        raise MediaError("unsupported_format", message, "open", "pip install 'dmedia[raw]'") from None
    with source.file() as file:
        try:
            raw = rawpy.imread(file)
        except rawpy.LibRawFileUnsupportedError as error:
            if source.size_bytes <= formats.HEAD_BYTES:  # no sensor's data is that short: what is there was cut off
                message = f"Corrupt input: {source.size_bytes:,} bytes hold no sensor data"
                raise MediaError("corrupt_input", message, "decode") from None
            raise MediaError("unsupported_format", f"Unsupported format: {_said(error)}", "decode") from None
        except rawpy.LibRawError as error:
            raise faults.media_error(_said(error), "decode") from None
    picture = RawPicture(raw, source.descriptor, limits, strict=strict)
    check_pixels(picture.width, picture.height, limits)
    return picture


def _texts(values: dict[int, str]) -> Directory:
    return {tag: Entry(ASCII, value.encode() + b"\0") for tag, value in values.items() if value}


def _said(error: Exception) -> str:
    """LibRaw's texts come as bytes; its "Input/output error" is what it says of a file that ends too early."""
    text = error.args[0] if error.args else ""
    said = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    return "the file ends too early" if said == "Input/output error" else said or "the content cannot be read"
