"""Media formats by their first bytes.

A header proves nothing about the rest of a file, but it decides which decoder gets it.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dmedia.formats import tiff
from dmedia.formats.extensions import RENDITION_EXTENSION, extension

if TYPE_CHECKING:
    from dmedia.formats.extensions import Kind
    from dmedia.operations.parameters import ImageFormat

HEAD_BYTES = 65_536
"""How much of a file ``sniff`` wants to see: the metadata box of a HEIC with its auxiliary images fits."""

IMAGE_MAGIC = tuple(
    (name, re.compile(pattern, re.DOTALL))
    for name, pattern in (
        ("jpg", rb"\xff\xd8\xff"),
        ("png", rb"\x89PNG\r\n\x1a\n"),
        ("gif", rb"GIF8[79]a"),
        ("webp", rb"RIFF....WEBP"),
        ("bmp", rb"BM.{8}.{4}[\x0c\x10-\x7c]\0\0\0"),
        ("ico", rb"\0\0[\1\2]\0[^\0]\0"),
        ("psd", rb"8BPS\0[\1\2]"),
        ("jp2", rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51"),
        ("jxl", rb"\xff\x0a|\0\0\0\x0cJXL \r\n\x87\n"),
        ("exr", rb"\x76\x2f\x31\x01"),
        ("hdr", rb"#\?(RADIANCE|RGBE)\n"),
        ("fli", rb".{4}[\x11\x12]\xaf.{8}[\0\3]\0"),
    )
)
"""What a picture file begins with, by format; RAW, TIFF, ISO media, TGA and SVG take more than a pattern."""

RAW_MAGIC = (
    (0, b"FUJIFILMCCD-RAW"),
    (0, b"IIRO"), (0, b"IIRS"), (0, b"MMOR"),
    (0, b"IIU\x00"),
    (0, b"FOVb"),
    (0, b"\x00MRM"),
    (6, b"HEAPCCDR"),
    (8, b"CR\x02"),
    (4, b"ftypcrx "),
)  # fmt: skip
"""Offsets and bytes: Fujifilm, Olympus, Panasonic, Sigma, Minolta, Canon CRW, CR2 and CR3.

