"""libvips decodes JPEG, PNG, WebP, GIF, TIFF and AVIF."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dmedia.errors import MediaError
from dmedia.media import faults, resolution
from dmedia.media.chunks import animation_frames
from dmedia.media.decoders import tiff
from dmedia.media.decoders.picture import Traits, orientation_of
from dmedia.media.exif import exif_of_tiff, write_exif
from dmedia.media.frames import gif_extent
from dmedia.media.isobox import check_boxes
from dmedia.media.libvips import BITS_FIELD, EXIF_FIELD, ICC_FIELD, XMP_FIELD, pyvips, with_blob
from dmedia.media.opened import check_pixels
from dmedia.media.owner import PNG_OWNER_FIELD, in_png, ownership
from dmedia.media.stated_colours import with_stated

if TYPE_CHECKING:
    from dmedia.media.geometry import Size
    from dmedia.media.opened import OpenSource
    from dmedia.model import Limits
    from dmedia.model.info import ColourSpace

LOADERS = {
    "jpg": "jpegload_source",
    "png": "pngload_source",
    "webp": "webpload_source",
    "gif": "gifload_source",
    "tiff": "tiffload_source",
    "avif": "heifload_source",
}

ANIMATIONS = frozenset({"gif", "webp"})
"""Formats whose frames libvips can read all."""

COLOURS: dict[str, ColourSpace] = {
    "b-w": "grey", "grey16": "grey", "cmyk": "cmyk",
    "lab": "lab", "labs": "lab", "labq": "lab", "lch": "lab", "xyz": "xyz",
}  # fmt: skip
"""What libvips' interpretations are; all others are RGB, or have no name and go by their bands."""

SAMPLE_BITS = {"uchar": 8, "char": 8, "ushort": 16, "short": 16, "uint": 32, "int": 32, "float": 32, "double": 64}
BITS_FIELDS = (BITS_FIELD, "heif-bitdepth")

JPEG_SHRINKS = (8, 4, 2)
"""libjpeg decodes to 1/2, 1/4 and 1/8 from the low frequencies of each block alone."""

JPEG_PIXELS_PER_BYTE = 64 * 8 * 4
"""Each block of 64 pixels takes at least one bit of Huffman code (ITU-T T.81, F.1.2.1), and one component at least has
a block for every four. What is missing libjpeg makes up in grey, with no more than a warning."""


class VipsPicture:
    """A picture that libvips decodes; the attributes are those of ``Picture``."""

    decoder = "libvips"

    def __init__(self, descriptor: int, image_format: str) -> None:
        self.format = image_format
        self.warnings: list[str] = []
        self._source = pyvips.Source.new_from_descriptor(descriptor)
        self.descriptor = descriptor
        self._image = self._load()
        self._is_given = False
        self.width: int = self._image.width
        self.height: int = self._image.height
        self.orientation = 1 if image_format == "avif" else orientation_of(self._image)
        self.frames: int = animation_frames(descriptor) if image_format == "png" else _pages(self._image)
        self.holds_animation = image_format in ANIMATIONS

    def traits(self) -> Traits:
        """Tell what the header says. See ``Picture.traits``."""
        image = self._image
        dpi = None
        if resolution.is_stated(image):
            inch = resolution.MILLIMETRES_AN_INCH
            dpi = image.xres * inch, image.yres * inch
        return Traits(
            _colour(image),
            _bits(image),
            bool(image.hasalpha()),
            _blob(image, ICC_FIELD),
            _blob(image, EXIF_FIELD),
            _blob(image, XMP_FIELD),
            dpi,
            ownership(image),
        )

    def decode(self, wanted: Size) -> Any:
        """Give the pixels, decoded smaller where that is enough. See ``Picture.decode``."""
        return with_stated(self._scaled(wanted), self.format, self.descriptor, self.warnings)

    def _scaled(self, wanted: Size) -> Any:
        if self.format == "jpg":
            shrink = jpeg_shrink(self.width, self.height, wanted)
            if shrink > 1:
                return self._load(shrink=shrink)
        if self.format == "webp":
            scale = webp_scale(self.width, self.height, wanted)
            if scale < 1:
                return self._load(scale=scale)
        if self._is_given:
            return self._load()  # what is read in sequence is read once
        self._is_given = True
        return self._image

    def delays_ms(self) -> list[int]:
        """Tell how long each frame is shown, in milliseconds; of a still picture nothing."""
        return list(self._image.get("delay")) if self._image.get_typeof("delay") else []

    def loop(self) -> int:
        """Tell how often all frames are shown; 0 is without end."""
        return int(self._image.get("loop")) if self._image.get_typeof("loop") else 0

    def decode_all(self) -> Any:
        """Give the pixels of all frames of an animation, one below the other; to be read from top to bottom.

        Returns
        -------
        pyvips.Image
            Lazy, at full size.

        Raises
        ------
        MediaError
            ``corrupt_input``.
        """
        image = self._load(n=-1)
        if (image.width, image.height) != (self.width, self.height * self.frames):
            raise MediaError("corrupt_input", "Corrupt input: the frames are not of one size", "decode")
        return image

    def _load(self, **options: Any) -> Any:
        """Errors of libvips appear when pixels are pulled, and only with ``fail_on`` at all for damaged files."""
        loader = getattr(pyvips.Image, LOADERS[self.format])
        try:
            image = loader(self._source, access="sequential", fail_on="error", **options)
        except pyvips.Error as error:
            raise faults.media_error(str(error), "decode") from None
        if self.format == "tiff":
            return self._with_exif(tiff.with_true_samples(image, self.descriptor))
        image = resolution.with_stated(image, self.format, self.descriptor)
        if self.format == "png" and (owner := in_png(self.descriptor)):
            return with_blob(image, PNG_OWNER_FIELD, write_exif(owner))
        return image

    def _with_exif(self, image: Any) -> Any:
        """Give a TIFF's own tags to the image: libvips reads only the orientation and the profile."""
        block = exif_of_tiff(self.descriptor)
        return image if block is None else with_blob(image, EXIF_FIELD, block)


