"""Metadata that lies: it changes no path, takes no memory and costs no picture."""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from tests.command import Dmedia, below
from tests.hostile.bombs import chunk, zlib_zeros
from tests.media.films import make_film, replace_once, scene
from tests.media_making import corners, encoded, jpeg

if TYPE_CHECKING:
    from pathlib import Path

CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


def with_segment(marker: int, body: bytes) -> bytes:
    """Put a segment of a JPEG in front of all others."""
    data = encoded(corners(), "JPEG")
    return data[:2] + struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body + data[2:]


def exif(entries: list[tuple[int, int, int, int]], after: int = 0, tail: bytes = b"") -> bytes:
    """Make an EXIF segment of raw directory entries: tag, type, count, value."""
    block = b"II*\0" + struct.pack("<IH", 8, len(entries))
    block += b"".join(struct.pack("<HHII", *entry) for entry in entries) + struct.pack("<I", after) + tail
    return with_segment(0xE1, b"Exif\0\0" + block)


def png_with(name: bytes, body: bytes) -> bytes:
    """Put a chunk of a PNG behind its header."""
    data = encoded(corners(), "PNG")
    return data[:33] + chunk(name, body) + data[33:]


def icc(size: int, body: bytes) -> bytes:
    """Make a JPEG with a profile that says how long it is."""
    profile = struct.pack(">I", size) + body
    return with_segment(0xE2, b"ICC_PROFILE\0\1\1" + profile)


PROFILE_HEAD = b"\0\0\0\0\x04\x30\0\0mntrRGB XYZ " + bytes(12) + b"acsp" + bytes(88)
TAGS = struct.pack(">I", 0xFFFFFFFF) + b"rXYZ" + struct.pack(">II", 0xFFFFFFF0, 0xFFFFFFFF)
XMP = b"http://ns.adobe.com/xap/1.0/\0"
LAUGHS = b"<!DOCTYPE x [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;'><!ENTITY c '&b;&b;&b;&b;'>]><x>&c;</x>"

LYING: dict[str, bytes] = {
    "directory-loop.jpg": exif([(0x8769, 4, 1, 8)], after=8),
    "gps-loop.jpg": exif([(0x8825, 4, 1, 8), (0x8769, 4, 1, 8), (0xA005, 4, 1, 8)]),
    "count-huge.jpg": exif([(0x010F, 2, 0xFFFFFFFF, 8), (0x927C, 7, 0x7FFFFFFF, 0xFFFFFFF0)]),
    "entries-huge.jpg": with_segment(0xE1, b"Exif\0\0II*\0" + struct.pack("<IH", 8, 0xFFFF) + bytes(40)),
    "offset-out.jpg": with_segment(0xE1, b"Exif\0\0II*\0" + struct.pack("<I", 0xFFFFFFF0)),
    "orientation-99.jpg": exif([(0x0112, 3, 1, 99)]),
    "orientation-text.jpg": exif([(0x0112, 2, 1, 6)]),
    "type-unknown.jpg": exif([(0x0112, 250, 1, 6), (0x0000, 0, 0, 0)]),
    "size-other.jpg": exif([(0x0100, 4, 1, 60_000), (0x0101, 4, 1, 60_000), (0xA002, 4, 1, 1)]),
    "thumbnail-out.jpg": exif([(0x0112, 3, 1, 1)], after=8 + 2 + 12 + 4, tail=struct.pack(
        "<HHHIIHHIII", 2, 0x0201, 4, 1, 0xFFFF0000, 0x0202, 4, 1, 0xFFFF, 0)),
    "name-inside.jpg": exif([(0x010D, 2, 30, 26)], tail=b"../../../tmp/evil.jpg\0\x1b[2J\0\0\0\0\0"),
    "resolution-zero.jpg": exif([(0x011A, 5, 1, 26), (0x011B, 5, 1, 26)], tail=struct.pack("<II", 1, 0)),
    "xmp-laughs.jpg": with_segment(0xE1, XMP + LAUGHS),
    "xmp-entity.jpg": with_segment(0xE1, XMP + b"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><x>&e;</x>"),
    "xmp-noise.jpg": with_segment(0xE1, XMP + bytes(range(256)) * 200),
    "icc-short.jpg": icc(3_000_000_000, b"short"),
    "icc-tags.jpg": icc(160, PROFILE_HEAD + TAGS),
    "icc-noise.jpg": icc(60_000, bytes(range(256)) * 200),
    "icc-parts.jpg": with_segment(0xE2, b"ICC_PROFILE\0\xff\xff" + bytes(100)),
    "photoshop.jpg": with_segment(0xED, b"Photoshop 3.0\0" + b"8BIM\x04\x04\xff" + b"\xff" * 200),
    "comment.jpg": with_segment(0xFE, b"\x1b]0;title\x07" * 500),
    "density.jpg": with_segment(0xE0, b"JFIF\0\1\2\1\0\0\0\0\xff\xff"),
    "adobe.jpg": with_segment(0xE0, b"JFXX\0\x13\xff\xff" + bytes(50)),
    "exif.png": png_with(b"eXIf", b"MM\0*\xff\xff\xff\xf0"),
    "exif-loop.png": png_with(b"eXIf", b"II*\0" + struct.pack("<IHHHIII", 8, 1, 0x8769, 4, 1, 8, 8)),
    "text.png": png_with(b"tEXt", b"Raw profile type exif\0\nexif\n 99999999\n4949"),
    "itxt.png": png_with(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib_zeros(2**26)),
    "density.png": png_with(b"pHYs", struct.pack(">IIB", 0xFFFFFFFF, 0, 1)),
    "icc.png": png_with(b"iCCP", b"x\0\0" + zlib_zeros(2**26)),
    "chroma.png": png_with(b"cHRM", bytes(32)),
    "gamma.png": png_with(b"gAMA", bytes(4)),
}  # fmt: skip
"""Good pictures whose metadata is not."""


