"""The files of the demo: what each is called, and the metadata a camera would give it."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import av
from PIL import Image

from dmedia.errors import PreflightError, UsageError
from dmedia.media import exif
from dmedia.media.demo import scenes

if TYPE_CHECKING:
    from collections.abc import Callable

    from av.video.stream import VideoStream

JPEG_QUALITY = 90

FILM_SIZE = (640, 360)
FILM_RATE = 24
FILM_S = 3
BLACK_S = 1
"""The film begins with one second of black: a thumbnail that takes the first frame is seen at once."""

OWNER = "© Ana Souza"

DECODED_UPRIGHT = 6
"""EXIF orientation of a camera held upright: the picture has to be turned clockwise by a quarter."""

GPS: exif.Directory = {
    0x0000: exif.Entry(1, bytes([2, 3, 0, 0])),
    0x0001: exif.Entry(exif.ASCII, b"N\0"),
    0x0002: exif.Entry(5, b"".join(n.to_bytes(4, "big") for n in (31, 1, 8, 1, 30, 1))),
    0x0003: exif.Entry(exif.ASCII, b"W\0"),
    0x0004: exif.Entry(5, b"".join(n.to_bytes(4, "big") for n in (4, 1, 0, 1, 36, 1))),
}
"""A place in the Erg Chebbi, Morocco (Exif 2.32, section 4.6.6): what must not leave with a rendition."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A file of the demo.

    Attributes
    ----------
    path : str
        Below the demo's directory.
    content : callable
        Makes its bytes.
    """

    path: str
    content: Callable[[], bytes]


def make_demo(directory: bytes) -> list[bytes]:
    """Make a small tree of drawn photos and a film. Files that exist already stay as they are.

    Parameters
    ----------
    directory : bytes
        Where to; it is made. A directory with other things in it must have files of the demo too.

    Returns
    -------
    list of bytes
        Paths of the demo's files, those that existed already included.

    Raises
    ------
    UsageError
        When the directory is a file, or holds other things and nothing of the demo.
    PreflightError
        When it cannot be written.
    """
    paths = [os.path.join(directory, *(os.fsencode(part) for part in sample.path.split("/"))) for sample in SAMPLES]
    shown = os.fsdecode(directory)
    if os.path.lexists(directory) and not os.path.isdir(directory):
        raise UsageError(f"{shown} is a file", "Name a new directory")
    try:
        if os.path.isdir(directory) and os.listdir(directory) and not any(map(os.path.exists, paths)):
            raise UsageError(f"{shown} holds other things", "Name a new or an empty directory")
        for sample, path in zip(SAMPLES, paths, strict=True):
            if not os.path.lexists(path):
                _write(path, sample.content())
    except OSError as error:
        raise PreflightError(f"The demo cannot be written to {shown}: {error.strerror or error}") from None
    return paths


def _write(path: bytes, content: bytes) -> None:
    """Write a file whole or not at all, and never over another."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    partial = path + b".part"
    try:
        with open(partial, "xb") as file:
            file.write(content)
        os.rename(partial, path)
    except OSError:
        if os.path.exists(partial):
            os.unlink(partial)
        raise


def _jpeg(picture: Image.Image, block: bytes = b"", dpi: int = 72) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=JPEG_QUALITY, exif=block, dpi=(dpi, dpi))
    return file.getvalue()


def _png(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def _owned(**tags: exif.Directory) -> bytes:
    """Make an EXIF block as a camera of that owner writes it, with a place when one is given."""
    main = {
        0x010F: exif.Entry(exif.ASCII, b"dmedia\0"),
        0x0110: exif.Entry(exif.ASCII, b"Demo camera\0"),
        exif.ARTIST: exif.Entry(exif.ASCII, b"Ana Souza\0"),
        exif.COPYRIGHT: exif.Entry(exif.ASCII, OWNER.encode() + b"\0"),
    }
    body = {0xA431: exif.Entry(exif.ASCII, b"DEMO-000042\0")}
    children = {exif.EXIF_DIRECTORY: body} | ({exif.GPS_DIRECTORY: tags["gps"]} if "gps" in tags else {})
    return exif.PREFIX + exif.write_exif(main, children)


def _held_upright() -> bytes:
    """Store an upright picture lying down, with the orientation that says so, as cameras do."""
    picture = scenes.lighthouse(1500, 2000).transpose(Image.Transpose.ROTATE_90)
    orientation = {exif.ORIENTATION: exif.Entry(exif.SHORT, DECODED_UPRIGHT.to_bytes(2, "big"))}
    return _jpeg(picture, exif.PREFIX + exif.write_exif(orientation))


def _film() -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        options = {"preset": "veryfast", "crf": "22"}
        stream: VideoStream = container.add_stream("libx264", rate=FILM_RATE, options=options)
        stream.width, stream.height = FILM_SIZE
        stream.pix_fmt = "yuv420p"
        stream.codec_context.gop_size = FILM_RATE
        stream.codec_context.thread_count = 1
        black, count = Image.new("RGB", FILM_SIZE), FILM_RATE * FILM_S
        for number in range(count):
            is_black = number < FILM_RATE * BLACK_S
            picture = black if is_black else scenes.sailing(*FILM_SIZE, number / count)
            container.mux(stream.encode(av.VideoFrame.from_image(picture)))  # type: ignore[no-untyped-call]  # no types in PyAV's stub
        container.mux(stream.encode())
    return file.getvalue()


SAMPLES = (
    Sample("holiday/sunset-bay.jpg", lambda: _jpeg(scenes.sunset_bay(4000, 3000), dpi=300)),
    Sample("holiday/mountains.jpg", lambda: _jpeg(scenes.mountains(3000, 2000), _owned(), dpi=240)),
    Sample("holiday/été à la plage.jpg", lambda: _jpeg(scenes.beach(2400, 1600))),
    Sample("holiday/lighthouse.jpg", _held_upright),
    Sample("holiday/desert/dunes.jpg", lambda: _jpeg(scenes.dunes(2000, 1333), _owned(gps=GPS), dpi=300)),
    Sample("holiday/desert/night.jpg", lambda: _jpeg(scenes.night(2500, 1400))),
    Sample("products/ball.jpg", lambda: _jpeg(scenes.product(1600, 1200, "ball", "#c23b3b"))),
    Sample("products/vase.jpg", lambda: _jpeg(scenes.product(1200, 1600, "vase", "#2f7f8f"))),
    Sample("products/mug.jpg", lambda: _jpeg(scenes.product(1400, 1400, "mug", "#e0a030"))),
    Sample("products/badge.png", lambda: _png(scenes.badge(1200))),
    Sample("films/sailing.mp4", _film),
)
"""All files, each stem once in its folder: no operation makes two of them collide."""
