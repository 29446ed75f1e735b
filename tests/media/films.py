"""Films made by the tests themselves."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import av
from PIL import Image, ImageDraw

from dmedia.media.films import poster
from dmedia.media.opened import Notes, look_at
from dmedia.storage import local

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from fractions import Fraction
    from pathlib import Path

    from av.container import OutputContainer
    from av.video.stream import VideoStream

    from dmedia.model import Limits

RATE = 10


@dataclass(frozen=True)
class Making:
    """How a film is made."""

    codec: str = "libx264"
    pixels: str = "yuv420p"
    options: dict[str, str] = field(default_factory=dict)
    gop: int = 10
    shape: Fraction | None = None
    container: dict[str, str] = field(default_factory=dict)
    tag: Callable[[av.VideoFrame], None] | None = None


def scene(width: int = 160, height: int = 90, colour: str = "#c08040") -> Image.Image:
    """A picture with four different corners: red, green, blue, white, clockwise from the upper left."""
    picture = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    draw = ImageDraw.Draw(picture)
    draw.ellipse((width * 0.3, height * 0.25, width * 0.7, height * 0.75), fill=colour)
    w, h = width // 4, height // 4
    for x, y, corner in (
        (0, 0, "red"),
        (width - w, 0, "lime"),
        (width - w, height - h, "blue"),
        (0, height - h, "white"),
    ):
        draw.rectangle((x, y, x + w, y + h), fill=corner)
    return picture


def make_film(path: Path, pictures: Iterable[Image.Image], making: Making | None = None) -> bytes:
    making = making or Making()
    stream: VideoStream | None = None
    with av.open(os.fsdecode(path), "w", container_options=making.container) as container:
        for picture in pictures:
            if stream is None:
                stream = add_stream(container, picture.size, making)
            frame = to_frame(picture).reformat(format=making.pixels)
            frame.pts = None
            if making.tag:
                making.tag(frame)
            container.mux(stream.encode(frame))
        assert stream is not None
        container.mux(stream.encode())
    return os.fsencode(path)


def choose_poster(path: bytes, width: int | None, height: int | None, limits: Limits) -> poster.Poster:
    """Open a film as a worker does, and choose its poster as a slot does."""
    descriptor = local.open_source(path)
    try:
        return poster.choose_poster(look_at(descriptor, path, Notes()), width, height, limits)
    finally:
        os.close(descriptor)


def add_stream(container: OutputContainer, size: tuple[int, int], making: Making) -> VideoStream:
    stream: VideoStream = container.add_stream(making.codec, rate=RATE, options=making.options)  # type: ignore[assignment]  # all codecs here are video
    stream.width, stream.height = size
    stream.pix_fmt = making.pixels
    stream.codec_context.gop_size = making.gop
    if making.shape:
        stream.codec_context.sample_aspect_ratio = making.shape
    return stream


def to_frame(picture: Image.Image) -> av.VideoFrame:
    frame: av.VideoFrame = av.VideoFrame.from_image(picture)  # type: ignore[no-untyped-call]  # PyAV's stub has no types here
    return frame


def replace_once(path: bytes, old: bytes, new: bytes) -> None:
    with open(path, "r+b") as file:
        data = file.read()
        assert data.count(old) >= 1
        file.seek(0)
        file.write(data.replace(old, new))
        file.truncate()


def turn(path: bytes, matrix: tuple[int, ...]) -> None:
    """Write another display matrix into the track header of an MP4 (ISO/IEC 14496-12, 8.3.2)."""
    identity = b"".join(n.to_bytes(4, "big") for n in (0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000))
    a, b, c, d = matrix
    turned = b"".join(
        (n & 0xFFFFFFFF).to_bytes(4, "big") for n in (a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 0x40000000)
    )
    with open(path, "r+b") as file:
        data = file.read()
        at = data.index(identity, data.index(b"tkhd"))
        file.seek(at)
        file.write(turned)
