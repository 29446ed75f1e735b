"""What the first bytes of a file say, and its extension."""

from __future__ import annotations

import csv
import io
import os
import struct

import pytest
from PIL import Image

from dmedia.formats import HEAD_BYTES, extension, kind_by_extension, rendition_format, sniff
from tests.corpus import CORPUS, needs_corpus

TEXT, LONG, SHORT = 2, 4, 3


def picture(format_name: str, mode: str = "RGB", **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, (8, 8)).save(buffer, format_name, **options)
    return buffer.getvalue()


def tiff(*tags: int, maker: bytes = b"", order: str = "<") -> bytes:
    """Write a TIFF directory of these tags, with a maker where one is given."""
    entries = [(tag, LONG, 1, 0) for tag in tags]
    after = 8 + 2 + 12 * (len(entries) + bool(maker))
    if maker:
        entries.append((0x010F, TEXT, len(maker), after))
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "IH", 8, len(entries))
    return head + b"".join(struct.pack(order + "HHII", *entry) for entry in sorted(entries)) + maker


def bmp(*, alpha_mask: int) -> bytes:
    """Write a BMP of 32 bits a pixel with the header that has an alpha mask."""
    header = struct.pack("<IiiHHIIiiII4I", 56, 1, 1, 1, 32, 3, 4, 0, 0, 0, 0, 0xFF0000, 0xFF00, 0xFF, alpha_mask)
    return b"BM" + struct.pack("<IHHI", 14 + len(header) + 4, 0, 0, 14 + len(header)) + header + bytes(4)


def iso(major: bytes, *compatible: bytes, rest: bytes = b"") -> bytes:
    box = b"ftyp" + major + bytes(4) + b"".join(compatible)
    return struct.pack(">I", len(box) + 4) + box + rest


TRANSPORT = (b"G" + bytes(187)) * 4
TIMED_TRANSPORT = (bytes(4) + b"G" + bytes(187)) * 4
ALPHA = b"urn:mpeg:hevc:2015:auxid:1"


@pytest.mark.parametrize(
    ("format_name", "mode", "expected", "alpha"),
    [
        ("JPEG", "RGB", "jpg", False),
        ("PNG", "RGBA", "png", False),
        ("WEBP", "RGB", "webp", False),
        ("GIF", "P", "gif", False),
        ("TIFF", "RGB", "tiff", False),
        ("BMP", "RGB", "bmp", False),
        ("BMP", "RGBA", "bmp", False),  # Pillow writes four channels without saying that one is alpha
        ("ICO", "RGBA", "ico", True),
        ("JPEG2000", "RGB", "jp2", False),
        ("JPEG2000", "RGBA", "jp2", True),
        ("AVIF", "RGB", "avif", False),
    ],
)
def test_pictures_that_pillow_writes_are_known(format_name: str, mode: str, expected: str, alpha: bool) -> None:
    if format_name.upper() not in {*Image.registered_extensions().values()}:
        pytest.skip(f"this Pillow writes no {format_name}")
    found = sniff(picture(format_name, mode)[:HEAD_BYTES], b"wrong.mp4")
    assert (found.kind, found.format, found.alpha) == ("image", expected, alpha)


def test_a_tga_is_known_by_its_name_because_it_has_no_mark() -> None:
    opaque, alpha = picture("TGA"), picture("TGA", "RGBA")
    assert sniff(opaque, b"a.TGA").format == "tga"
    assert not sniff(opaque, b"a.tga").alpha
    assert sniff(alpha, b"a.tga").alpha
    assert sniff(opaque, b"a.jpg").kind == "unknown"


