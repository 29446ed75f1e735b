"""One small good file of each format that can be made and read here."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from dmedia.media.specimens import fli
from tests.hostile.bombs import heic
from tests.media.films import Making, make_film, scene
from tests.media_making import encoded, exif, photo, srgb_profile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SIZE = (96, 64)

FILMS: dict[str, tuple[str, Making]] = {
    "h264.mp4": ("mp4", Making()),
    "mpeg4.mp4": ("mp4", Making("mpeg4")),
    "hevc.mkv": ("mkv", Making("libx265", options={"x265-params": "log-level=none"})),
    "h264.mkv": ("mkv", Making()),
    "vp8.webm": ("webm", Making("libvpx", options={"deadline": "realtime"})),
    "vp9.webm": ("webm", Making("libvpx-vp9", options={"deadline": "realtime", "cpu-used": "8"})),
    "av1.mp4": ("mp4", Making("libsvtav1", options={"preset": "8"})),
    "mjpeg.avi": ("avi", Making("mjpeg", "yuvj420p")),
    "mpeg4.avi": ("avi", Making("mpeg4")),
    "h264.mov": ("mov", Making()),
    "prores.mov": ("mov", Making("prores", "yuv422p10le")),
    "h264.ts": ("ts", Making()),
    "flv1.flv": ("flv", Making("flv")),
    "mpeg2.mpg": ("mpg", Making("mpeg2video")),
    "wmv2.wmv": ("wmv", Making("wmv2")),
}
"""Films by name: suffix of the container, and codec."""


def tiff(mode: str = "RGB", **options: Any) -> bytes:
    return encoded(photo(SIZE).convert(mode), "TIFF", **options)


def animation(image_format: str, **options: Any) -> bytes:
    """Make a few frames."""
    first, *rest = (photo(SIZE, seed) for seed in range(4))
    return encoded(first, image_format, save_all=True, append_images=rest, duration=100, **options)


def psd() -> bytes:
    """Make a PSD of run-length rows without layers (Adobe Photoshop File Formats, "Image Data Section")."""
    width, height = 48, 32
    rows = b"\xd1\x80" * (height * 3)  # one run of 48 bytes
    head = b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, height, width, 8, 3) + bytes(12)
    return head + b"\0\1" + struct.pack(">H", 2) * (height * 3) + rows


def dng() -> bytes:
    """Make a DNG of plain 16-bit sensor data (DNG 1.4, chapter 2)."""
    width, height = 128, 96
    texts = {271: b"Test\0", 272: b"Test One\0", 50708: b"Test One\0"}
    matrix = b"".join(struct.pack("<ii", value, 10_000) for value in (10_000, 0, 0, 0, 10_000, 0, 0, 0, 10_000))
    neutral = struct.pack("<II", 1, 1) * 3
    values: dict[int, tuple[int, bytes]] = {
        254: (4, struct.pack("<I", 0)), 256: (4, struct.pack("<I", width)), 257: (4, struct.pack("<I", height)),
        258: (3, struct.pack("<H", 16)), 259: (3, struct.pack("<H", 1)), 262: (3, struct.pack("<H", 32803)),
        273: (4, b""), 274: (3, struct.pack("<H", 1)), 277: (3, struct.pack("<H", 1)),
        278: (4, struct.pack("<I", height)),
        279: (4, struct.pack("<I", width * height * 2)), 33421: (3, struct.pack("<HH", 2, 2)), 33422: (1, b"\0\1\1\2"),
        50706: (1, b"\1\4\0\0"), 50721: (10, matrix), 50728: (5, neutral),
    }  # fmt: skip
    values |= {tag: (2, text) for tag, text in texts.items()}
    sizes = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 10: 8}
    start = 8 + 2 + 12 * len(values) + 4
    extra = sum(len(value) for _, value in values.values() if len(value) > 4)
    values[273] = (4, struct.pack("<I", start + extra))
    directory, tail = struct.pack("<H", len(values)), b""
    for tag, (kind, value) in sorted(values.items()):
        place = value.ljust(4, b"\0") if len(value) <= 4 else struct.pack("<I", start + len(tail))
        directory += struct.pack("<HHI", tag, kind, len(value) // sizes[kind]) + place
        tail += value if len(value) > 4 else b""
    grey = photo((width, height)).convert("L").tobytes()
    sensor = b"".join(struct.pack("<H", value * 256) for value in grey)
    return b"II*\0" + struct.pack("<I", 8) + directory + bytes(4) + tail + sensor


XMP = (
    b"<x:xmpmeta><dc:creator><rdf:Seq><rdf:li>Ana</rdf:li></rdf:Seq></dc:creator><dc:rights><rdf:Alt>"
    b'<rdf:li xml:lang="x-default">(c) Ana</rdf:li></rdf:Alt></dc:rights></x:xmpmeta>'
)

PICTURES: dict[str, Callable[[], bytes]] = {
    "baseline.jpg": lambda: encoded(photo(SIZE), "JPEG", exif=exif(6, private=True), icc_profile=srgb_profile()),
    "owned.jpg": lambda: encoded(photo(SIZE), "JPEG", xmp=XMP),
    "progressive.jpg": lambda: encoded(photo(SIZE), "JPEG", progressive=True),
    "cmyk.jpg": lambda: encoded(photo(SIZE).convert("CMYK"), "JPEG"),
    "rgb.png": lambda: encoded(photo(SIZE), "PNG", exif=exif(3), icc_profile=srgb_profile()),
    "palette.png": lambda: encoded(photo(SIZE).convert("P"), "PNG"),
    "deep.png": lambda: encoded(photo(SIZE).convert("I;16"), "PNG"),
    "animated.png": lambda: animation("PNG"),
    "animated.gif": lambda: animation("GIF", loop=0),
    "lossy.webp": lambda: encoded(photo(SIZE), "WEBP", exif=exif(6), icc_profile=srgb_profile()),
    "lossless.webp": lambda: encoded(photo(SIZE).convert("RGBA"), "WEBP", lossless=True),
    "animated.webp": lambda: animation("WEBP"),
    "raw.tif": tiff,
    "lzw.tif": lambda: tiff(compression="tiff_lzw"),
    "deflate.tif": lambda: tiff(compression="tiff_adobe_deflate"),
    "packbits.tif": lambda: tiff(compression="packbits"),
    "jpeg.tif": lambda: tiff(compression="jpeg"),
    "group4.tif": lambda: tiff("1", compression="group4"),
    "lab.tif": lambda: tiff("LAB"),
    "float.tif": lambda: tiff("F"),
    "still.avif": lambda: encoded(photo(SIZE), "AVIF"),
    "sequence.avif": lambda: animation("AVIF"),
    "still.heic": heic,
    "rgb.bmp": lambda: encoded(photo(SIZE), "BMP"),
    "palette.bmp": lambda: encoded(photo(SIZE).convert("P"), "BMP"),
    "icon.ico": lambda: encoded(photo(SIZE).resize((64, 64)), "ICO", sizes=[(16, 16), (64, 64)]),
    "rle.psd": psd,
    "rle.tga": lambda: encoded(photo(SIZE), "TGA", compression="tga_rle"),
    "raw.tga": lambda: encoded(photo(SIZE), "TGA"),
    "box.jp2": lambda: encoded(photo(SIZE), "JPEG2000"),
    "sensor.dng": dng,
    "frame.fli": fli,
}
"""Pictures by name."""


def make_seed(name: str, place: Path) -> bytes:
    """Make a seed.

    Parameters
    ----------
    name : str
        Of ``PICTURES`` or ``FILMS``.
    place : Path
        A directory for what is made by way of a file.
    """
    if name in PICTURES:
        return PICTURES[name]()
    suffix, making = FILMS[name]
    path = place / f"seed.{suffix}"
    size = (64, 48) if making.codec != "libsvtav1" else (128, 96)
    make_film(path, [scene(*size, colour=colour) for colour in ("red", "blue", "lime") * 4], making)
    return path.read_bytes()
