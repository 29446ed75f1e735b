"""Pictures with a gain map: their renditions have none, and say so."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from dmedia.media.gain_map import DROPPED, has_gain_map
from dmedia.media.opened import Notes, look_at
from tests.media_making import corners, encoded, exif, photo

if TYPE_CHECKING:
    from pathlib import Path

    from tests.media.conftest import Processing

XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" '
    b'hdrgm:Version="1.0"/></x:xmpmeta>'
)


def ultra_hdr(*, quality: int = 90, size: tuple[int, int] = (256, 192)) -> bytes:
    """Make a picture with what an Ultra HDR JPEG tells, and a second picture behind it."""
    first = encoded(photo(size), "JPEG", quality=quality, xmp=XMP, exif=exif(1))
    return first + encoded(corners().convert("L"), "JPEG")


def test_a_jpegs_gain_map_is_dropped_with_a_warning(processed: Processing) -> None:
    assert processed(ultra_hdr(), "resize", width=20).warnings == (DROPPED,)
    assert processed(encoded(corners(), "JPEG", exif=exif(1)), "resize", width=20).warnings == ()


def test_a_copy_of_every_byte_keeps_it(processed: Processing) -> None:
    tight = ultra_hdr(quality=3)
    assert DROPPED not in processed(tight, "compress", quality=95, metadata="keep").warnings
    assert DROPPED in processed(tight, "compress", quality=95).warnings
    assert DROPPED not in processed(tight, "compress", lossless=True, metadata="keep").warnings
    assert DROPPED in processed(tight, "compress", lossless=True).warnings


def test_a_phones_heic_tells_of_one_wherever_its_metadata_stand(tmp_path: Path) -> None:
    def box(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", 8 + len(body)) + name + body

    mark = b"auxC\0\0\0\0urn:com:apple:photo:2020:aux:hdrgainmap\0"
    for number, (inside, behind, found) in enumerate(((mark, b"", True), (b"", mark, True), (b"", b"", False))):
        pixels = box(b"mdat", bytes(100_000) + (b"" if found else mark))
        content = box(b"ftyp", b"heic\0\0\0\0mif1") + (box(b"meta", inside) if inside else b"") + pixels
        path = tmp_path / f"{number}.heic"
        path.write_bytes(content + box(b"meta", behind))
        with path.open("rb") as file:
            assert has_gain_map(look_at(file.fileno(), bytes(path), Notes())) == found
