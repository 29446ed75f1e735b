from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
import pytest
from av.stream import Disposition
from PIL import Image, ImageFilter

from dmedia.errors import MediaError
from dmedia.media import guard
from dmedia.media.films import moments
from dmedia.model import Limits
from tests.corpus import CORPUS, needs_corpus
from tests.media.films import Making, add_stream, choose_poster, make_film, replace_once, scene, to_frame, turn

if TYPE_CHECKING:
    import pyvips
    from av.audio.stream import AudioStream

RED, GREEN, BLUE, WHITE = (254, 0, 0), (0, 255, 0), (0, 0, 254), (255, 255, 255)
CLOCKWISE = [RED, GREEN, BLUE, WHITE]
LIMITS = Limits()


def corners(image: pyvips.Image) -> list[tuple[int, ...]]:
    """Which colour stands in each corner, clockwise from the upper left."""
    x, y = image.width // 10, image.height // 10
    found = [
        image(*at)
        for at in (
            (x, y),
            (image.width - 1 - x, y),
            (image.width - 1 - x, image.height - 1 - y),
            (x, image.height - 1 - y),
        )
    ]
    return [min(CLOCKWISE, key=lambda c: sum((a - b) ** 2 for a, b in zip(c, pixel, strict=True))) for pixel in found]


def black(count: int, size: tuple[int, int] = (160, 90)) -> list[Image.Image]:
    return [Image.new("RGB", size)] * count


def test_a_poster_is_not_the_black_beginning(tmp_path: Path) -> None:
    path = make_film(tmp_path / "film.mp4", [*black(10), *[scene()] * 20])
    poster = choose_poster(path, None, None, LIMITS)
    assert (poster.image.width, poster.image.height, poster.image.bands) == (160, 90, 3)
    assert (poster.image.format, poster.image.interpretation) == ("uchar", "srgb")
    assert corners(poster.image) == CLOCKWISE
    assert (poster.decoder, poster.warnings) == ("pyav", ())


def test_a_single_black_keyframe_is_not_the_poster(tmp_path: Path) -> None:
    path = make_film(
        tmp_path / "film.mp4", [*black(10), *[scene()] * 20], Making(gop=250, options={"sc_threshold": "0"})
    )
    assert corners(choose_poster(path, None, None, LIMITS).image) == CLOCKWISE


def test_a_sharp_frame_is_taken_before_blurred_and_uniform_ones(tmp_path: Path) -> None:
    blurred = scene().filter(ImageFilter.GaussianBlur(30))
    path = make_film(
        tmp_path / "film.mp4", [*[blurred] * 10, *[scene()] * 10, *[Image.new("RGB", (160, 90), "pink")] * 10]
    )
    assert corners(choose_poster(path, None, None, LIMITS).image) == CLOCKWISE


def test_a_film_that_is_dark_throughout_gives_its_best_frame(tmp_path: Path) -> None:
    dark = scene().point(lambda value: value // 20)
    path = make_film(tmp_path / "film.mp4", [*black(15), *[dark] * 15])
    poster = choose_poster(path, None, None, LIMITS)
    assert poster.image.max() > 5
    assert poster.warnings == ()


@pytest.mark.parametrize("size", [(1, 1), (2, 1), (3, 3), (321, 241)])
@pytest.mark.parametrize("count", [1, 2])
def test_films_of_any_size_and_of_one_frame_have_a_poster(tmp_path: Path, size: tuple[int, int], count: int) -> None:
    path = make_film(tmp_path / "film.mp4", [scene(*size)] * count, Making(pixels="yuv444p"))
    poster = choose_poster(path, 320, 240, LIMITS)
    assert (poster.image.width, poster.image.height) == (size if size != (321, 241) else (320, 241))
    poster.image.avg()


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        ((1, 0, 0, 1), [RED, GREEN, BLUE, WHITE]),
        ((0, 1, -1, 0), [WHITE, RED, GREEN, BLUE]),
        ((-1, 0, 0, -1), [BLUE, WHITE, RED, GREEN]),
        ((0, -1, 1, 0), [GREEN, BLUE, WHITE, RED]),
        ((-1, 0, 0, 1), [GREEN, RED, WHITE, BLUE]),
        ((1, 0, 0, -1), [WHITE, BLUE, GREEN, RED]),
        ((0, 1, 1, 0), [RED, WHITE, BLUE, GREEN]),
        ((0, -1, -1, 0), [BLUE, GREEN, RED, WHITE]),
    ],
)
def test_every_display_matrix_comes_out_upright(
    tmp_path: Path, matrix: tuple[int, ...], expected: list[tuple[int, int, int]]
) -> None:
    path = make_film(tmp_path / "film.mp4", [scene()] * 5)
    turn(path, matrix)
    is_turned = matrix[0] == 0
    for box, size in (
        ((None, None), (160, 90)),
        ((64, 36), (64, 36)),
        ((36, None), (36, 21) if not is_turned else (64, 36)),
    ):
        wanted = (box[1], box[0]) if is_turned and None not in box else box
        image = choose_poster(path, wanted[0], wanted[1], LIMITS).image
        assert (image.width, image.height) == (size[::-1] if is_turned else size)
        assert corners(image) == expected


