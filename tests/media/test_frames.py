from __future__ import annotations

import io
import os
from typing import Any

import pytest
from PIL import Image, ImageSequence

from dmedia.media import frames
from dmedia.media.segments import FILTERS
from dmedia.model import FileResult, Limits
from tests.media.conftest import Processing
from tests.media_making import encoded, exif, photo

KEPT = "the animation was kept as it is: 3 frames are not encoded anew"
TAKEN = "the first of 3 frames or pages was taken"
KINDS = {"gif": "GIF", "webp": "WEBP", "png": "PNG", "avif": "AVIF"}
FEW = Limits(max_frames=2)
"""More than these frames are not encoded anew in any format; of PNG and AVIF none are."""
XMP = b"\x21\xff\x0bXMP DataXMP" + b"<x>XMP-SECRET</x>" + b"\x01" + bytes(range(255, -1, -1)) + b"\0"


def animation(kind: str, **options: Any) -> bytes:
    pictures = [photo((48, 32), seed=number) for number in range(3)]
    return encoded(pictures[0], KINDS[kind], save_all=True, append_images=pictures[1:], duration=90, **options)


def with_xmp(gif: bytes) -> bytes:
    """An XMP packet as Adobe puts it: its bytes are no sub-blocks, but a trailer leads every reader to the end."""
    return gif[:-1] + XMP + gif[-1:]


def pixels(content: bytes) -> list[bytes]:
    with Image.open(io.BytesIO(content)) as image:
        return [frame.convert("RGBA").tobytes() for frame in ImageSequence.Iterator(image)]


def written(result: FileResult) -> bytes:
    assert result.failure is None, result.failure
    with open(result.outputs[0].path, "rb") as file:
        return file.read()


@pytest.mark.parametrize("kind", KINDS)
def test_compress_keeps_all_frames_and_says_so(processed: Processing, kind: str) -> None:
    for arguments in ({}, {"quality": 30}, {"format": kind}, {"metadata": "strip"}, {"metadata": "keep"}):
        result = processed(animation(kind), "compress", name=f"i.{kind}", out=f"o.{kind}", limits=FEW, **arguments)
        assert pixels(written(result)) == pixels(animation(kind))
        assert len(pixels(animation(kind))) == 3
        assert result.warnings == (KEPT,)
        assert (result.outputs[0].width, result.outputs[0].height, result.outputs[0].frames) == (48, 32, 3)


@pytest.mark.parametrize("kind", ["webp", "png"])
def test_frames_that_are_kept_tell_no_place(processed: Processing, kind: str) -> None:
    content = animation(kind, exif=exif(private=True))
    result = processed(content, "compress", name=f"i.{kind}", out=f"o.{kind}", limits=FEW)
    assert pixels(written(result)) == pixels(content)
    assert b"SERIAL" in content
    assert b"SERIAL" not in written(result)
    with Image.open(os.fsdecode(result.outputs[0].path)) as image:
        assert not image.getexif().get_ifd(0x8825)
        assert image.getexif()[0x8298] == "(c) Ana Souza"


def test_a_gif_is_kept_without_xmp_and_comments(processed: Processing) -> None:
    content = with_xmp(animation("gif", comment=b"COMMENT-SECRET", loop=0))
    result = processed(content, "compress", name="i.gif", out="o.gif", limits=FEW)
    assert pixels(written(result)) == pixels(content)
    assert b"SECRET" not in written(result)
    assert b"NETSCAPE2.0" in written(result)
    whole = processed(content, "compress", name="i.gif", out="o.gif", metadata="keep", limits=FEW)
    assert written(whole) == content


@pytest.mark.parametrize("kind", ["png", "avif"])
def test_where_more_was_asked_the_first_frame_is_taken(processed: Processing, kind: str) -> None:
    for operation, arguments in (("compress", {"width": 20}), ("resize", {"width": 20})):
        result = processed(animation(kind), operation, name=f"i.{kind}", out=f"o.{kind}", **arguments)
        assert TAKEN in result.warnings
        assert len(pixels(written(result))) == 1
    result = processed(animation(kind), "compress", name=f"i.{kind}", out="o.jpg", format="jpg")
    assert TAKEN in result.warnings


def test_an_avif_that_could_tell_something_is_not_kept(processed: Processing) -> None:
    result = processed(animation("avif", exif=exif(private=True)), "compress", name="i.avif", out="o.avif")
    assert TAKEN in result.warnings
    assert b"SERIAL" not in written(result)


def test_an_animation_whose_first_frame_is_damaged_is_corrupt(processed: Processing) -> None:
    content = animation("webp")
    at = content.index(b"VP8 ") + 8
    damaged = content[:at] + bytes(40) + content[at + 40 :]
    result = processed(damaged, "compress", name="i.webp", out="o.webp", limits=FEW)
    assert result.failure is not None
    assert result.failure.code == "corrupt_input"


@pytest.mark.parametrize("kind", ["gif", "avif"])
def test_half_a_file_is_not_filtered(kind: str) -> None:
    content = animation(kind)
    assert FILTERS[kind](content, ()) is not None
    for length in (0, 3, 12, 14, 30, len(content) // 2, len(content) - 1):
        assert FILTERS[kind](content[:length], ()) is None, length
    assert frames.filter_gif(content[:13] + b"\0" * 800, ()) is None


def test_boxes_of_every_length_are_walked() -> None:
    head = b"\0\0\0\x0cftypavis"
    long = b"\0\0\0\1mdat" + (20).to_bytes(8, "big") + b"Exif"
    assert frames.filter_avif(head + long, ()) == [head + long]
    assert frames.filter_avif(head + b"\0\0\0\0mdatExif", ()) is not None
    assert frames.filter_avif(head + b"\0\0\0\0metaExif", ()) is None