def open_picture(source: OpenSource, limits: Limits) -> VipsPicture:
    """Read a picture's header.

    Parameters
    ----------
    source : OpenSource
        Of a format in ``LOADERS``.
    limits : Limits
        What one file may cost.

    Returns
    -------
    VipsPicture
        Its pixels are not decoded yet.

    Raises
    ------
    MediaError
        ``corrupt_input``, ``unsupported_format``, ``too_large``.
    """
    if source.sniffed.format == "avif":
        check_boxes(source)
    if source.sniffed.format == "gif":  # libvips reads a frame before it tells a size
        check_pixels(*gif_extent(source.head), limits)
    picture = VipsPicture(source.descriptor, source.sniffed.format)
    check_pixels(picture.width, picture.height, limits)
    if picture.format == "jpg" and picture.width * picture.height > JPEG_PIXELS_PER_BYTE * source.size_bytes:
        message = f"Corrupt input: {source.size_bytes:,} bytes cannot hold {picture.width}x{picture.height} pixels"
        raise MediaError("corrupt_input", message, "decode")
    return picture


def _colour(image: Any) -> ColourSpace:
    if image.interpretation in {"multiband", "histogram", "matrix"} and image.bands < 3:
        return "grey"
    return COLOURS.get(image.interpretation, "rgb")


def _bits(image: Any) -> int | None:
    """Tell bits a sample: the file's own where it tells them, but not those of a palette's index, as in TIFF too."""
    decoded = SAMPLE_BITS.get(image.format)
    if not image.get_typeof("palette"):
        for name in BITS_FIELDS:
            if image.get_typeof(name):
                stated = int(image.get(name))
                return stated if stated >= 8 or _colour(image) == "grey" else decoded
    return decoded


def _blob(image: Any, name: str) -> bytes:
    return bytes(image.get(name)) if image.get_typeof(name) else b""


def _pages(image: Any) -> int:
    """Count pages; ``get_n_pages`` says 1 of ten thousand and more (libvips, header.c)."""
    return int(image.get("n-pages")) if image.get_typeof("n-pages") else 1


def jpeg_shrink(width: int, height: int, wanted: Size) -> int:
    """Choose the scale of a JPEG decoder: the smallest picture that is still as large as wanted.

    This is sharp's rule. libvips' own thumbnail keeps a margin of two, which costs 10 to 18 % of a file's CPU time for
    about one point of SSIMULACRA2, as measured at 800 and 320 pixels.

    Parameters
    ----------
    width, height : int
        Of the stored picture.
    wanted : Size
        In stored orientation.

    Returns
    -------
    int
        1, 2, 4 or 8.
    """
    fits = (shrink for shrink in JPEG_SHRINKS if width // shrink >= wanted.width and height // shrink >= wanted.height)
    return next(fits, 1)


def webp_scale(width: int, height: int, wanted: Size) -> float:
    """Choose the scale of libwebp's decoder: twice the wanted size, so that the better filter does the last halving.

    Parameters
    ----------
    width, height : int
        Of the stored picture.
    wanted : Size
        In stored orientation.

    Returns
    -------
    float
        At most 1.
    """
    return min(1.0, 2 * max(wanted.width / width, wanted.height / height))
