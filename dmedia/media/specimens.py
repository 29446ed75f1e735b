"""A specimen of each format, 64 pixels a side and of one colour, to find out what an installation decodes.

Most are made on the spot, by the encoders that are there. What nothing here encodes is written by hand or stands below.
"""

from __future__ import annotations

import base64
import io
import struct
import zlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

SIDE = 64
COLOUR = (200, 80, 40)
"""Red, green and blue of all pixels."""

HEIC = base64.b85decode(
    b"c-muNV30{GsVvAy%}izhg51nBLl8SRGck>UfiWyMwIq=N0u(b+a*CjAhJwuG5(YG&l$nzcHpIn&fe{FSfUycf1Az<>D`#frrGa@M"
    b"QBfc#l?lqrC`&d3G5HEIOLE~#u4NV!6#(h&nFY!DK)M2`%$boHBs2l6NbUo}pT9qTFfi~lCjfOwI56@s{{IhBzzkBs3_^0dm>d#;"
    b"lG;v;jA$|o6dGBlz4Fvtm&YW<!vPXH0U|gYl7Q;jT^J7*ZBTLmS|gmCpHq~VoKpc5=4D`O01Am@78j&K{pJA00tJ~BnIHjX4i2Dc"
    b"4C0vuxv<~^h6qa|6Eh2tsgj$L2nsz34aW7t4Nr{^%>RG>l>NV=&xc=b)Vj(a`~UzZbWO_"
)
"""Made by libheif 1.21 with x265 (HEVC main profile, 4:2:0), compressed by zlib: not every libheif encodes."""

FILM_RATE = 10


def heic() -> bytes:
    """Give the HEIC that stands in this file."""
    return zlib.decompress(HEIC)


def by_pillow(name: str, **options: Any) -> bytes:
    """Make a picture of one of Pillow's formats."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.new("RGB", (SIDE, SIDE), COLOUR).save(buffer, name, **options)
    return buffer.getvalue()


def psd() -> bytes:
    """Make a PSD of uncompressed channels (Adobe Photoshop File Formats Specification)."""
    head = b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, SIDE, SIDE, 8, 3)
    return head + bytes(12) + bytes(2) + b"".join(bytes([part]) * SIDE**2 for part in COLOUR)


def fli() -> bytes:
    """Make a FLI of one frame: chunks 4 (a palette of 8 bits a colour) and 16 (pixels as they are)."""
    palette = struct.pack("<HBB", 1, 0, 1) + bytes(COLOUR)
    parts = [struct.pack("<IH", 6 + len(body), kind) + body for kind, body in ((4, palette), (16, bytes(SIDE**2)))]
    frame = struct.pack("<IHH8x", 16 + sum(map(len, parts)), 0xF1FA, len(parts)) + b"".join(parts)
    head = struct.pack("<IHHHHHHI", 128 + len(frame), 0xAF12, 1, SIDE, SIDE, 8, 3, 5)
    return head.ljust(128, b"\0") + frame


def svg() -> bytes:
    """Write a drawing of one rectangle."""
    red, green, blue = COLOUR
    paint = f'<rect width="{SIDE}" height="{SIDE}" fill="rgb({red},{green},{blue})"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="{SIDE}" height="{SIDE}">{paint}</svg>'.encode()


def raw() -> bytes:
    """Make an uncompressed DNG of a Bayer sensor with 16 bits (TIFF 6.0; DNG 1.6): its colour is the developer's."""
    matrix = (8000, -2000, -1000, -4000, 12000, 2000, -1000, 2000, 7000)  # ten thousandths, of nobody's camera
    pixels = struct.pack("<H", 12_000) * SIDE**2
    rows: list[tuple[int, int, bytes]] = [
        (254, LONG, _longs(0)), (256, LONG, _longs(SIDE)), (257, LONG, _longs(SIDE)), (258, SHORT, _shorts(16)),
        (259, SHORT, _shorts(1)), (262, SHORT, _shorts(32803)), (271, ASCII, b"dmedia\0"), (272, ASCII, b"dmedia\0"),
        (273, LONG, b""), (274, SHORT, _shorts(1)), (277, SHORT, _shorts(1)), (278, LONG, _longs(SIDE)),
        (279, LONG, _longs(len(pixels))), (33421, SHORT, _shorts(2, 2)), (33422, BYTE, bytes([0, 1, 1, 2])),
        (50706, BYTE, bytes([1, 4, 0, 0])), (50708, ASCII, b"dmedia\0"), (50717, LONG, _longs(65535)),
        (50721, SRATIONAL, b"".join(struct.pack("<ii", value, 10_000) for value in matrix)),
        (50728, RATIONAL, _longs(1, 2, 1, 1, 1, 2)), (50778, SHORT, _shorts(21)),
    ]  # fmt: skip
    values_at = 8 + 2 + 12 * len(rows) + 4
    pixels_at = values_at + sum(len(value) + len(value) % 2 for _, _, value in rows if len(value) > 4)
    table, values = struct.pack("<H", len(rows)), b""
    for tag, kind, value in rows:
        value = value or _longs(pixels_at)  # noqa: PLW2901  # where the pixels are, is known now
        if len(value) > 4:
            field = _longs(values_at + len(values))
            values += value + bytes(len(value) % 2)
        else:
            field = value.ljust(4, b"\0")
        table += struct.pack("<HHI", tag, kind, len(value) // KIND_BYTES[kind]) + field
    return b"II*\0" + _longs(8) + table + bytes(4) + values + pixels


def film() -> bytes:
    """Make an MP4 of a few frames, in MPEG-4 part 2: every FFmpeg encodes that by itself."""
    import av
    from PIL import Image

    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=FILM_RATE)
        stream.width, stream.height, stream.pix_fmt = SIDE, SIDE, "yuv420p"
        picture = Image.new("RGB", (SIDE, SIDE), COLOUR)
        for _ in range(FILM_RATE):
            container.mux(stream.encode(av.VideoFrame.from_image(picture)))  # type: ignore[no-untyped-call]  # no types in PyAV's stub
        container.mux(stream.encode())
    return buffer.getvalue()


BYTE, ASCII, SHORT, LONG, RATIONAL, SRATIONAL = 1, 2, 3, 4, 5, 10
KIND_BYTES = {BYTE: 1, ASCII: 1, SHORT: 2, LONG: 4, RATIONAL: 8, SRATIONAL: 8}
"""Types of TIFF 6.0, section 2."""


def _longs(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}I", *values)


def _shorts(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}H", *values)


SPECIMENS: dict[str, Callable[[], bytes]] = {
    "heif": heic,
    "raw": raw,
    "bmp": lambda: by_pillow("BMP"),
    "ico": lambda: by_pillow("ICO", sizes=[(SIDE, SIDE)]),
    "psd": psd,
    "tga": lambda: by_pillow("TGA"),
    "jp2": lambda: by_pillow("JPEG2000"),
    "fli": fli,
    "svg": svg,
    "film": film,
}
"""By format. Those that dmedia writes are written by its own encoders: see ``trials``."""
