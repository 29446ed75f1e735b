"""Small files that ask for a lot: each is at most a megabyte, and says or is much more."""

from __future__ import annotations

import io
import struct
import zlib
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import pytest
from PIL import Image

from tests.media_making import corners, encoded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HUGE = 60_000
"""Pixels a side: 3,600 megapixels, more than thirteen times what a page may have."""


def png(width: int, height: int, frames: int = 1, extra: bytes = b"") -> bytes:
    """Make a black PNG, or an APNG of as many frames, whose pixels are all there and compress a thousandfold."""
    pixels = zlib_zeros(height * (1 + (width + 7) // 8))
    pieces = [b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)), extra]
    if frames > 1:
        pieces.append(chunk(b"acTL", struct.pack(">II", frames, 0)))
    number = 0
    for frame in range(frames):
        if frames > 1:
            pieces.append(chunk(b"fcTL", struct.pack(">IIIIIHHBB", number, width, height, 0, 0, 1, 100, 0, 0)))
            number += 1
        if frame == 0:
            pieces.append(chunk(b"IDAT", pixels))
        else:
            pieces.append(chunk(b"fdAT", struct.pack(">I", number) + pixels))
            number += 1
    return b"".join([*pieces, chunk(b"IEND", b"")])


def chunk(name: bytes, body: bytes) -> bytes:
    """Make a chunk of a PNG."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def zlib_zeros(count: int) -> bytes:
    """Compress NUL bytes without ever having them all."""
    packer = zlib.compressobj(9)
    block = bytes(2**20)
    pieces = [packer.compress(block[: min(len(block), left)]) for left in range(count, 0, -len(block))]
    return b"".join(pieces) + packer.flush()


def png_with_bomb_in_text() -> bytes:
    """Make a PNG of few pixels whose comment and profile unpack to a quarter of a gigabyte."""
    text = chunk(b"zTXt", b"Comment\0\0" + zlib_zeros(2**27))
    profile = chunk(b"iCCP", b"icc\0\0" + zlib_zeros(2**27))
    return png(64, 48, extra=profile + text)


def gif(width: int, height: int, frames: int) -> bytes:
    """Make a GIF whose frames fill a large canvas with few codes each (LZW codes of up to 4,095 pixels)."""
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    image = b"\x21\xf9\4\0\1\0\0\0" + b"\x2c" + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\2"
    image += b"\2\x4c\1\0"  # clear, one pixel, end
    return head + image * frames + b"\x3b"


def gif_of_far_frame(width: int, height: int) -> bytes:
    """Make a GIF whose screen is small, and whose first frame lies at the far end of what 16 bits can say."""
    data = gif(width, height, 1)
    at = data.index(b"\x2c") + 1
    return data[:at] + struct.pack("<HHHH", 0, 65_280, 65_535, 1_321) + data[at + 8 :]


def jpeg_of(width: int, height: int) -> bytes:
    """Make a small JPEG whose header tells another size."""
    data = encoded(corners(), "JPEG")
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]


def progressive_jpeg(scans: int, side: int = 2048) -> bytes:
    """Make a progressive JPEG that refines one picture in thousands of scans, each of a few bytes a row of blocks."""
    data = encoded(Image.new("L", (side, side), 128), "JPEG", progressive=True, quality=50)
    starts = [at for at in range(len(data) - 1) if data[at : at + 2] == b"\xff\xda"]
    last = data[starts[-1] : -2]
    return data[: starts[-1]] + last * scans + b"\xff\xd9"


def webp(width: int, height: int) -> bytes:
    """Make a WebP of one colour: a few bytes for any number of pixels."""
    return encoded(Image.new("RGB", (width, height)), "WEBP", lossless=True, method=0)


def animated_webp(side: int, frames: int) -> bytes:
    """Make an animation of many whole frames."""
    first, *rest = (Image.new("RGB", (side, side), (number % 256, 0, 0)) for number in range(frames))
    return encoded(first, "WEBP", save_all=True, append_images=rest, lossless=True, method=0, minimize_size=False)


def tiff_of(width: int, height: int, compression: str | None = None) -> bytes:
    """Make a small TIFF whose directory tells another size."""
    data = bytearray(encoded(corners(), "TIFF", compression=compression))
    (start,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, start)
    for entry in range(start + 2, start + 2 + 12 * count, 12):
        tag = struct.unpack_from("<H", data, entry)[0]
        if tag in {256, 257, 278}:
            struct.pack_into("<HII", data, entry + 2, 4, 1, width if tag == 256 else height)
    return bytes(data)


def looping_tiff() -> bytes:
    """Make a TIFF whose second directory is its first."""
    data = bytearray(encoded(corners(), "TIFF"))
    (start,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, start)
    struct.pack_into("<I", data, start + 2 + 12 * count, start)
    return bytes(data)


def tiff_of_pages(pages: int) -> bytes:
    """Make a TIFF of many pages of 8 x 8 pixels, each with its directory behind the other's."""
    tags = ((256, 8), (257, 8), (258, 1), (259, 1), (262, 1), (273, 8), (277, 1), (278, 8), (279, 8))
    out = [b"II*\0" + struct.pack("<I", 16), bytes(8)]
    for page in range(pages):
        after = 16 + (page + 1) * (2 + 12 * len(tags) + 4) if page + 1 < pages else 0
        entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
        out.append(struct.pack("<H", len(tags)) + entries + struct.pack("<I", after))
    return b"".join(out)