@pytest.mark.parametrize(
    ("shape", "full", "boxed"),
    [
        (Fraction(2, 1), (320, 90), (143, 40)),
        (Fraction(1, 2), (80, 90), (40, 45)),
        (Fraction(1, 200), (160, 90), (72, 40)),
    ],
)
def test_pixels_are_square(tmp_path: Path, shape: Fraction, full: tuple[int, int], boxed: tuple[int, int]) -> None:
    path = make_film(tmp_path / "film.mkv", [scene()] * 5, Making(shape=shape))
    image = choose_poster(path, None, None, LIMITS).image
    assert (image.width, image.height) == full
    image = choose_poster(path, 40, 40, LIMITS).image
    assert (image.width, image.height) == boxed


def test_a_poster_covers_its_box_but_is_never_enlarged(tmp_path: Path) -> None:
    path = make_film(tmp_path / "film.mp4", [scene(320, 180)] * 3)
    for box, size in (
        ((100, 100), (178, 100)),
        ((100, None), (100, 57)),
        ((None, 90), (160, 90)),
        ((5000, 10), (320, 180)),
    ):
        image = choose_poster(path, box[0], box[1], LIMITS).image
        assert (image.width, image.height) == size
        assert corners(image) == CLOCKWISE


def matrix_709(frame: av.VideoFrame) -> None:
    frame.colorspace, frame.color_range = 1, 1


@pytest.mark.parametrize(
    ("codec", "pixels", "suffix"),
    [
        ("libx264", "yuv420p", "mp4"),
        ("libx264", "yuvj420p", "mp4"),
        ("libx264", "yuv444p", "mov"),
        ("libx264", "yuv420p10le", "mkv"),
        ("libx264", "yuv420p", "ts"),
        ("mpeg2video", "yuv420p", "mpg"),
        ("mpeg2video", "yuv420p", "ts"),
        ("mpeg4", "yuv420p", "avi"),
        ("mjpeg", "yuvj422p", "avi"),
        ("libvpx-vp9", "yuv420p", "webm"),
        ("libvpx-vp9", "yuva420p", "webm"),
    ],
)
def test_every_common_codec_and_container_has_its_true_colours(
    tmp_path: Path, codec: str, pixels: str, suffix: str
) -> None:
    path = make_film(tmp_path / f"film.{suffix}", [scene(320, 180)] * 25, Making(codec=codec, pixels=pixels))
    poster = choose_poster(path, 160, 90, LIMITS)
    assert corners(poster.image) == CLOCKWISE
    x, y = 80, 45
    assert poster.image(x, y) == pytest.approx([0xC0, 0x80, 0x40], abs=14)
    assert poster.warnings == ()


def test_an_untagged_film_in_high_definition_is_taken_for_bt_709(tmp_path: Path) -> None:
    def shown(size: tuple[int, int]) -> list[float]:
        frame = av.VideoFrame(*size, "yuv444p")
        for plane, value in zip(frame.planes, (63, 102, 240), strict=True):  # red in BT.709
            plane.update(bytes([value]) * plane.buffer_size)
        from dmedia.media.films.frame import to_picture

        return list(to_picture(frame, None)(5, 5))

    assert shown((1280, 720)) == pytest.approx([255, 0, 0], abs=4)
    assert shown((640, 360)) != pytest.approx([255, 0, 0], abs=4)


