"""GIF and WebP animations stay animations, frame by frame, with their times, loops and transparency."""

from __future__ import annotations

import io
import os
import random
import struct
from typing import Any

import pytest
from PIL import Image, ImageSequence

from dmedia.media import draft as draft_module
from dmedia.media import frames as frames_module
from dmedia.media import guard, sizing
from dmedia.media.libvips import pyvips
from dmedia.model import FileResult, Limits
from tests.media.conftest import Processing
from tests.media_making import TURNS, corners, encoded, exif, matrix_profile, photo

SIZE = (48, 32)
COLOURS = ("#ff0000", "#00ff00", "#0000ff", "#ffffff", "#000000")
LOSSLESS: dict[str, Any] = {"format": "webp", "lossless": True}
NAMES = {"gif": "GIF", "webp": "WEBP"}


def animation(kind: str, pictures: list[Image.Image] | None = None, **options: Any) -> bytes:
    """Encode frames with Pillow."""
    first, *rest = pictures or [photo(SIZE, seed) for seed in range(4)]
    told: dict[str, Any] = {"duration": 90, "loop": 0} | ({"lossless": True} if kind == "webp" else {"disposal": 2})
    return encoded(first, NAMES[kind], save_all=True, append_images=rest, **(told | options))


def plain(size: tuple[int, int] = SIZE) -> list[Image.Image]:
    """Frames of one colour each."""
    return [Image.new("RGB", size, colour) for colour in COLOURS]


def content(result: FileResult) -> bytes:
    assert result.failure is None, result.failure
    with open(result.outputs[0].path, "rb") as file:
        return file.read()


def moving(data: bytes) -> tuple[list[Image.Image], list[int]]:
    """Frames in RGBA and their times in milliseconds."""
    pictures, times = [], []
    with Image.open(io.BytesIO(data)) as image:
        for frame in ImageSequence.Iterator(image):
            pictures.append(frame.convert("RGBA"))
            times.append(frame.info.get("duration", 0))
    return pictures, times


def shown(result: FileResult) -> list[Image.Image]:
    pictures = moving(content(result))[0]
    assert result.outputs[0].frames == (len(pictures) if len(pictures) > 1 else None)
    assert {picture.size for picture in pictures} == {(result.outputs[0].width, result.outputs[0].height)}
    return pictures


def code_of(result: FileResult) -> tuple[str, str]:
    assert result.failure is not None
    return result.failure.code, str(result.failure.hint)


@pytest.mark.parametrize("target", NAMES)
@pytest.mark.parametrize("kind", NAMES)
def test_frames_times_and_loops_go_from_format_to_format(processed: Processing, kind: str, target: str) -> None:
    times = [40, 1000, 250, 100, 70]
    for loop in (0, 3):
        source = animation(kind, plain(), duration=times, loop=loop)
        asked: dict[str, Any] = {"format": target, "lossless": target == "webp"}
        result = processed(source, "convert", name=f"i.{kind}", out=f"o.{target}", **asked)
        pictures, found = moving(content(result))
        assert found == times
        assert [picture.getpixel((9, 9))[:3] for picture in pictures] == [  # type: ignore[index]  # four bands
            Image.new("RGB", (1, 1), colour).getpixel((0, 0)) for colour in COLOURS
        ]
        assert result.warnings == ()
        written = getattr(pyvips.Image, f"{target}load_buffer")(content(result), n=-1)
        read = getattr(pyvips.Image, f"{kind}load_buffer")(source, n=-1)
        assert written.get("loop") == read.get("loop")
        assert (read.get("loop") == 0) == (loop == 0)


def test_an_animation_that_is_shown_once_stays_one_that_is(processed: Processing) -> None:
    once = animation("gif", plain(), loop=None)
    assert b"NETSCAPE" not in once
    webp = content(processed(once, "convert", name="i.gif", out="o.webp", format="webp"))
    with Image.open(io.BytesIO(webp)) as image:
        assert image.info["loop"] == 1
    assert b"NETSCAPE" not in content(processed(webp, "convert", name="i.webp", out="o.gif", format="gif"))


def test_frames_too_short_to_be_seen_are_written_as_browsers_show_them(processed: Processing) -> None:
    for kind in NAMES:
        source = animation(kind, plain(), duration=[10, 20, 10, 30, 40])
        for target in NAMES:
            result = processed(source, "convert", name=f"i.{kind}", out=f"o.{target}", format=target)
            assert moving(content(result))[1] == [100, 20, 100, 30, 40]