def bmp_of(width: int, height: int) -> bytes:
    """Make a BMP whose header tells another size."""
    data = bytearray(encoded(corners(), "BMP"))
    struct.pack_into("<ii", data, 18, width, height)
    return bytes(data)


def ico_of(side: int) -> bytes:
    """Make an icon with a PNG inside that is larger than an icon can be."""
    inner = png(side, side)
    return b"\0\0\1\0\1\0" + struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, len(inner), 22) + inner


def psd_of(width: int, height: int) -> bytes:
    """Make a PSD of uncompressed data that is not there."""
    head = b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, height, width, 8, 3)
    return head + bytes(12) + b"\0\0" + bytes(64)


def tga_of(width: int, height: int) -> bytes:
    """Make a run-length TGA: one run is all there is."""
    return (
        bytes([0, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0]) + struct.pack("<HHBB", width, height, 24, 0) + b"\xff\0\0\0" * 64
    )


def jp2_of(width: int, height: int) -> bytes:
    """Make a JPEG 2000 whose codestream (ISO/IEC 15444-1, A.5.1) tells another size, in one tile."""
    data = bytearray(encoded(corners(), "JPEG2000"))
    struct.pack_into(">II", data, data.index(b"ihdr") + 4, height, width)
    struct.pack_into(">IIIIII", data, data.index(b"\xff\x51") + 6, width, height, 0, 0, width, height)
    return bytes(data)


def iso_of(data: bytes, width: int, height: int) -> bytes:
    """Tell another size in every ``ispe`` box of an AVIF or HEIC (ISO/IEC 23008-12, 6.5.3)."""
    out = bytearray(data)
    for at in find_all(data, b"ispe"):
        struct.pack_into(">II", out, at + 8, width, height)
    return bytes(out)


def heic() -> bytes:
    """Make a HEIC; skip the test where nothing makes one."""
    pillow_heif = pytest.importorskip("pillow_heif")
    picture, buffer = corners((256, 192)), io.BytesIO()
    pillow_heif.from_pillow(picture).save(buffer, quality=90)
    return buffer.getvalue()


def find_all(data: bytes, wanted: bytes) -> Iterator[int]:
    """Tell every place of a pattern."""
    at = data.find(wanted)
    while at >= 0:
        yield at
        at = data.find(wanted, at + 1)


def film_of_pngs(path: Path, width: int, height: int, frames: int) -> None:
    """Make a QuickTime film that says 64 x 48, of larger PNG frames, each of which unpacks a thousandfold."""
    with av.open(str(path), "w", format="mov") as container:
        stream = container.add_stream("png", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "monob"
        picture = png(width, height)
        for number in range(frames):
            packet = av.Packet(picture)
            packet.stream, packet.pts, packet.dts, packet.time_base = stream, number, number, Fraction(1, 10)
            packet.is_keyframe = True
            container.mux(packet)