def test_an_interlaced_film_shows_one_field(tmp_path: Path) -> None:
    combed = Image.new("RGB", (160, 90))
    for line in range(90):
        combed.paste(scene().crop((0, line, 160, line + 1)) if line % 2 == 0 else (0, 0, 0), (0, line, 160, line + 1))
    options = {"flags": "+ildct+ilme", "top": "1", "qmin": "1", "qmax": "2"}
    path = make_film(tmp_path / "film.mpg", [combed] * 10, Making(codec="mpeg2video", options=options, gop=1))
    image = choose_poster(path, None, None, LIMITS).image
    assert (image.width, image.height) == (160, 90)
    assert corners(image) == CLOCKWISE
    assert image.crop(2, 5, 30, 8).extract_band(0).min() > 150


def hdr(frame: av.VideoFrame) -> None:
    frame.colorspace, frame.color_primaries, frame.color_trc, frame.color_range = 9, 9, 16, 1


def test_a_film_in_high_dynamic_range_gives_a_picture(tmp_path: Path) -> None:
    options = {"x264-params": "colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc"}
    path = make_film(tmp_path / "film.mkv", [scene()] * 5, Making(pixels="yuv420p10le", options=options, tag=hdr))
    assert corners(choose_poster(path, None, None, LIMITS).image) == CLOCKWISE


def test_a_film_without_a_duration_has_a_poster(tmp_path: Path) -> None:
    path = make_film(
        tmp_path / "film.webm", [*black(10), *[scene()] * 10], Making(codec="libvpx", container={"live": "1"})
    )
    with av.open(os.fsdecode(path)) as container:
        assert not container.duration
    assert corners(choose_poster(path, None, None, LIMITS).image) == CLOCKWISE


