"""Copyright, artist and description arrive in every format that can hold them, wherever they stood; places do not."""

from __future__ import annotations

import io
import os
import struct
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image, PngImagePlugin

from dmedia.media import exif
from tests.media.negatives import dng
from tests.media_making import corners, encoded, photo

if TYPE_CHECKING:
    from dmedia.model import FileResult
    from tests.media.conftest import Processing

TEXTS = {
    exif.ARTIST: "Jürgen Groß",
    exif.COPYRIGHT: "© 2026 Анна Шмидт",
    exif.DESCRIPTION: "張 の写真, Ζωή",
}
FORMATS = ("jpg", "png", "webp", "tiff", "avif")
PLACE = {1: "N", 2: (48.0, 51.0, 29.5), 3: "E", 4: (2.0, 17.0, 40.2)}
XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description>
<dc:creator><rdf:Seq><rdf:li>Jürgen Groß</rdf:li><rdf:li>Ana &amp; Bea</rdf:li></rdf:Seq></dc:creator>
<dc:rights><rdf:Alt><rdf:li xml:lang="x-default">© 2026 Анна Шмидт</rdf:li><rdf:li>other</rdf:li></rdf:Alt></dc:rights>
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">張 の写真, Ζωή</rdf:li></rdf:Alt></dc:description>
{}</rdf:Description></rdf:RDF></x:xmpmeta>"""


def block(texts: dict[int, str], place: dict[int, Any] | None = None) -> bytes:
    made = Image.Exif()
    for tag, text in texts.items():
        made[tag] = text.encode()
    if place:
        made._ifds[0x8825] = place
    return made.tobytes()


def iptc(encoding: str) -> bytes:
    """Make the application segment of a JPEG in which Photoshop and press agencies put their texts."""
    sets = b"".join(
        b"\x1c\x02" + bytes([number]) + struct.pack(">H", len(text.encode(encoding))) + text.encode(encoding)
        for number, text in ((80, "Jürgen Groß"), (116, "© 2026 Zoë"), (120, "Ein Übungsbild"))
    )
    body = b"Photoshop 3.0\08BIM\x03\xed\0\0" + struct.pack(">I", 16) + b"\x1c\x02\x50\0\1X" + bytes(10)
    body += b"8BIM\x04\x04\0\0" + struct.pack(">I", len(sets)) + sets + bytes(len(sets) % 2)
    return b"\xff\xed" + struct.pack(">H", len(body) + 2) + body


def told(result: FileResult) -> dict[int, str]:
    """Read the three texts as another program does: Pillow takes EXIF text for Latin-1."""
    assert result.failure is None, result.failure
    with Image.open(os.fsdecode(result.outputs[0].path)) as image:
        found = dict(image.getexif())
        assert not image.getexif().get_ifd(0x8825)
    return {
        tag: value.encode("latin-1").decode().rstrip("\0")
        for tag, value in found.items()
        if tag in {exif.ARTIST, exif.COPYRIGHT, exif.DESCRIPTION}
    }


def png(**text: Any) -> bytes:
    info = PngImagePlugin.PngInfo()
    info.add_text("Author", "Jürgen Groß")
    info.add_itxt("Copyright", "© 2026 Анна Шмидт")
    info.add_itxt("Description", "張 の写真, Ζωή", zip=True)
    info.add_text("Software", "Secret")
    return encoded(corners(), "PNG", pnginfo=info, **text)


@pytest.mark.parametrize("image_format", FORMATS)
def test_every_letter_of_exif_arrives_in_every_format(processed: Processing, image_format: str) -> None:
    source = encoded(corners(), "JPEG", exif=block(TEXTS, PLACE))
    result = processed(source, "convert", out=f"o.{image_format}", format=image_format)
    assert told(result) == TEXTS
    assert result.gps_removed


@pytest.mark.parametrize("image_format", FORMATS)
def test_every_letter_of_png_text_arrives_in_every_format(processed: Processing, image_format: str) -> None:
    result = processed(png(), "convert", name="a.png", out=f"o.{image_format}", format=image_format)
    assert told(result) == TEXTS
    assert not result.gps_removed


def test_png_text_is_kept_where_all_is(processed: Processing) -> None:
    assert told(processed(png(), "convert", name="a.png", format="jpg", metadata="keep")) == TEXTS


def test_what_only_xmp_or_iptc_tells_arrives_as_exif(processed: Processing) -> None:
    source = encoded(corners(), "JPEG", xmp=XMP.format("").encode())
    assert told(processed(source, "resize", width=20)) == TEXTS | {exif.ARTIST: "Jürgen Groß; Ana & Bea"}
    for encoding in ("utf-8", "latin-1"):
        data = encoded(corners(), "JPEG")
        result = processed(data[:2] + iptc(encoding) + data[2:], "convert", out="o.webp", format="webp")
        assert told(result) == {
            exif.ARTIST: "Jürgen Groß", exif.COPYRIGHT: "© 2026 Zoë", exif.DESCRIPTION: "Ein Übungsbild"
        }  # fmt: skip


def test_exif_counts_before_the_others_but_blanks_do_not(processed: Processing) -> None:
    made = block({exif.ARTIST: "   ", exif.COPYRIGHT: "Ana"})
    result = processed(encoded(corners(), "JPEG", xmp=XMP.format("").encode(), exif=made), "resize", width=20)
    assert told(result) == TEXTS | {exif.ARTIST: "Jürgen Groß; Ana & Bea", exif.COPYRIGHT: "Ana"}


@pytest.mark.parametrize("name", ["a.psd", "odd.tif"])
def test_sources_that_pillow_decodes_tell_whose_they_are_too(processed: Processing, name: str) -> None:
    if name == "a.psd":
        resources = b""
        for number, body in ((1058, block({exif.ARTIST: "Jürgen Groß"}, PLACE)[6:]), (1060, XMP.format("").encode())):
            resources += b"8BIM" + struct.pack(">HHI", number, 0, len(body)) + body + bytes(len(body) % 2)
        head = b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 4, 4, 8, 3) + bytes(4)
        source = head + struct.pack(">I", len(resources)) + resources + bytes(4) + bytes(2) + bytes(3 * 16)
    else:
        texts = {tag: text.encode() for tag, text in TEXTS.items()}
        source = encoded(corners().convert("LAB"), "TIFF", tiffinfo=texts)
    result = processed(source, "convert", name=name, format="jpg")
    assert result.decoder == "pillow"
    assert told(result) == TEXTS
    assert result.gps_removed == (name == "a.psd")


@pytest.mark.parametrize("name", ["a.dng", "a.heic", "a.tif"])
def test_other_sources_tell_whose_they_are_too(processed: Processing, name: str) -> None:
    texts = {exif.ARTIST: "Jürgen Groß"}
    if name == "a.dng":
        pytest.importorskip("rawpy")
        source = dng(artist=texts[exif.ARTIST])
    elif name == "a.heic":
        pillow_heif, buffer = pytest.importorskip("pillow_heif"), io.BytesIO()
        pillow_heif.from_pillow(corners()).save(buffer, exif=block(texts, PLACE))
        source = buffer.getvalue()
    else:
        source = encoded(corners(), "TIFF", tiffinfo={exif.ARTIST: texts[exif.ARTIST].encode()})
    result = processed(source, "convert", name=name, format="jpg")
    assert told(result) == texts
    assert result.gps_removed == (name == "a.heic")


def test_a_text_of_megabytes_is_cut_off_between_two_letters(processed: Processing) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_itxt("Description", "ж" * 10_000)
    source = encoded(corners(), "PNG", pnginfo=info)
    found = told(processed(source, "convert", name="a.png", format="jpg"))
    assert found == {exif.DESCRIPTION: "ж" * 4095}


def test_a_position_counts_as_removed_only_where_it_was_and_is_not_kept(processed: Processing) -> None:
    placed = encoded(corners(), "JPEG", exif=block({}, PLACE))
    in_xmp = encoded(corners(), "JPEG", xmp=XMP.format("<exif:GPSLatitude>48,51.5N</exif:GPSLatitude>").encode())
    version_alone = encoded(corners(), "JPEG", exif=block({}, {0: b"\2\3\0\0"}))
    assert processed(placed, "resize", width=20, metadata="strip").gps_removed
    assert processed(in_xmp, "resize", width=20).gps_removed
    assert not processed(placed, "resize", width=20, metadata="keep").gps_removed
    assert not processed(version_alone, "resize", width=20).gps_removed
    assert not processed(placed[:-30], "resize", width=20).gps_removed  # it failed


def test_an_original_is_not_kept_where_only_xmp_tells_whose_it_is(processed: Processing) -> None:
    tight = encoded(photo((256, 256)), "JPEG", quality=5, xmp=XMP.format("").encode())
    result = processed(tight, "compress", quality=90)
    assert told(result)[exif.COPYRIGHT] == TEXTS[exif.COPYRIGHT]
    named = encoded(photo((256, 256)), "JPEG", quality=5, exif=block(TEXTS, PLACE))
    kept = processed(named, "compress", quality=90)
    assert kept.warnings == ("original kept: it is smaller",)
    assert (told(kept), kept.gps_removed) == (TEXTS, True)


@pytest.mark.parametrize("packet", [b"<dc:creator>" * 20_000, b"<dc:rights><rdf:li>" + b"\xff" * 9000, b"\0" * 99])
def test_a_damaged_packet_tells_nothing_and_takes_no_time(processed: Processing, packet: bytes) -> None:
    source = encoded(corners(), "WEBP", xmp=packet)
    assert told(processed(source, "resize", name="a.webp", out="o.webp", width=20)) == {}