@pytest.mark.parametrize(
    ("head", "name", "expected"),
    [
        (b"FUJIFILMCCD-RAW 0201", b"a.raf", "raw"),
        (b"IIRO\x08\0\0\0", b"a.orf", "raw"),
        (b"IIU\0\x18\0\0\0", b"a.rw2", "raw"),
        (b"FOVb\0\0", b"a.x3f", "raw"),
        (b"\0MRM\0\0", b"a.mrw", "raw"),
        (b"II\x1a\0\0\0HEAPCCDR", b"a.crw", "raw"),
        (b"II*\0\x10\0\0\0CR\x02\0", b"a.cr2", "raw"),
        (iso(b"crx ", b"crx ", b"isom"), b"a.cr3", "raw"),
        (tiff(0xC612), b"a", "raw"),
        (tiff(0xC612, order=">"), b"a.tif", "raw"),
        (tiff(0x0100), b"a.NEF", "raw"),
        (tiff(0x00FE, 0x014A, maker=b"NIKON CORPORATION\0"), b"a", "raw"),
        (tiff(0x00FE, maker=b"NIKON CORPORATION\0"), b"a.tif", "tiff"),
        (tiff(0x00FE, 0x014A, maker=b"Scanner Works\0"), b"a.tif", "tiff"),
        (tiff(0x0100), b"a.tif", "tiff"),
        (b"MM\0+\0\x08\0\0", b"a", "tiff"),
        (b"II*\0\xff\xff\xff\xff", b"a.tif", "tiff"),
        (b"II*\0", b"a.tif", "tiff"),
        (iso(b"avif", b"mif1", b"miaf"), b"a", "avif"),
        (iso(b"mif1", b"avif"), b"a.heic", "avif"),
        (iso(b"avis", b"avif"), b"a", "avif sequence"),
        (iso(b"heic", b"mif1"), b"a.jpg", "heif"),
        (iso(b"msf1", b"hevc"), b"a", "heif"),
        (b"8BPS\0\1" + bytes(6) + b"\0\4" + bytes(10) + b"\0\3", b"a", "psd"),
        (b"\xff\x0a\0\0", b"a", "jxl"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", b"a", "jxl"),
        (b"\xff\x4f\xff\x51\0\0", b"a", "jp2"),
        (b"\x76\x2f\x31\x01\x02", b"a", "exr"),
        (b"#?RADIANCE\nFORMAT", b"a", "hdr"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"a", "svg"),
        (b"\xef\xbb\xbf\n<?xml version='1.0'?>\n<!-- x --><svg/>", b"a", "svg"),
        (b"<!--" + b" " * 5000 + b"-->\n<!DOCTYPE svg [<!ENTITY a '>'>]>\n<s:svg xmlns:s='a'>", b"a", "svg"),
        (struct.pack(">2sHIH", b"MM", 42, 8, 61_457) + bytes(90), b"a.tif", "tiff"),
    ],
)
def test_pictures_are_known_by_their_first_bytes(head: bytes, name: bytes, expected: str) -> None:
    found = sniff(head, name)
    assert (found.kind, found.format) == ("image", expected)


@pytest.mark.parametrize(
    "head",
    [
        iso(b"isom", b"mp41"),
        iso(b"qt  "),
        b"\0\0\0\x08wide\0\0\0\0mdat",
        b"\x1aE\xdf\xa3\x93B\x82\x88matroska",
        b"RIFF\0\0\0\0AVI LIST",
        b"\0\0\x01\xba!\0",
        b"\0\0\x01\xb3\0",
        b"OggS\0\x02",
        b"FLV\x01\x05",
        b"0&\xb2u\x8ef\xcf\x11\xa6\xd9",
        b"\x06\x0e+4\x02\x05\x01\x01\x0d",
        TRANSPORT,
        TIMED_TRANSPORT,
    ],
)
def test_films_are_known_by_their_first_bytes(head: bytes) -> None:
    assert sniff(head, b"a.jpg").kind == "film"


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"", ""),
        (b"\xff", ""),
        (b"BM", ""),
        (b"hello, world", ""),
        (b"GGGG" * 200, None),
        (b"<?xml version='1.0'?><html/>", ""),
        (b"%PDF-1.7", "PDF"),
        (b"DDS |", "DDS"),
        (b"PK\3\4", "a ZIP archive"),
        (b"#EXTM3U\nhttp://example.org/a.ts", "a playlist"),
        (b"<html>", "an HTML page"),
        (b"RIFF\0\0\0\0WAVE", "RIFF"),
    ],
)
def test_other_files_are_unknown_and_named_where_that_helps(head: bytes, name: str | None) -> None:
    found = sniff(head, b"a.jpg")
    if name is None:
        assert found.kind == "film"  # letters G at the right distance are a transport stream to anybody
        return
    assert (found.kind, found.format) == ("unknown", name)