def test_the_film_is_chosen_not_its_cover_or_a_preview(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    with av.open(str(path), "w") as container:
        cover = add_stream(container, (400, 300), Making(codec="mjpeg", pixels="yuvj420p"))
        preview = add_stream(container, (64, 36), Making())
        film = add_stream(container, (160, 90), Making())
        cover.disposition = Disposition.attached_pic
        preview.disposition = film.disposition = Disposition.default
        container.mux(cover.encode(to_frame(Image.new("RGB", (400, 300), "pink"))))
        for _ in range(10):
            container.mux(preview.encode(to_frame(scene(64, 36))))
            container.mux(film.encode(to_frame(scene())))
        for stream in (cover, preview, film):
            container.mux(stream.encode())
    image = choose_poster(os.fsencode(path), None, None, LIMITS).image
    assert (image.width, image.height) == (160, 90)
    assert corners(image) == CLOCKWISE


def refused(path: bytes, limits: Limits = LIMITS) -> tuple[str, str]:
    with pytest.raises(MediaError) as caught:
        choose_poster(path, 320, 240, limits)
    return caught.value.code, caught.value.message


def make_sound(path: Path, codec: str) -> bytes:
    with av.open(str(path), "w") as container:
        stream: AudioStream = container.add_stream(codec, rate=44100)  # type: ignore[assignment]  # all codecs here are audio
        for _ in range(30):
            frame = av.AudioFrame(format="fltp" if codec == "aac" else "s16p", layout="mono", samples=1024)
            frame.sample_rate = 44100
            frame.planes[0].update(bytes(frame.planes[0].buffer_size))
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return os.fsencode(path)


def test_sound_alone_is_not_a_film(tmp_path: Path) -> None:
    assert refused(make_sound(tmp_path / "sound.mp4", "aac")) == (
        "unsupported_format",
        "Unsupported format: audio only",
    )
    sound = Path(os.fsdecode(make_sound(tmp_path / "sound.mp3", "libmp3lame")))
    named = sound.rename(tmp_path / "named.mp4")
    assert refused(os.fsencode(named))[0] == "unsupported_format"


def test_a_cover_alone_is_not_a_film(tmp_path: Path) -> None:
    path = make_film(tmp_path / "film.mp4", [scene()], Making(codec="mjpeg", pixels="yuvj420p"))
    with av.open(os.fsdecode(path)) as source, av.open(str(tmp_path / "cover.mp4"), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        stream.disposition = Disposition.attached_pic
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    assert refused(os.fsencode(tmp_path / "cover.mp4")) == (
        "unsupported_format",
        "Unsupported format: audio with a cover picture",
    )


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "corrupt_input"),
        (b"just text\n" * 50, "unsupported_format"),
        (b"\0\0\0\x14ftypisom\0\0\2\0isom" + b"\0\0\0\x10mdat12345678", "incomplete_input"),
        (b"\0\0\0\x14ftypisom\0\0\2\0isom" + b"\0\0\0\x10moov12345678", "corrupt_input"),
        (b"\x1aE\xdf\xa3" + b"\x7f" * 500, "corrupt_input"),
    ],
)
def test_what_is_no_film_says_so(tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(content)
    assert refused(os.fsencode(path))[0] == code


def test_pictures_are_not_films(tmp_path: Path) -> None:
    for name, extension in (("a.mp4", "jpeg"), ("b.mp4", "gif"), ("c.mp4", "png")):
        scene().save(tmp_path / name, format=extension)
        assert refused(os.fsencode(tmp_path / name))[0] == "unsupported_format"


def test_a_film_without_a_decoder_says_so(tmp_path: Path) -> None:
    path = make_film(tmp_path / "film.mp4", [scene()] * 3)
    replace_once(path, b"avc1", b"zzz9")
    assert refused(path) == ("unsupported_format", "Unsupported format: no decoder for this film's video")


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "film.avi", "film.mpg"])
def test_a_cut_film_has_a_poster_and_a_warning(tmp_path: Path, name: str) -> None:
    noisy = [scene(320, 180).effect_spread(20 + i) for i in range(5)] * 10
    codec = "mpeg2video" if name.endswith("mpg") else "mpeg4" if name.endswith("avi") else "libx264"
    path = make_film(
        tmp_path / name, noisy, Making(codec=codec, container={"movflags": "faststart"} if "mp4" in name else {})
    )
    whole = choose_poster(path, None, None, LIMITS)
    assert whole.warnings == ()
    size = os.path.getsize(path)
    os.truncate(path, size // 2)
    poster = choose_poster(path, None, None, LIMITS)
    assert poster.image.avg() > 10
    if not name.endswith("mpg"):  # a program stream declares no duration: it is as long as it is
        assert poster.warnings
        assert poster.warnings[0].startswith("The film is cut off: ")
    os.truncate(path, 10)
    assert refused(path)[0] in {"unsupported_format", "corrupt_input", "incomplete_input"}


def test_a_film_cut_before_its_first_frame_is_incomplete(tmp_path: Path) -> None:
    path = make_film(tmp_path / "film.mp4", [scene()] * 20, Making(container={"movflags": "faststart"}))
    with open(path, "rb") as file:
        os.truncate(path, file.read().index(b"mdat") + 20)
    assert refused(path)[0] == "incomplete_input"


def test_a_damaged_film_has_a_poster_or_a_reason(tmp_path: Path) -> None:
    path = make_film(
        tmp_path / "film.mp4", [scene(320, 180).effect_spread(20)] * 30, Making(container={"movflags": "faststart"})
    )
    with open(path, "r+b") as file:
        data = bytearray(file.read())
        begin = data.index(b"mdat") + 8
        for at in range(begin + 1500, len(data), 97):
            data[at] ^= 0x5A
        file.seek(0)
        file.write(data)
    poster = choose_poster(path, None, None, LIMITS)
    assert poster.image.avg() > 10
    assert poster.warnings
    with open(path, "r+b") as file:
        file.seek(begin)
        file.write(b"\xff" * (len(data) - begin))
    assert refused(path) == ("corrupt_input", "Corrupt input: no frame of this film can be decoded")


def test_limits_hold_before_anything_is_decoded(tmp_path: Path) -> None:
    path = make_film(tmp_path / "film.mp4", [scene()] * 3)
    code, message = refused(path, Limits(max_film_bytes=100))
    assert (code, "limit is 100" in message) == ("too_large", True)
    code, message = refused(path, Limits(max_page_pixels=160 * 90 - 1))
    assert (code, "160x90" in message) == ("too_large", True)
    assert choose_poster(path, None, None, Limits(max_page_pixels=160 * 90)).image.width == 160


@pytest.mark.parametrize(
    "name", [b"\xff\xe9.mp4", b"a[Q=1].mp4", b"%d 'x' \n.mp4", b"-y", b"http:film.mp4", b"concat:a|b.mp4"]
)
def test_any_name_is_the_name_of_a_file(tmp_path: Path, name: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    source = make_film(tmp_path / "film.mp4", [scene()] * 3)
    target = os.path.join(os.fsencode(tmp_path), name)
    os.rename(source, target)
    assert choose_poster(target, None, None, LIMITS).image.width == 160
    monkeypatch.chdir(tmp_path)
    assert choose_poster(name, None, None, LIMITS).image.width == 160


@pytest.mark.parametrize(
    "playlist",
    [
        "ffconcat version 1.0\nfile other.mp4\n",
        "ffconcat version 1.0\nfile http://127.0.0.1:9/other.mp4\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nother.mp4\n#EXT-X-ENDLIST\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nhttp://127.0.0.1:9/other.mp4\n#EXT-X-ENDLIST\n",
    ],
)
def test_a_playlist_named_as_a_film_opens_no_other_file_and_no_network(tmp_path: Path, playlist: str) -> None:
    make_film(tmp_path / "other.mp4", [scene()] * 3)
    (tmp_path / "list.mp4").write_text(playlist)
    script = (
        "import sys\nfrom dmedia.model import Limits\nfrom tests.media.films import choose_poster\n"
        "try: choose_poster(sys.argv[1].encode(), None, None, Limits())\nexcept Exception as error: print(error.code)\n"
    )
    path = str(tmp_path / "list.mp4")
    watched = ["strace", "-f", "-e", "trace=openat,open,connect,socket", sys.executable, "-c", script, path]
    command = watched if _has_strace() else watched[4:]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "unsupported_format\n"
    assert "other.mp4" not in done.stderr
    assert "AF_INET" not in done.stderr


def _has_strace() -> bool:
    import shutil

    return shutil.which("strace") is not None


def test_missing_files_directories_and_pipes_are_refused(tmp_path: Path) -> None:
    assert refused(os.fsencode(tmp_path / "none.mp4"))[0] == "not_found"
    assert refused(os.fsencode(tmp_path))[0] == "unsupported_format"
    os.mkfifo(tmp_path / "pipe.mp4")
    assert refused(os.fsencode(tmp_path / "pipe.mp4"))[0] == "unsupported_format"


def test_the_deadline_follows_the_duration_unless_one_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[float] = []
    monkeypatch.setattr(guard, "extend", asked.append)
    path = make_film(tmp_path / "film.mp4", [scene(16, 16)] * 200)
    choose_poster(path, None, None, LIMITS)
    assert asked == [120.0, pytest.approx(200.0)]
    asked.clear()
    choose_poster(path, None, None, Limits(timeout_s=5.0))
    assert asked == []


def test_titles_that_are_not_unicode_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    make_film(path, [scene()] * 3)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"Lavf", b"\xe9\xff\xfe\xe9"))
    assert choose_poster(os.fsencode(path), None, None, LIMITS).image.width == 160