From LibRaw's identify.cpp.
"""

FILM_MAGIC = (
    (4, b"ftyp"), (4, b"moov"), (4, b"mdat"), (4, b"wide"), (4, b"free"), (4, b"skip"), (4, b"pnot"),
    (0, b"\x1aE\xdf\xa3"),
    (8, b"AVI "),
    (0, b"\x00\x00\x01\xba"), (0, b"\x00\x00\x01\xb3"),
    (0, b"OggS"),
    (0, b"FLV\x01"),
    (0, b"0&\xb2u\x8ef\xcf\x11"),
    (0, b"\x06\x0e+4\x02\x05\x01\x01"),
)  # fmt: skip
"""Offsets and bytes: ISO media, QuickTime, Matroska, AVI, MPEG program and video, Ogg, FLV, ASF, MXF."""

HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
ALPHA_AUXILIARY = (b"urn:mpeg:hevc:2015:auxid:1", b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha")
"""Types of an auxiliary image that is an alpha plane: ISO/IEC 23008-12, 6.5.8 and 23091-2."""

SVG_START = re.compile(
    rb"(?>\xef\xbb\xbf)?(?>\s|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^\[>]*+(?:\[.*?\]\s*+)?>)*+<(?:[\w.-]+:)?svg[\s/>]",
    re.DOTALL,
)
"""What may stand before the root element of an XML document (XML 1.0, 2.8), and an SVG's root element: a page of HTML
can hold a drawing, too."""

BMP_V3_HEADER = b"\x38"
"""Length of the smallest BMP header with an alpha mask: BITMAPV3INFOHEADER."""

TRANSPORT_SYNC_BYTE = 0x47


@dataclass(frozen=True, slots=True)
class Sniffed:
    """What a file's first bytes say.

    Attributes
    ----------
    kind : Kind
        ``image``, ``film`` or ``unknown``.
    format : str
        ``jpg``, ``heif``, ``raw``, ``film``, ...; for what no decoder reads, its name where it is known, else
        empty.
    alpha : bool
        Whether a picture of a format that dmedia does not write is known to have alpha.
    """

    kind: Kind
    format: str
    alpha: bool = False


def sniff(head: bytes, name: bytes = b"") -> Sniffed:
    """Tell a file's format from its first bytes.

    Parameters
    ----------
    head : bytes
        The first ``HEAD_BYTES`` of the file, or all of a shorter one.
    name : bytes
        The file's name: decides only between formats that share their first bytes or have none.

    Returns
    -------
    Sniffed
        Kind and format; kind ``unknown`` when nothing matches.
    """
    image = _image_format(head, extension(name))
    if image:
        return Sniffed("image", image, _has_alpha(image, head))
    if _starts_as_film(head) or _is_transport_stream(head):
        return Sniffed("film", "film")
    return Sniffed("unknown", _foreign_format(head))


def rendition_format(sniffed: Sniffed) -> ImageFormat:
    """Choose a rendition's format where nobody asked for one.

    Parameters
    ----------
    sniffed : Sniffed
        The source.

    Returns
    -------
    ImageFormat
        The source's format where dmedia writes it; otherwise png with alpha, jpg without.
    """
    if sniffed.format in RENDITION_EXTENSION:
        return sniffed.format  # type: ignore[return-value]  # the keys are the literal's values
    return "png" if sniffed.alpha else "jpg"


def _image_format(head: bytes, suffix: str) -> str:
    for offset, magic in RAW_MAGIC:
        if head[offset : offset + len(magic)] == magic:
            return "raw"
    if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return tiff.tell(head, suffix)
    if head[4:8] == b"ftyp":
        return _iso_image_format(head)
    for name, pattern in IMAGE_MAGIC:
        if pattern.match(head):
            return name
    if suffix == "tga" and head[1:2] in (b"\0", b"\1") and head[2:3] in b"\1\2\3\11\12\13":
        return "tga"
    return "svg" if SVG_START.match(head) else ""


def _iso_image_format(head: bytes) -> str:
    length = min(struct.unpack(">I", head[:4])[0], len(head))
    brands = {head[start : start + 4] for start in (8, *range(16, length, 4))}
    if head[8:12] == b"avis":
        return "avif sequence"
    if b"avif" in brands:
        return "avif"
    return "heif" if head[8:12] in HEIF_BRANDS else ""


def _has_alpha(image: str, head: bytes) -> bool:
    match image:
        case "heif":
            return any(name in head for name in ALPHA_AUXILIARY)
        case "psd":
            return head[12:14] == b"\0\4" and head[24:26] == b"\0\3"  # four channels of RGB
        case "tga":
            return any(descriptor & 0x0F for descriptor in head[17:18])
        case "bmp":
            alpha_mask = head[66:70] if head[14:15] >= BMP_V3_HEADER else b""
            return head[28:30] == b"\x20\0" and alpha_mask not in {b"", b"\0\0\0\0"}
        case "jp2":
            ihdr = head.find(b"ihdr")
            return ihdr > 0 and head[ihdr + 12 : ihdr + 14] in {b"\0\2", b"\0\4"} and b"cdef" in head[:512]
    return image in {"ico", "svg"}


def _starts_as_film(head: bytes) -> bool:
    return any(head[offset : offset + len(magic)] == magic for offset, magic in FILM_MAGIC)


def _is_transport_stream(head: bytes) -> bool:
    """Look for packets of 188 bytes (192 with a time code in front) as ISO/IEC 13818-1 has them."""
    return any(
        len(head) > first + 2 * step and all(head[first + i * step] == TRANSPORT_SYNC_BYTE for i in range(3))
        for first, step in ((0, 188), (4, 192))
    )


def _foreign_format(head: bytes) -> str:
    names = (
        (b"%PDF", "PDF"), (b"%!PS", "PostScript"), (b"DDS ", "DDS"), (b"\0asm", "WebAssembly"),
        (b"PK\3\4", "a ZIP archive"), (b"ID3", "MP3 audio"), (b"fLaC", "FLAC audio"), (b"RIFF", "RIFF"),
        (b"GIMP Palette", "a GIMP palette"), (b"<!DOCTYPE html", "an HTML page"), (b"<html", "an HTML page"),
        (b"#EXTM3U", "a playlist"), (b"ffconcat", "a playlist"),
    )  # fmt: skip
    return next((name for magic, name in names if head.startswith(magic)), "")