@pytest.mark.parametrize("target", NAMES)
@pytest.mark.parametrize("kind", NAMES)
def test_transparency_stays_in_every_frame(processed: Processing, kind: str, target: str) -> None:
    pictures = []
    for number in range(4):
        picture = Image.new("RGBA", SIZE, (0, 0, 0, 0))
        picture.paste((250, 40, 20, 255), (number * 10, 8, number * 10 + 10, 24))
        pictures.append(picture)
    source = animation(kind, pictures)
    for arguments in ({}, {"width": 24}):
        result = processed(source, "convert", name=f"i.{kind}", out=f"o.{target}", format=target, **arguments)
        for number, picture in enumerate(shown(result)):
            scale = picture.width / SIZE[0]
            for other in range(4):
                alpha = picture.getpixel((int((other * 10 + 5) * scale), int(16 * scale)))[3]  # type: ignore[index]
                assert alpha == pytest.approx(255 if other == number else 0, abs=3), (number, other)


@pytest.mark.parametrize(
    "arguments",
    [{"width": 17}, {"width": 13, "height": 29, "fit": "fill"}, {"width": 20, "height": 20, "fit": "cover"},
     {"width": 200, "enlarge": True}, {"width": 99, "height": 40, "fit": "cover"},
     {"width": 31, "height": 7, "fit": "outside"}],
)  # fmt: skip
def test_nothing_of_a_frame_bleeds_into_its_neighbours(processed: Processing, arguments: dict[str, Any]) -> None:
    for kind in NAMES:
        source = animation(kind, plain())
        result = processed(source, "resize", name=f"i.{kind}", out="o.webp", **LOSSLESS, **arguments)
        for picture, colour in zip(shown(result), COLOURS, strict=True):
            assert picture.tobytes() == Image.new("RGBA", picture.size, colour).tobytes()


def test_each_frame_is_padded(processed: Processing) -> None:
    arguments: dict[str, Any] = {"width": 48, "height": 48, "fit": "contain", "background": "#ff00ff"}
    for target in ({"format": "gif"}, LOSSLESS):
        result = processed(animation("gif", plain()), "resize", name="i.gif", out=f"o.{target['format']}",
                           **target, **arguments)  # fmt: skip
        for picture, colour in zip(shown(result), COLOURS, strict=True):
            expected = Image.new("RGBA", (48, 48), "#ff00ff")
            expected.paste(colour, (0, 8, 48, 40))
            assert picture.tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    ("operation", "arguments", "box"),
    [
        ("crop", {"width": 10, "height": 8, "x": 30, "y": 20}, (30, 20, 40, 28)),
        ("crop", {"width": 10, "height": 8, "gravity": "northeast"}, (38, 0, 48, 8)),
        ("resize", {"width": 32, "height": 32, "fit": "cover", "gravity": "east"}, (16, 0, 48, 32)),
    ],
)
def test_each_frame_is_cropped(
    processed: Processing, operation: str, arguments: dict[str, Any], box: tuple[int, int, int, int]
) -> None:
    source = animation("webp")
    result = processed(source, operation, name="i.webp", out="o.webp", **LOSSLESS, **arguments)
    assert [picture.tobytes() for picture in shown(result)] == [
        picture.crop(box).tobytes() for picture in moving(source)[0]
    ]


@pytest.mark.parametrize("gravity", ["attention", "entropy"])
def test_what_is_seen_in_the_first_frame_decides_which_part_of_all_stays(processed: Processing, gravity: str) -> None:
    pictures = []
    for number in range(4):
        picture = Image.new("RGB", (96, 32), ("#202020", "#202122", "#222120", "#212121")[number])
        picture.paste(photo((24, 24)), (68 - 22 * number, 4))
        pictures.append(picture)
    source = animation("webp", pictures)
    box: dict[str, Any] = {"width": 32, "height": 32, "gravity": gravity}
    for operation, more in (("crop", {}), ("resize", {"fit": "cover"}), ("resize", {"fit": "cover", "enlarge": True})):
        result = processed(source, operation, name="i.webp", out="o.webp", **LOSSLESS, **box, **more)
        still = processed(encoded(pictures[0], "PNG"), operation, name="i.png", out="o.webp", **LOSSLESS, **box, **more)
        first = shown(still)[0].tobytes()
        found = shown(result)
        assert found[0].tobytes() == first
        lefts = [left for left in range(65) if pictures[0].crop((left, 0, left + 32, 32)).tobytes() ==
                 found[0].convert("RGB").tobytes()]  # fmt: skip
        assert len(lefts) == 1
        for picture, whole in zip(found, pictures, strict=True):
            part = whole.crop((lefts[0], 0, lefts[0] + 32, 32))
            assert picture.convert("RGB").tobytes() == part.tobytes()


