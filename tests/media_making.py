"""Small media made on the spot: tests carry no fixtures."""

from __future__ import annotations

import io
import os
import random
import struct
from typing import Any

from PIL import Image, ImageCms

from dmedia.errors import MediaError
from dmedia.model import FileResult, Limits, Logo, Task, WorkOrder
from dmedia.operations.validation import validate
from dmedia.storage import local

RED, GREEN, BLUE, WHITE = (220, 30, 30), (30, 200, 30), (30, 30, 220), (250, 250, 250)
CORNERS = (RED, GREEN, BLUE, WHITE)
"""Colours of ``corners``: upper left, upper right, lower left, lower right."""

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""How upright pixels are stored for each EXIF orientation."""

DISPLAY_P3 = ((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841))
"""Primaries of Display P3 adapted to D50, as XYZ."""


def corners(size: tuple[int, int] = (64, 48), mode: str = "RGB") -> Image.Image:
    """Make a picture of four colours, so that every turn and mirror of it differs."""
    width, height = size
    image = Image.new("RGB", size)
    for number, colour in enumerate(CORNERS):
        left, top = (number % 2) * width // 2, (number // 2) * height // 2
        image.paste(colour, (left, top, left + width - width // 2, top + height - height // 2))
    return image.convert(mode)


def photo(size: tuple[int, int] = (640, 480), seed: int = 1) -> Image.Image:
    """Make a picture with detail all over, so that half of its file is half of its picture."""
    noise = Image.frombytes(
        "RGB", (size[0] // 4, size[1] // 4), random.Random(seed).randbytes(size[0] // 4 * (size[1] // 4) * 3)
    )
    return noise.resize(size, Image.Resampling.BICUBIC)


def encoded(image: Image.Image, image_format: str, **options: Any) -> bytes:
    """Encode with Pillow; the format is Pillow's name."""
    buffer = io.BytesIO()
    image.save(buffer, image_format, **options)
    return buffer.getvalue()


def exif(orientation: int | None = None, *, private: bool = False) -> bytes:
    """Make an EXIF block; a private one tells place, serial number, artist and copyright."""
    block = Image.Exif()
    if orientation is not None:
        block[0x0112] = orientation
    if private:
        block[0x013B], block[0x8298] = "Ana Souza", "(c) Ana Souza"
        block.get_ifd(0x8769)[0xA431] = "SERIAL-12345"
        block.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 29.5), 3: "E", 4: (2.0, 17.0, 40.2)})
    return block.tobytes()


def jpeg(orientation: int | None = None, size: tuple[int, int] = (64, 48), *, private: bool = False) -> bytes:
    """Make a JPEG of ``corners`` that is ``size`` when seen upright."""
    image = corners(size)
    if orientation in TURNS:
        image = image.transpose(TURNS[orientation])
    return encoded(image, "JPEG", quality=95, subsampling=0, exif=exif(orientation, private=private))


def srgb_profile() -> bytes:
    """Give littleCMS' own sRGB profile."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def matrix_profile(
    primaries: tuple[tuple[float, float, float], ...] = DISPLAY_P3,
    curve: bytes | None = None,
    space: bytes = b"RGB ",
    *,
    version: int = 4,
    device: bytes = b"mntr",
    connection: bytes = b"XYZ ",
    tables: dict[bytes, bytes] | None = None,
) -> bytes:
    """Make an ICC profile of three primaries and one curve (without one: sRGB's), a grey one, or one of tables."""
    parameters = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    curve = curve or b"para\0\0\0\0\0\3\0\0" + struct.pack(">5i", *(round(value * 65536) for value in parameters))

    def xyz(values: tuple[float, float, float]) -> bytes:
        return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in values))

    white = (0.9642, 1.0, 0.8249)
    text = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + bytes(67 + 12)
    tags = {b"desc": text, b"cprt": b"text\0\0\0\0test\0\0\0\0", b"wtpt": xyz(white)}
    if tables:
        tags |= tables
    elif space == b"GRAY":
        tags[b"kTRC"] = curve
    else:
        tags |= {name: xyz(values) for name, values in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries, strict=True)}
        tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    table, body = struct.pack(">I", len(tags)), b""
    for name, value in tags.items():
        table += name + struct.pack(">II", 128 + 4 + 12 * len(tags) + len(body), len(value))
        body += value + bytes(-len(value) % 4)
    head = bytes(8) + bytes([version, 0x30, 0, 0]) + device + space + connection + bytes(12) + b"acsp" + bytes(28)
    head += struct.pack(">3i", *(round(value * 65536) for value in white))
    head = head.ljust(128, b"\0")
    size = len(head) + len(table) + len(body)
    return struct.pack(">I", size) + head[4:] + table + body


def work(
    source: bytes,
    rendition: bytes,
    operation: str,
    *,
    output: bytes | None = None,
    limits: Limits | None = None,
    logo_content: bytes | None = None,
    **arguments: Any,
) -> FileResult:
    """Run one task in this process, as a slot and its worker do; ``logo_content`` is a logo's file."""
    from dmedia.media.faults import failure_of
    from dmedia.media.process import process

    directory = output or rendition.rsplit(b"/", 1)[0]
    logo = None if logo_content is None else Logo("logo", logo_content)
    arguments |= {} if logo is None else {"logo": logo.name}
    parameters = validate(operation, arguments)
    order = WorkOrder("batch-1-abcdef", operation, parameters, directory, limits or Limits(), logo=logo)
    task = Task(0, source, rendition, 0)
    try:
        descriptor = local.open_source(source)
    except MediaError as error:
        return FileResult(0, failure=failure_of(error, task))
    try:
        return process(order, task, (local.temporary_path(rendition, order.job),), descriptor)
    finally:
        os.close(descriptor)
