"""Pillow decodes what libvips does not: BMP, ICO, PSD, TGA, JPEG 2000, FLIC, AVIF sequences and odd TIFFs."""

from __future__ import annotations

import contextlib
import importlib
import re
import struct
import warnings
import zlib
from typing import TYPE_CHECKING, Any

from dmedia.errors import MediaError
from dmedia.media import faults
from dmedia.media.decoders.picture import Traits
from dmedia.media.exif import ORIENTATION, exif_of_tiff
from dmedia.media.libvips import BITS_FIELD, pyvips
from dmedia.media.opened import check_pixels, pixel_count
from dmedia.media.pixels import attach, from_memory
from dmedia.storage.faults import fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dmedia.media.geometry import Size
    from dmedia.media.opened import OpenSource
    from dmedia.model import Limits
    from dmedia.model.info import ColourSpace

PLUGINS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "bmp": (("BmpImagePlugin",), ("BMP", "DIB")),
    "ico": (("IcoImagePlugin", "CurImagePlugin"), ("ICO", "CUR")),
    "psd": (("PsdImagePlugin",), ("PSD",)),
    "tga": (("TgaImagePlugin",), ("TGA",)),
    "jp2": (("Jpeg2KImagePlugin",), ("JPEG2000",)),
    "tiff": (("TiffImagePlugin",), ("TIFF",)),
    "fli": (("FliImagePlugin",), ("FLI",)),
    "avif sequence": (("AvifImagePlugin",), ("AVIF",)),
}
"""Pillow's modules and formats, by ours: no other of its parsers ever sees a file."""

DIRECT_BANDS = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4}
SAMPLES = {"I;16": "ushort", "I": "int", "F": "float"}
GREY_MODES, ALPHA_MODES = {"1", "L", "LA", "La", "F"}, {"LA", "La", "RGBA", "RGBa", "PA"}
BITS = {"1": 1, "I": 32, "F": 32}
"""Bits a sample, by Pillow's mode; ``I;16`` and its kin have 16, all others 8."""

PSD_RESOURCES = {1028: "iptc", 1058: "exif", 1060: "xmp"}
"""Image resources of Photoshop (Adobe Photoshop File Formats Specification), by their names in `pixels.FIELDS`."""

BITS_PER_SAMPLE = 258
"""TIFF 6.0, section 4."""

PLAIN_MODES = {"1": "L", "La": "LA", "RGBa": "RGBA", "RGBX": "RGB", "YCbCr": "RGB", "HSV": "RGB"}


class PillowPicture:
    """A picture that Pillow decodes; the attributes are those of ``Picture``."""

    decoder = "pillow"

    def __init__(self, image: Any, told: dict[str, bytes] | None = None) -> None:
        self._image = image
        self._told = told or {}
        self.width, self.height = image.size
        self.frames = int(getattr(image, "n_frames", 1)) if image.format in {"TIFF", "AVIF", "FLI"} else 1
        self.orientation = 1
        self.warnings: list[str] = []
        if image.format == "TIFF":  # turned by Pillow itself, its size too
            return
        with contextlib.suppress(Exception):  # broken EXIF is no reason to lose the picture
            orientation = int(image.getexif().get(ORIENTATION, 1))
            self.orientation = orientation if orientation in range(1, 9) else 1

    def traits(self) -> Traits:
        """Tell what the header says. See ``Picture.traits``."""
        mode, info = self._image.mode, self._image.info
        deep = mode.startswith("I;16")
        block = b""
        with contextlib.suppress(Exception):  # broken EXIF is no reason to say nothing
            block = self._image.getexif().tobytes()
        return Traits(
            _colour(mode),
            16 if deep else BITS.get(mode, 8),
            mode in ALPHA_MODES or "transparency" in info,
            bytes(info.get("icc_profile") or b""),
            block,
            info["xmp"] if isinstance(info.get("xmp"), bytes) else b"",
            _resolution(info.get("dpi")),
        )

    def decode(self, wanted: Size) -> Any:  # noqa: ARG002  # these formats decode at full size
        """Give the pixels. See ``Picture.decode``."""
        with _faults():
            self._image.load()
            self.width, self.height = self._image.size  # an icon's directory may tell another size than its picture
            image = attach(_to_vips(self._image), self._image.info | self._told)
        return _stretched(image) if self._has_twelve_bits() else image

    def _has_twelve_bits(self) -> bool:
        """Tell whether samples of 16 bits are a TIFF's of 12, which Pillow leaves as dark as they are."""
        tags = getattr(self._image, "tag_v2", None)
        return self._image.mode.startswith("I;16") and tags is not None and tags.get(BITS_PER_SAMPLE) == (12,)


