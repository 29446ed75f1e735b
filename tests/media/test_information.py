"""What files say about themselves, read without decoding them."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from dmedia.errors import MediaError
from dmedia.media import exif as blocks
from dmedia.media.information import describe
from dmedia.media.statements import legible, moment
from dmedia.model import Limits, MediaInfo
from dmedia.model.info import LONGEST_VALUE
from dmedia.storage import local
from tests.media.films import RATE, Making, make_film, scene, turn
from tests.media_making import corners, encoded, exif, jpeg, matrix_profile, photo

Describing = Callable[..., MediaInfo]


@pytest.fixture
def described(tmp_path: Path) -> Describing:
    """Write bytes into a file and describe it."""

    def run(content: bytes, name: str = "a.jpg", limits: Limits | None = None) -> MediaInfo:
        path = tmp_path / name
        path.write_bytes(content)
        return of(path, limits)

    return run


def of(path: Path, limits: Limits | None = None) -> MediaInfo:
    descriptor = local.open_source(os.fsencode(path))
    try:
        return describe(descriptor, os.fsencode(path), limits or Limits())
    finally:
        os.close(descriptor)


def told(text: bytes, tag: int = blocks.ARTIST) -> bytes:
    """Make a JPEG that says something of itself in EXIF."""
    entries = {tag: blocks.Entry(blocks.ASCII, text)}
    block = (
        blocks.write_exif(entries)
        if tag in {blocks.ARTIST, blocks.COPYRIGHT}
        else blocks.write_exif({}, {blocks.EXIF_DIRECTORY: entries})
    )
    return encoded(corners(), "JPEG", exif=blocks.PREFIX + block)


@pytest.mark.parametrize(
    ("mode", "pillow_format", "name", "expected"),
    [
        ("RGB", "JPEG", "a.jpg", ("jpg", "rgb", 8, False)),
        ("L", "JPEG", "a.jpg", ("jpg", "grey", 8, False)),
        ("CMYK", "JPEG", "a.jpg", ("jpg", "cmyk", 8, False)),
        ("RGBA", "PNG", "a.png", ("png", "rgb", 8, True)),
        ("1", "PNG", "a.png", ("png", "grey", 1, False)),
        ("P", "PNG", "a.png", ("png", "rgb", 8, False)),
        ("I;16", "PNG", "a.png", ("png", "grey", 16, False)),
        ("P", "GIF", "a.gif", ("gif", "rgb", 8, False)),
        ("RGB", "WEBP", "a.webp", ("webp", "rgb", 8, False)),
        ("CMYK", "TIFF", "a.tif", ("tiff", "cmyk", 8, False)),
        ("P", "TIFF", "a.tif", ("tiff", "rgb", 8, False)),
        ("1", "TIFF", "a.tif", ("tiff", "grey", 1, False)),
        ("RGB", "AVIF", "a.avif", ("avif", "rgb", 8, False)),
        ("RGB", "BMP", "a.bmp", ("bmp", "rgb", 8, False)),
        ("1", "BMP", "a.bmp", ("bmp", "grey", 1, False)),
        ("RGBA", "ICO", "a.ico", ("ico", "rgb", 8, True)),
        ("LA", "TGA", "a.tga", ("tga", "grey", 8, True)),
        ("RGB", "JPEG2000", "a.jp2", ("jp2", "rgb", 8, False)),
    ],
)
def test_a_picture_tells_its_format_size_and_colours(
    described: Describing, mode: str, pillow_format: str, name: str, expected: tuple[object, ...]
) -> None:
    image = Image.new("I;16", (64, 48)) if mode == "I;16" else corners(mode=mode)
    content = encoded(image, pillow_format, **({"sizes": [(64, 48)]} if pillow_format == "ICO" else {}))
    info = described(content, name)
    assert (info.kind, info.width, info.height, info.size_bytes) == ("image", 64, 48, len(content))
    assert (info.format, info.colour, info.bits, info.has_alpha) == expected
    assert (info.frames, info.animated, info.has_gps, info.warnings) == (1, False, False, ())


def test_a_transparent_picture_has_alpha(described: Describing) -> None:
    clear = Image.new("RGBA", (64, 48), (255, 0, 0, 0))
    for pillow_format, name in (("PNG", "a.png"), ("WEBP", "a.webp"), ("AVIF", "a.avif"), ("TIFF", "a.tif")):
        assert described(encoded(clear, pillow_format), name).has_alpha


def test_sides_are_those_of_the_upright_picture(described: Describing) -> None:
    for orientation in range(1, 9):
        info = described(jpeg(orientation))
        assert (info.width, info.height, info.orientation) == (64, 48, orientation)


def test_metadata_is_told_but_never_a_position(described: Describing) -> None:
    block = Image.Exif()
    block[0x010F], block[0x0110], block[0x013B], block[0x8298] = "Canon", "Canon EOS 5D", "Ana Souza", "(c) Ana"
    block.get_ifd(0x8769).update({0x9003: "2024:05:06 07:08:09", 0x9011: "+02:00", 0xA434: "EF 50mm"})
    block.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 29.5), 3: "E", 4: (2.0, 17.0, 40.2)})
    info = described(encoded(corners(), "JPEG", exif=block.tobytes(), dpi=(300, 150)))
    assert (info.taken_at, info.camera, info.lens) == ("2024-05-06T07:08:09+02:00", "Canon EOS 5D", "EF 50mm")
    assert (info.artist, info.copyright, info.has_gps, info.dpi) == ("Ana Souza", "(c) Ana", True, (300.0, 150.0))
    assert "48" not in repr(info).replace("height=48", "")


@pytest.mark.parametrize(("name", "pillow_format"), [("a.png", "PNG"), ("a.webp", "WEBP"), ("a.tif", "TIFF")])
def test_metadata_of_other_formats_is_told_too(described: Describing, name: str, pillow_format: str) -> None:
    info = described(encoded(corners(), pillow_format, exif=exif(private=True)), name)
    assert (info.artist, info.has_gps) == ("Ana Souza", True)


def test_an_artist_in_png_text_counts_where_exif_names_none(described: Describing) -> None:
    text = PngInfo()
    text.add_text("Author", "Ana Souza")
    assert described(encoded(corners(), "PNG", pnginfo=text), "a.png").artist == "Ana Souza"


def test_a_position_in_xmp_is_told_of(described: Describing) -> None:
    packet = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><exif:GPSLatitude>48,51.5N</exif:GPSLatitude></x:xmpmeta>'
    assert described(encoded(corners(), "WEBP", xmp=packet), "a.webp").has_gps


def test_texts_are_short_and_printable_whatever_a_file_holds(described: Describing) -> None:
    assert described(told(b"A" * 50_000 + b"\0")).artist == "A" * LONGEST_VALUE
    assert described(told(b"\x1b[2J Ana\r\n\x07\xe2\x80\xaeSouza\0secret")).artist == "[2J Ana Souza"
    assert described(told("Müller".encode("latin-1"))).artist == "Müller"
    assert described(told("Ω".encode() * 5000)).artist == "Ω" * LONGEST_VALUE
    assert described(told(b"\x01\x02\0")).artist is None


@pytest.mark.parametrize("text", [b"0000:00:00 00:00:00", b"    :  :     :  :  ", b"2024:13:01 00:00:00", b"now"])
def test_a_clock_that_was_never_set_tells_no_time(described: Describing, text: bytes) -> None:
    assert described(told(text, blocks.TAKEN)).taken_at is None


def test_moments_of_films_and_cameras_have_one_form() -> None:
    assert moment("2024-05-06T07:08:09.000000Z") == "2024-05-06T07:08:09Z"
    assert moment("2024-05-06T07:08:09-0530") == "2024-05-06T07:08:09-05:30"
    assert moment(None) is None
    assert legible(None) is None


def test_a_profile_tells_its_name(described: Describing) -> None:
    assert described(encoded(corners(), "JPEG", icc_profile=matrix_profile())).icc_profile == "test"
    assert described(encoded(corners(), "JPEG", icc_profile=bytes(200))).icc_profile == "unnamed"
    name = "Nächste".encode("utf-16-be")
    text = b"mluc\0\0\0\0" + struct.pack(">II2s2sII", 1, 12, b"de", b"DE", len(name), 28) + name
    profile = bytes(128) + struct.pack(">I4sII", 1, b"desc", 144, len(text)) + text
    assert described(encoded(corners(), "JPEG", icc_profile=profile)).icc_profile == "Nächste"


def test_animations_and_pages_are_counted(described: Describing) -> None:
    pages = [photo((64, 48), seed) for seed in range(3)]
    for pillow_format, name, animated in (("GIF", "a.gif", True), ("WEBP", "a.webp", True), ("TIFF", "a.tif", False)):
        info = described(encoded(pages[0], pillow_format, save_all=True, append_images=pages[1:]), name)
        assert (info.frames, info.animated) == (3, animated)


def test_a_picture_is_described_although_it_is_too_large_to_be_processed(described: Describing) -> None:
    limits = Limits(max_page_pixels=100, max_file_pixels=100, max_image_bytes=10)
    assert described(jpeg(), limits=limits).width == 64


def test_only_the_header_is_looked_at(described: Describing) -> None:
    whole = encoded(photo(), "JPEG")
    assert described(whole[: len(whole) // 2]).width == 640


def test_a_wrong_name_is_a_warning(described: Describing) -> None:
    info = described(jpeg(), "a.png")
    assert (info.format, info.warnings) == ("jpg", ("named .png, but the content is jpg: decoded by content",))


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"", "a.jpg", "corrupt_input"),
        (b"no picture at all, but enough of it", "a.jpg", "unsupported_format"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a.svg", "unsupported_format"),
        (jpeg()[:30], "a.jpg", "corrupt_input"),
        (encoded(corners(), "PNG")[:40], "a.png", "corrupt_input"),
        (encoded(corners(), "AVIF")[:-20], "a.avif", "corrupt_input"),
        (b"\0\0\0\x18ftypisom" + bytes(12) + b"\0\0\0\x10mdat" + bytes(8), "a.mp4", "incomplete_input"),
    ],
    ids=["empty", "text", "svg", "jpg", "png", "avif", "mp4"],
)
def test_what_has_no_header_has_a_reason(described: Describing, content: bytes, name: str, code: str) -> None:
    with pytest.raises(MediaError) as raised:
        described(content, name)
    assert raised.value.code == code


def film(tmp_path: Path, name: str = "a.mp4", **making: Any) -> Path:
    make_film(tmp_path / name, [scene()] * 12, Making(**making))
    return tmp_path / name


def test_a_film_tells_its_codec_rate_and_duration(tmp_path: Path) -> None:
    info = of(film(tmp_path))
    assert (info.kind, info.format, info.width, info.height, info.frames) == ("film", "mp4", 160, 90, 12)
    assert (info.duration_s, info.frame_rate, info.video_codec, info.rotation) == (1.2, RATE, "h264", 0)
    assert (info.video_streams, info.audio_streams, info.audio_codec, info.audio_channels) == (1, 0, None, None)
    assert (info.animated, info.has_alpha, info.colour, info.bits) == (None, None, None, 8)


@pytest.mark.parametrize(
    ("name", "codec", "container"),
    [
        ("a.mov", "libx264", "mov"),
        ("a.mkv", "libx264", "mkv"),
        ("a.webm", "libvpx-vp9", "webm"),
        ("a.avi", "mpeg4", "avi"),
        ("a.ts", "libx264", "mpegts"),
        ("a.3gp", "libx264", "3gp"),
    ],
)
def test_containers_that_share_a_demuxer_are_told_apart(tmp_path: Path, name: str, codec: str, container: str) -> None:
    assert of(film(tmp_path, name, codec=codec)).format == container


def test_a_film_is_measured_as_it_is_shown(tmp_path: Path) -> None:
    turned = film(tmp_path)
    turn(os.fsencode(turned), (0, 1, -1, 0))
    info = of(turned)
    assert (info.width, info.height, info.rotation) == (90, 160, 90)
    wide = of(film(tmp_path, "wide.mp4", shape=Fraction(2, 1)))
    assert (wide.width, wide.height) == (320, 90)


def test_a_film_tells_of_its_sound_and_its_maker(tmp_path: Path) -> None:
    path = tmp_path / "a.mov"
    with av.open(str(path), "w", container_options={"movflags": "use_metadata_tags"}) as container:
        container.metadata.update({
            "com.apple.quicktime.make": "Apple", "com.apple.quicktime.model": "iPhone XS\x1b[2J",
            "com.apple.quicktime.location.ISO6709": "+48.8581+002.2944/", "creation_time": "2024-05-06T07:08:09Z",
        })  # fmt: skip
        video = container.add_stream("libx264", rate=RATE)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        sound = container.add_stream("aac", rate=44100, layout="stereo")
        frame = av.AudioFrame(format="fltp", layout="stereo", samples=1024)
        frame.sample_rate = 44100
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        for _ in range(5):
            container.mux(video.encode(av.VideoFrame(64, 48, "yuv420p")))
        container.mux(sound.encode(frame))
        container.mux([*video.encode(), *sound.encode()])
    info = of(path)
    assert (info.audio_streams, info.audio_codec, info.audio_channels) == (1, "aac", 2)
    assert (info.camera, info.taken_at, info.has_gps) == ("Apple iPhone XS [2J", "2024-05-06T07:08:09Z", True)
    assert "48.85" not in repr(info)


def test_a_picture_of_a_size_that_cannot_be_is_damaged(described: Describing) -> None:
    content = bytearray(encoded(corners(), "BMP"))
    content[18:22] = b"\xff\xff\xff\x90"[::-1]  # its width
    with pytest.raises(MediaError, match="Corrupt input: a picture of 4294967184x48 pixels"):
        described(bytes(content), "a.bmp")


def test_a_number_of_frames_that_cannot_be_is_not_told(tmp_path: Path, described: Describing) -> None:
    path = film(tmp_path, "a.avi", codec="mjpeg", pixels="yuvj420p")
    content = bytearray(path.read_bytes())
    content[(at := content.index(b"strh") + 8 + 32) : at + 4] = b"\xff" * 4  # dwLength
    path.write_bytes(content)
    assert of(path).frames is None
    frames = [corners(), corners().rotate(180)]
    content = bytearray(encoded(frames[0], "PNG", save_all=True, append_images=frames[1:]))
    assert described(bytes(content), "a.png").frames == 2
    content[(at := content.index(b"acTL") + 4) : at + 4] = b"\xff" * 4
    content[at + 8 : at + 12] = zlib.crc32(content[at - 4 : at + 8]).to_bytes(4, "big")
    assert described(bytes(content), "a.png").frames is None


@pytest.mark.parametrize("dpi", [(0.001, 0.001), (1e9, 1e9)])
def test_a_resolution_that_cannot_be_is_not_told(described: Describing, dpi: tuple[float, float]) -> None:
    assert described(encoded(corners(), "TIFF", dpi=dpi), "a.tif").dpi is None
