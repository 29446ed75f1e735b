"""Pixels and metadata that another library decoded, handed to libvips without being copied where that is possible."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dmedia.media import resolution
from dmedia.media.exif import PREFIX
from dmedia.media.libvips import EXIF_FIELD, ICC_FIELD, IPTC_FIELD, XMP_FIELD, pyvips

if TYPE_CHECKING:
    from collections.abc import Mapping

    Buffer = bytes | bytearray | memoryview

INTERPRETATIONS = {
    "uchar": {1: "b-w", 2: "b-w", 3: "srgb", 4: "srgb"},
    "ushort": {1: "grey16", 2: "grey16", 3: "rgb16", 4: "rgb16"},
}
"""What libvips calls grey and colour pictures, by sample type and number of bands."""

FIELDS = {"exif": EXIF_FIELD, "icc_profile": ICC_FIELD, "xmp": XMP_FIELD, "iptc": IPTC_FIELD}
"""Names of metadata in Pillow's and pillow-heif's ``info``, and the fields that libvips' own loaders set."""


def from_memory(pixels: Buffer, size: tuple[int, int], bands: int, sample: str = "uchar") -> Any:
    """Make a libvips image of pixels in memory.

    Parameters
    ----------
    pixels : buffer
        Rows without padding, samples interleaved; libvips keeps it alive.
    size : tuple of int
        Width and height in pixels.
    bands : int
        Samples a pixel.
    sample : str
        libvips' name of the sample type: ``uchar``, ``ushort``, ``int``, ``float``.

    Returns
    -------
    pyvips.Image
        Grey or sRGB, by its bands, where the type is one of the first two.
    """
    image = pyvips.Image.new_from_memory(pixels, *size, bands, sample)
    return image.copy(interpretation=INTERPRETATIONS.get(sample, {}).get(bands, "multiband"))


def without_padding(pixels: Buffer, stride: int, row_bytes: int, rows: int) -> Buffer:
    """Take away what a library puts behind each row.

    Parameters
    ----------
    pixels : buffer
        Rows of ``stride`` bytes.
    stride, row_bytes : int
        Bytes from one row to the next, and those that are pixels.
    rows : int
        Height in pixels.

    Returns
    -------
    buffer
        The same one where there is no padding.
    """
    if stride == row_bytes:
        return pixels
    view = memoryview(pixels)
    return b"".join(view[row * stride : row * stride + row_bytes] for row in range(rows))


def attach(image: Any, info: Mapping[Any, Any]) -> Any:
    """Give a libvips image the profile, metadata and resolution that another library read.

    Parameters
    ----------
    image : pyvips.Image
        The pixels.
    info : mapping
        With ``exif``, ``icc_profile``, ``xmp`` and ``iptc`` as bytes and ``dpi`` as two numbers, where it has them.

    Returns
    -------
    pyvips.Image
        A copy with the fields that libvips' own loaders set, and orientation 1, whatever the EXIF block says.
    """
    image = image.copy()
    image.set_type(pyvips.GValue.gint_type, "orientation", 1)
    for name, field in FIELDS.items():
        value = info.get(name)
        if isinstance(value, bytes) and value:
            prefix = PREFIX if name == "exif" and not value.startswith(PREFIX) else b""
            image.set_type(pyvips.GValue.blob_type, field, prefix + value)
    return _with_resolution(image, info)


def _with_resolution(image: Any, info: Mapping[Any, Any]) -> Any:
    """Take what the file itself states, or its EXIF; Pillow tells 1 dpi of a TIFF that states no unit."""
    across, down = info.get("dpi") or (0, 0)
    if across > 0 and down > 0 and (across, down) != (1, 1):
        return resolution.state(image, float(across), float(down))
    block = info.get("exif")
    found = resolution.resolution_of(block) if isinstance(block, bytes) else None
    return resolution.state(image, *found) if found else image