@pytest.mark.parametrize("metadata", ["strip", "copyright", "keep"])
def test_lying_metadata_costs_no_picture(dmedia: Dmedia, tmp_path: Path, metadata: str) -> None:
    (tmp_path / "in").mkdir()
    for name, data in LYING.items():
        (tmp_path / "in" / name).write_bytes(data)
    before = set(below(tmp_path))
    limits = ("--slot-memory", "400M", "--timeout", "60")
    for command in (("convert", "--format", "webp"), ("compress", "--quality", "60"), ("resize", "--width", "32")):
        out = f"out-{command[0]}"
        options = ("--metadata", metadata, "--icc", "keep", "--name", "{name}.{ext}", *limits)
        ran = dmedia(command[0], "in", "-o", out, *command[1:], *options, "--json")
        failed = {name: file["error"] for name, file in dmedia.files().items() if file["status"] == "failed"}
        assert (ran.status, failed) == (0, {})
        assert len(below(tmp_path / out)) == len(LYING)
        for name in below(tmp_path / out):
            with Image.open(tmp_path / out / name) as image:
                image.load()
                assert image.size in {(64, 48), (32, 24)}
    written = {name for name in below(tmp_path) if not name.startswith(("home/", "out-"))}
    assert written == before
    said = dmedia("status", "last", "--files")
    assert not CONTROL.search(said.out)


def test_a_films_title_and_duration_are_not_believed(dmedia: Dmedia, tmp_path: Path) -> None:
    place = tmp_path / "in"
    place.mkdir()
    names = ("long.mp4", "endless.mp4", "title.mp4")
    for name in names:
        make_film(place / name, [scene() for _ in range(10)])
    for name, duration in (("long.mp4", 0x7FFFFFFF), ("endless.mp4", 0xFFFFFFFF)):
        stretch(place / name, duration)
    replace_once(bytes(place / "title.mp4"), b"Lavf", b"\x1b[2J")
    ran = dmedia("thumbnail", "in", "-o", "out", "--width", "32", "--timeout", "60", "--json")
    found: dict[str, Any] = {name: file.get("code") or file["status"] for name, file in dmedia.files().items()}
    assert ran.status in {0, 3}
    assert found["title.mp4"] == "completed"
    assert {found["long.mp4"], found["endless.mp4"]} <= {"completed", "incomplete_input", "corrupt_input"}


def stretch(path: Path, duration: int) -> None:
    """Declare another duration in each of a film's headers (ISO/IEC 14496-12, 8.2.2, 8.3.2 and 8.4.2, version 0)."""
    data = bytearray(path.read_bytes())
    for name, offset in ((b"mvhd", 20), (b"tkhd", 24), (b"mdhd", 20)):
        struct.pack_into(">I", data, data.index(name) + offset, duration)
    path.write_bytes(data)


def test_a_picture_that_is_good_is_told_from_one_that_lies(dmedia: Dmedia, tmp_path: Path) -> None:
    data = jpeg()
    (tmp_path / "good.jpg").write_bytes(data)
    (tmp_path / "cut.jpg").write_bytes(data[: len(data) // 2])
    ran = dmedia("convert", "good.jpg", "cut.jpg", "-o", "out", "--format", "png", "--json")
    assert (ran.status, ran.document["errors"], below(tmp_path / "out")) == (3, {"corrupt_input": 1}, ["good.png"])