@pytest.mark.parametrize("position", ["southeast", "center", "tile"])
def test_every_frame_is_watermarked(processed: Processing, position: str) -> None:
    grey = [Image.new("RGB", (160, 120), (shade, shade, shade)) for shade in (60, 100, 140)]
    for kind in NAMES:
        arguments: dict[str, Any] = {"text": "dmedia", "size": 20, "opacity": 1, "position": position}
        result = processed(animation(kind, grey), "watermark", name=f"i.{kind}", out="o.webp", **LOSSLESS, **arguments)
        alone = [
            processed(encoded(picture, "PNG"), "watermark", name="i.png", out="o.webp", **LOSSLESS, **arguments)
            for picture in grey
        ]
        assert len(shown(result)) == 3
        for picture, still in zip(shown(result), alone, strict=True):
            assert picture.convert("RGB").tobytes() == shown(still)[0].convert("RGB").tobytes()
            assert len(picture.convert("RGB").getcolors() or ()) > 2


def test_every_frame_is_turned_upright(processed: Processing) -> None:
    stored = [corners((48, 32)).transpose(TURNS[6]), corners((48, 32)).transpose(TURNS[6]).convert("L").convert("RGB")]
    source = animation("webp", stored, exif=exif(6))
    for arguments in ({}, {"width": 24}):
        pictures = shown(processed(source, "convert", name="i.webp", out="o.webp", **LOSSLESS, **arguments))
        assert pictures[0].size == ((24, 16) if arguments else (48, 32))
        wide, high = pictures[0].size
        assert pictures[0].getpixel((2, 2)) == (220, 30, 30, 255)
        assert pictures[0].getpixel((wide - 3, high - 3)) == (250, 250, 250, 255)
        assert len(pictures) == 2


@pytest.mark.parametrize("extension", ["jpg", "png", "avif", "tif"])
def test_formats_that_hold_no_animation_get_the_first_frame(processed: Processing, extension: str) -> None:
    for kind in NAMES:
        image_format = {"tif": "tiff"}.get(extension, extension)
        result = processed(
            animation(kind, plain()), "convert", name=f"i.{kind}", out=f"o.{extension}", format=image_format
        )
        assert result.warnings == ("the first of 5 frames or pages was taken",)
        picture = shown(result)[0]
        assert picture.getpixel((9, 9)) == pytest.approx((255, 0, 0, 255), abs=3)


@pytest.mark.parametrize("source_format", ["PNG", "AVIF", "TIFF"])
def test_frames_of_other_formats_give_their_first(processed: Processing, source_format: str) -> None:
    first, *rest = plain()
    source = encoded(first, source_format, save_all=True, append_images=rest)
    name = f"i.{source_format.lower()}"
    result = processed(source, "convert", name=name, out="o.webp", **LOSSLESS)
    assert result.warnings == ("the first of 5 frames or pages was taken",)
    assert len(shown(result)) == 1
    assert processed(source, "convert", name=name, out="o.webp", **LOSSLESS, frames="first").warnings == ()


def test_the_first_frame_alone_can_be_asked_for(processed: Processing) -> None:
    for kind in NAMES:
        for operation in ("thumbnail", "compress"):
            source = animation(kind, plain((400, 300)))
            result = processed(source, operation, name=f"i.{kind}", out=f"o.{kind}", frames="first")
            assert len(shown(result)) == 1
            assert result.warnings == ()


def test_a_thumbnail_moves_where_its_format_can(processed: Processing) -> None:
    source = animation("gif", plain((200, 100)))
    box: dict[str, Any] = {"width": 32, "height": 32}
    for target in NAMES:
        result = processed(source, "thumbnail", name="i.gif", out=f"o.{target}", format=target, **box)
        assert [picture.size for picture in shown(result)] == [(32, 32)] * 5
    assert len(shown(processed(source, "thumbnail", name="i.gif", out="o.jpg", format="jpg", **box))) == 1