def test_the_head_of_a_picture_may_end_anywhere() -> None:
    heads = [
        bmp(alpha_mask=0xFF000000),
        picture("JPEG2000", "RGBA"),
        picture("TIFF"),
        iso(b"heic", b"mif1", rest=ALPHA),
    ]
    heads += [tiff(0x00FE, 0x014A, maker=b"NIKON\0"), b"8BPS\0\1" + bytes(20), picture("TGA")]
    for head in heads:
        for length in range(min(len(head), 200)):
            sniff(head[:length], b"a.tga")


@pytest.mark.parametrize(
    ("head", "name", "expected"),
    [
        (picture("PNG"), b"a.jpg", "png"),
        (picture("TIFF"), b"a", "tiff"),
        (picture("BMP"), b"a", "jpg"),
        (bmp(alpha_mask=0xFF000000), b"a", "png"),
        (bmp(alpha_mask=0), b"a", "jpg"),
        (iso(b"heic", b"mif1"), b"a", "jpg"),
        (iso(b"heic", b"mif1", rest=ALPHA), b"a", "png"),
        (b"8BPS\0\1" + bytes(6) + b"\0\4" + bytes(10) + b"\0\3", b"a", "png"),
        (b"8BPS\0\1" + bytes(6) + b"\0\3" + bytes(10) + b"\0\3", b"a", "jpg"),
        (b"<svg/>", b"a", "png"),
        (tiff(0xC612), b"a.dng", "jpg"),
        (iso(b"isom"), b"a", "jpg"),
    ],
)
def test_without_a_format_the_source_decides(head: bytes, name: bytes, expected: str) -> None:
    assert rendition_format(sniff(head, name)) == expected


@pytest.mark.parametrize(
    ("name", "expected", "kind"),
    [
        (b"a.jpg", "jpg", "image"),
        (b"d.png/a.JPEG", "jpeg", "image"),
        (b"a.tar.Mp4", "mp4", "film"),
        (b".jpg", "", "unknown"),
        (b"...dots.jpg", "jpg", "image"),
        (b"a", "", "unknown"),
        (b"a.", "", "unknown"),
        (b"d.png/a", "", "unknown"),
        (b"a.jpg ", "jpg ", "unknown"),
        (b"a.\xff", "\N{REPLACEMENT CHARACTER}", "unknown"),
        (b"\xff.CR3", "cr3", "image"),
    ],
)
def test_the_extension_is_what_follows_the_last_dot(name: bytes, expected: str, kind: str) -> None:
    assert extension(name) == expected
    assert kind_by_extension(name) == kind


@needs_corpus
def test_good_files_of_the_corpus_are_of_the_kind_the_manifest_says() -> None:
    with (CORPUS / "MANIFEST.tsv").open(newline="") as table:
        lines = (line for line in table if not line.startswith("#"))
        rows = [r for r in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE) if r["expected"] == "ok"]
    assert len(rows) > 100
    wrong = []
    for row in rows:
        path = CORPUS / row["path"]
        if not path.exists():
            continue  # packed in odd_names.tar
        with path.open("rb") as file:
            found = sniff(file.read(HEAD_BYTES), os.fsencode(path.name))
        if found.kind != ("film" if row["path"].startswith("video/") else "image"):
            wrong.append((row["path"], found))
    assert not wrong


def test_four_bytes_of_a_tiff_or_a_drawing_within_a_page_are_not_enough() -> None:
    assert sniff(struct.pack(">2sHIH", b"MM", 42, 8, 61_457) + bytes(90), b"a").format == ""
    assert sniff(b"<!DOCTYPE html><html><body><svg/></body></html>").kind == "unknown"
    assert sniff(b"<!-- a page --><html><svg/></html>").kind == "unknown"
    assert sniff(b"<!--" * 16_000).kind == "unknown"