def open_picture(source: OpenSource, limits: Limits) -> PillowPicture:
    """Read a picture's header.

    Parameters
    ----------
    source : OpenSource
        Of a format in ``PLUGINS``.
    limits : Limits
        What one file may cost.

    Returns
    -------
    PillowPicture
        Its pixels are not decoded yet.

    Raises
    ------
    MediaError
        ``corrupt_input``, ``unsupported_format``, ``too_large``.
    """
    from PIL import Image

    modules, names = PLUGINS[source.sniffed.format]
    for module in modules:
        importlib.import_module(f"PIL.{module}")
    Image.MAX_IMAGE_PIXELS = limits.max_page_pixels  # pictures inside pictures are checked by Pillow alone
    file = source.file()
    with _faults():
        image = Image.open(file, formats=names)
        picture = PillowPicture(image, _told(image, source))
    check_pixels(picture.width, picture.height, limits)
    return picture


def _told(image: Any, source: OpenSource) -> dict[str, bytes]:
    """Read metadata that Pillow leaves where they are."""
    if image.format == "TIFF":
        block = exif_of_tiff(source.descriptor)
        return {"exif": block} if block else {}
    resources = getattr(image, "resources", ()) if image.format == "PSD" else ()
    return {PSD_RESOURCES[number]: data for number, _, data in resources if number in PSD_RESOURCES}


@contextlib.contextmanager
def _faults() -> Iterator[None]:
    """Turn what Pillow raises on bad files into a file's failure; its plugins let almost anything escape."""
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        found = re.search(r"(\d+) pixels", str(error))
        many = pixel_count(int(found[1])) if found else "too many pixels"
        message = f"Too large: a picture of {many}, the limit is {pixel_count(Image.MAX_IMAGE_PIXELS or 0)}"
        raise MediaError("too_large", message, "decode", "--max-pixels raises the limit") from None
    except UnidentifiedImageError:
        raise MediaError("corrupt_input", "Corrupt input: the header is damaged", "decode") from None
    except NotImplementedError as error:
        raise MediaError("unsupported_format", f"Unsupported format: {error}", "decode") from None
    except OSError as error:
        if error.errno:
            raise fault(error, "decode") from None
        raise faults.media_error(str(error), "decode") from None
    except (SyntaxError, ValueError, TypeError, KeyError, IndexError, AttributeError, EOFError, OverflowError,
            ZeroDivisionError, AssertionError, RuntimeError, struct.error, zlib.error) as error:  # fmt: skip
        raise faults.media_error(str(error), "decode") from None


def _stretched(image: Any) -> Any:
    """Spread samples of 12 bits over 16."""
    return (image * (65535 / 4095)).rint().cast("ushort")


def _colour(mode: str) -> ColourSpace:
    if mode in GREY_MODES or mode.startswith("I"):
        return "grey"
    return {"CMYK": "cmyk", "LAB": "lab"}.get(mode, "rgb")  # type: ignore[return-value]  # the values are the literal's


def _resolution(stated: Any) -> tuple[float, float] | None:
    """Take what Pillow has read, which can be anything a file states."""
    try:
        across, down = (float(value) for value in stated)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return across, down


def _to_vips(image: Any) -> Any:
    """Hand the pixels over in the nearest form libvips has."""
    image = _plain(image)
    mode, size = image.mode, image.size
    if mode in DIRECT_BANDS:
        return from_memory(image.tobytes(), size, DIRECT_BANDS[mode])
    if mode == "CMYK":
        return from_memory(image.tobytes(), size, 4).copy(interpretation="cmyk")
    if mode == "LAB":
        lab = from_memory(image.tobytes(), size, 3)  # 8-bit Lab of TIFF 6.0, section 23: a and b are signed
        tints = lab.extract_band(1, n=2).copy(format="char")
        lab = lab.extract_band(0).linear(100 / 255, 0).bandjoin(tints).copy(interpretation="lab")
        lab.set_type(pyvips.GValue.gint_type, BITS_FIELD, 8)  # of the file: the samples here are wider
        return lab
    if mode in SAMPLES:
        return from_memory(image.tobytes(), size, 1, SAMPLES[mode])
    raise NotImplementedError(f"pixels of mode {mode}")


def _plain(image: Any) -> Any:
    """Undo palettes and what libvips has no name for; Pillow's YCbCr and HSV are of sRGB."""
    mode = image.mode
    if mode in {"P", "PA"} or (mode in {"1", "L", "RGB"} and "transparency" in image.info):
        return image.convert("RGBA" if mode == "PA" or "transparency" in image.info else "RGB")
    if mode.startswith("I;16") and mode != "I;16":
        return image.convert("I")
    return image.convert(PLAIN_MODES[mode]) if mode in PLAIN_MODES else image