def test_limits_of_frames_and_of_their_pixels_hold_before_decoding(processed: Processing) -> None:
    small: dict[str, Any] = {"width": 10}
    for kind in NAMES:
        source = animation(kind, plain())
        for limits, arguments, words in (
            (Limits(max_frames=4), small, "5 frames, the limit is 4"),
            (Limits(max_file_pixels=5 * 48 * 32 - 1), small, "5 frames of 48x32 are 7,680 pixels, the limit is 7,679"),
            (Limits(max_file_pixels=50_000), {"width": 480, "enlarge": True}, "5 frames of 480x320 are"),
        ):
            for damaged in (source, source.replace(b"\0\0\0", b"\0\0\1")):
                result = processed(damaged, "resize", name=f"i.{kind}", out=f"o.{kind}", limits=limits, **arguments)
                if damaged is source:
                    assert code_of(result)[0] == "too_large"
                    assert result.failure is not None
                    assert words in result.failure.message
                    assert "--frames first" in code_of(result)[1]
            first = processed(source, "resize", name=f"i.{kind}", out=f"o.{kind}", limits=limits, width=10,
                              frames="first")  # fmt: skip
            assert first.failure is None
        assert processed(source, "resize", name=f"i.{kind}", out="o.jpg", limits=Limits(max_frames=4), width=9,
                         format="jpg").failure is None  # fmt: skip
        assert processed(source, "resize", name=f"i.{kind}", out=f"o.{kind}", limits=Limits(max_frames=5),
                         width=10).failure is None  # fmt: skip


def test_more_lines_than_the_library_can_count_are_refused(processed: Processing) -> None:
    from tests.hostile.bombs import gif

    limits = Limits(max_frames=10**6, max_file_pixels=10**10)
    result = processed(gif(2, 60_000, 2_000), "resize", name="i.gif", out="o.gif", width=1, limits=limits)
    assert code_of(result)[0] == "too_large"


def test_frames_that_would_not_fit_into_a_slot_are_not_begun(processed: Processing) -> None:
    limits = Limits(image_slot_bytes=5 * 96 * 64 * 3 - 1)
    arguments: dict[str, Any] = {"width": 96, "enlarge": True}
    result = processed(animation("gif", plain()), "resize", name="i.gif", out="o.gif", limits=limits, **arguments)
    assert code_of(result)[0] == "out_of_memory"
    assert "--slot-memory" in code_of(result)[1]
    assert processed(animation("gif", plain()), "resize", name="i.gif", out="o.gif", width=96).failure is None


def test_an_animation_that_is_cut_off_anywhere_is_corrupt(processed: Processing) -> None:
    for kind in NAMES:
        whole = animation(kind)
        for share in (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99):
            for operation, arguments in (("resize", {"width": 20}), ("compress", {}), ("convert", {"format": kind})):
                cut = whole[: int(len(whole) * share)]
                result = processed(cut, operation, name=f"i.{kind}", out=f"o.{kind}", **arguments)
                assert code_of(result)[0] == "corrupt_input", (kind, share, operation)


def test_damage_in_a_later_frame_is_corrupt(processed: Processing) -> None:
    gif, webp = animation("gif"), animation("webp")
    at = gif.rindex(b"\x2c\0\0\0\0" + struct.pack("<HH", *SIZE)) + 11 + 768 + 10
    gif = gif[:at] + b"\xff" * 60 + gif[at + 60 :]
    at = webp.rindex(b"VP8L") + 8
    webp = webp[:at] + bytes(300) + webp[at + 300 :]
    for kind, damaged in (("gif", gif), ("webp", webp)):
        for operation, arguments in (("resize", {"width": 20}), ("compress", {}), ("crop", {"width": 9, "height": 9})):
            result = processed(damaged, operation, name=f"i.{kind}", out=f"o.{kind}", **arguments)
            assert code_of(result)[0] == "corrupt_input", (kind, operation)