def test_a_frame_of_one_pixel_can_be_measured() -> None:
    moment = moments.measure(av.VideoFrame(1, 1, "yuv444p"))
    assert (moment.spread, moment.sharpness, moment.is_telling) == (0.0, 0.0, False)


KINDS = {
    "corrupt": {"corrupt_input", "incomplete_input"},
    "unsupported": {"unsupported_format"},
    "wrong_ext": {"unsupported_format"},
}
ONE_FILM = (
    "import os, sys\nfrom dmedia.media import guard\nfrom dmedia.model import Limits\n"
    "guard.enter(Limits()); guard.watch(); guard.begin(30)\n"
    "from dmedia.errors import MediaError\nfrom tests.media.films import choose_poster\n"
    "try: image = choose_poster(os.fsencode(sys.argv[1]), 320, 240, Limits()).image\n"
    "except MediaError as error: print('error', error.code)\n"
    "else: image.avg(); print('ok', image.width, image.height)\n"
)


@needs_corpus
def test_every_film_of_the_corpus_does_what_its_row_says() -> None:
    with open(CORPUS / "MANIFEST.tsv", encoding="utf-8") as file:
        rows = [row for row in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE) if len(row) > 10]
    films = [
        row for row in rows if row[0].startswith("video/") or (row[0].startswith("bad/") and row[0].endswith(".mp4"))
    ]
    assert len(films) > 50
    for row in films:
        done = subprocess.run(
            [sys.executable, "-c", ONE_FILM, str(CORPUS / row[0])], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (row[0], done.returncode, done.stderr)
        outcome, *details = done.stdout.split()
        allowed = row[10].split("|")
        if outcome == "ok":
            assert "ok" in allowed, row[0]
            upright = [int(side) for side in row[7].split("x")] if row[7] else []
            if upright and re.search(r"sar=(1|None)\b(?!/)", row[9]):
                width, height = (int(side) for side in details)
                assert width / height == pytest.approx(upright[0] / upright[1], rel=0.02), row[0]
        else:
            assert any(details[0] in KINDS.get(kind.removeprefix("error:"), set()) for kind in allowed), (
                row[0],
                details,
            )
