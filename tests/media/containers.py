"""The formats that colours, depths and orientations come in."""

from __future__ import annotations

import struct
from typing import Any, Literal

import numpy as np
import pytest
from PIL import Image

from tests.media.colour_difference import Array
from tests.media_making import encoded

LEAST_LOSS: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 97, "subsampling": 0}, "PNG": {}, "TIFF": {}, "WEBP": {"lossless": True, "exact": True},
    "AVIF": {"quality": 96, "subsampling": "4:4:4"},
}  # fmt: skip
"""Options of Pillow, by its names of formats."""

NAMES = {
    "JPEG": "i.jpg", "PNG": "i.png", "TIFF": "i.tif", "WEBP": "i.webp", "AVIF": "i.avif", "HEIF": "i.heic",
}  # fmt: skip
"""What a file of each is called."""

TARGETS = {
    "png": "o.png", "tiff": "o.tif", "jpg": "o.jpg", "webp": "o.webp", "avif": "o.avif", "gif": "o.gif",
}  # fmt: skip
"""What a rendition of each writable format is called."""


def contained(image: Image.Image, container: str, **options: Any) -> bytes:
    """Encode with as little loss as a container has, HEIC too where it can be written."""
    if container == "HEIF":
        pillow_heif = pytest.importorskip("pillow_heif")
        pillow_heif.register_heif_opener()
        try:
            return encoded(image, "HEIF", quality=98, chroma=444, **options)
        except (RuntimeError, OSError) as error:
            pytest.skip(f"this pillow-heif writes no HEIC: {error}")
    return encoded(image, container, **LEAST_LOSS[container], **options)


def plain_tiff(
    samples: Array, photometric: int, *, extra: tuple[int, ...] = (), order: Literal["<", ">"] = "<"
) -> bytes:
    """Make a TIFF of one strip without compression (TIFF 6.0), of 8, 16 or 32 bits, in any colours."""
    height, width, bands = samples.shape
    bits, data = 8 * samples.dtype.itemsize, samples.astype(samples.dtype.newbyteorder(order)).tobytes()
    rows: list[tuple[int, int, tuple[int, ...]]] = [
        (256, 4, (width,)), (257, 4, (height,)), (258, 3, (bits,) * bands), (259, 3, (1,)), (262, 3, (photometric,)),
        (273, 4, (0,)), (277, 3, (bands,)), (278, 4, (height,)), (279, 4, (len(data),)), (530, 3, (1, 1)),
        (339, 3, (3 if samples.dtype.kind == "f" else 1,) * bands),
    ]  # fmt: skip
    if extra:
        rows.append((338, 3, extra))
    rows.sort()
    values_at, table, values = 8 + 2 + 12 * len(rows) + 4, b"", b""
    sizes = [struct.calcsize(f"{len(row[2])}{'H' if row[1] == 3 else 'I'}") for row in rows]
    data_at = values_at + sum(size for size in sizes if size > 4)
    for tag, kind, numbers in rows:
        value = struct.pack(f"{order}{len(numbers)}{'H' if kind == 3 else 'I'}", *numbers)
        if tag == 273:
            value = struct.pack(order + "I", data_at)
        table += struct.pack(order + "HHI", tag, kind, len(numbers))
        table += value.ljust(4, b"\0") if len(value) <= 4 else struct.pack(order + "I", values_at + len(values))
        values += value if len(value) > 4 else b""
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "IH", 8, len(rows))
    return head + table + bytes(4) + values + data


def psd(samples: Array, mode: int, profile: bytes = b"") -> bytes:
    """Make a PSD without layers (Adobe Photoshop File Formats Specification, 2019); 4 is CMYK, 9 Lab."""
    height, width, bands = samples.shape
    head = b"8BPS" + struct.pack(">H6xHIIHH", 1, bands, height, width, 8, mode)
    resource = b"8BIM" + struct.pack(">H2xI", 1039, len(profile)) + profile + bytes(len(profile) % 2)
    resources = resource if profile else b""
    pixels = np.moveaxis(samples, -1, 0).tobytes()
    return head + bytes(4) + struct.pack(">I", len(resources)) + resources + bytes(4) + b"\0\0" + pixels