def test_a_gif_that_does_not_say_where_it_ends_is_taken_with_a_warning(processed: Processing) -> None:
    whole = animation("gif")
    result = processed(whole[:-1], "resize", name="i.gif", out="o.gif", width=20)
    assert result.warnings == ("the file does not say where it ends: frames may be missing",)
    assert len(shown(result)) == 4
    still = encoded(photo(SIZE).quantize(), "GIF")
    assert processed(still[:-1], "resize", name="i.gif", out="o.gif", width=20).warnings == ()
    assert frames_module.gif_end(whole + b"trailing") == (4, False, True)


def test_frames_that_are_alike_may_become_one_that_is_shown_for_as_long(processed: Processing) -> None:
    pictures = [photo(SIZE, seed) for seed in (1, 1, 1, 2, 2, 3)]
    tall = pyvips.Image.arrayjoin([pyvips.Image.new_from_memory(picture.tobytes(), *SIZE, 3, "uchar").copy(
        interpretation="srgb") for picture in pictures], across=1).copy()  # fmt: skip
    tall.set_type(pyvips.GValue.gint_type, "page-height", SIZE[1])
    tall.set_type(pyvips.GValue.array_int_type, "delay", [50, 60, 70, 80, 90, 100])
    source = tall.gifsave_buffer(keep_duplicate_frames=True)
    assert pyvips.Image.gifload_buffer(source).get("n-pages") == 6
    for target in NAMES:
        result = processed(source, "convert", name="i.gif", out=f"o.{target}", format=target, lossless=target == "webp")
        assert moving(content(result))[1] == [180, 170, 100]
        assert result.outputs[0].frames == 3
    tall = pyvips.Image.arrayjoin([tall.crop(0, 0, *SIZE)] * 3, across=1).copy()
    tall.set_type(pyvips.GValue.gint_type, "page-height", SIZE[1])
    source = tall.gifsave_buffer(keep_duplicate_frames=True)
    for target in NAMES:
        result = processed(source, "convert", name="i.gif", out=f"o.{target}", format=target)
        assert result.outputs[0].frames is None


def test_frames_that_were_not_written_are_found(processed: Processing, monkeypatch: pytest.MonkeyPatch) -> None:
    fewer = {kind: animation(kind, plain()[:3]) for kind in NAMES}
    for kind in NAMES:

        def write(image: Any, descriptor: int, image_format: str, parameters: Any, kind: str = kind) -> None:
            os.write(descriptor, fewer[kind])

        monkeypatch.setattr(draft_module, "encode", write)
        result = processed(animation(kind, plain()), "convert", name=f"i.{kind}", out=f"o.{kind}", format=kind)
        assert result.failure is not None
        assert result.failure.code == "verify_failed"
        assert "3 frames of 5 were written" in result.failure.message


def test_compress_takes_the_smaller_of_anew_and_original(processed: Processing) -> None:
    pictures = [photo((96, 64), seed) for seed in range(4)]
    big = animation("webp", pictures)
    result = processed(big, "compress", name="i.webp", out="o.webp", quality=40)
    assert result.outputs[0].size_bytes < len(big)
    assert (len(shown(result)), result.warnings) == (4, ())
    small = animation("webp", pictures, lossless=False, quality=5, exif=exif(private=True))
    result = processed(small, "compress", name="i.webp", out="o.webp", quality=95)
    assert result.warnings == ("original kept: it is smaller",)
    assert [picture.tobytes() for picture in shown(result)] == [picture.tobytes() for picture in moving(small)[0]]
    assert b"SERIAL" not in content(result)


def test_a_gif_keeps_its_palette_where_its_pixels_stay(processed: Processing) -> None:
    tall = Image.new("RGB", (96, 64 * 4))
    for number in range(4):
        tall.paste(photo((96, 64), number), (0, 64 * number))
    tall = tall.quantize(200, dither=Image.Dither.NONE)
    frames = pyvips.Image.new_from_memory(tall.convert("RGB").tobytes(), *tall.size, 3, "uchar")
    frames = frames.copy(interpretation="srgb")
    frames.set_type(pyvips.GValue.gint_type, "page-height", 64)
    colours = tall.getpalette() or []
    packed = [struct.unpack("<i", bytes([*colours[at : at + 3], 255]))[0] for at in range(0, len(colours), 3)]
    frames.set_type(pyvips.GValue.array_int_type, "gif-palette", packed)
    source = frames.gifsave_buffer(reuse=True, dither=0)
    assert pyvips.Image.gifload_buffer(source).get_typeof("gif-palette")
    result = processed(source, "convert", name="i.gif", out="o.gif", format="gif")
    assert [picture.tobytes() for picture in shown(result)] == [picture.tobytes() for picture in moving(source)[0]]
    marked = processed(source, "watermark", name="i.gif", out="o.gif", text="X", size=90, opacity=1, color="#ff0080")
    colours_there = {colour for _, colour in shown(marked)[2].getcolors(96 * 64) or ()}
    assert any(isinstance(c, tuple) and abs(c[0] - 255) + c[1] + abs(c[2] - 128) < 12 for c in colours_there)


def test_the_owners_name_stays_with_an_animation_and_the_place_does_not(processed: Processing) -> None:
    source = animation("webp", exif=exif(private=True))
    result = processed(source, "resize", name="i.webp", out="o.webp", width=20)
    assert len(shown(result)) == 4
    with Image.open(io.BytesIO(content(result))) as image:
        found = image.getexif()
        assert (found[0x013B], found[0x8298]) == ("Ana Souza", "(c) Ana Souza")
        assert (found.get_ifd(0x8769)[0xA002], found.get_ifd(0x8769)[0xA003]) == image.size == (20, 13)
        assert not found.get_ifd(0x8825)
    assert b"SERIAL" not in content(result)


def test_colours_of_every_frame_are_converted(processed: Processing) -> None:
    source = animation("webp", plain(), icc_profile=matrix_profile())
    for arguments in ({}, {"width": 24}):
        result = processed(source, "convert", name="i.webp", out="o.webp", **LOSSLESS, **arguments)
        for picture, still in zip(shown(result), plain(), strict=True):
            alone = processed(encoded(still, "PNG", icc_profile=matrix_profile()), "convert", name="i.png",
                              out="o.webp", **LOSSLESS)  # fmt: skip
            assert picture.getpixel((9, 9)) == shown(alone)[0].getpixel((9, 9))
        kept = processed(source, "convert", name="i.webp", out="o.webp", **LOSSLESS, icc="keep")
        assert [picture.tobytes() for picture in shown(kept)] == [picture.tobytes() for picture in moving(source)[0]]
        assert matrix_profile() in content(kept)


def test_grey_animations_get_colour_where_colour_comes_into_them(processed: Processing) -> None:
    grey = [photo((160, 120), seed).convert("L") for seed in range(3)]
    source = animation("gif", grey)
    for operation, arguments in (
        ("resize", {"width": 200, "height": 200, "fit": "contain", "background": "#ff0000"}),
        ("watermark", {"text": "X", "color": "#ff0000", "size": 60, "opacity": 1, "position": "northwest"}),
        ("resize", {"width": 80}),
    ):
        for target in NAMES:
            result = processed(source, operation, name="i.gif", out=f"o.{target}", format=target, **arguments)
            coloured = [len(set(picture.convert("RGB").resize((1, 1)).tobytes())) > 1 for picture in shown(result)]
            assert coloured == [arguments != {"width": 80}] * 3, (operation, target)


def test_every_frame_has_its_share_of_the_deadline(processed: Processing, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []
    monkeypatch.setattr(guard, "extend", asked.append)
    monkeypatch.setattr(sizing, "SHORTEST_DEADLINE_S", 0.0)
    for arguments in ({"width": 24}, {"width": 96, "enlarge": True}, {"width": 24, "frames": "first"}):
        assert processed(animation("gif", plain()), "resize", name="i.gif", out="o.gif", **arguments).failure is None
    assert asked == pytest.approx([5 * 48 * 32 / 1e6, 5 * 96 * 64 / 1e6, 48 * 32 / 1e6])


def test_damaged_animations_of_any_kind_leave_whole_renditions_or_nothing(processed: Processing) -> None:
    for kind in NAMES:
        whole = animation(kind, [photo(SIZE, seed) for seed in range(6)])
        for seed in range(40):
            chance = random.Random(seed)
            at = chance.randrange(13, len(whole) - 20)
            damaged = whole[:at] + chance.randbytes(8) + whole[at + 8 :]
            result = processed(damaged, "resize", name=f"i.{kind}", out=f"o.{kind}", width=20)
            if result.failure:
                assert result.failure.code in {"corrupt_input", "too_large", "unsupported_format"}, result.failure
