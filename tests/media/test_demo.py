from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import av
import pytest
import pyvips
from PIL import Image

from dmedia import formats
from dmedia.errors import PreflightError, UsageError
from dmedia.media import exif
from dmedia.media.demo import make_demo, samples
from dmedia.model import Limits
from tests.media.films import choose_poster

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    return make_demo(os.fsencode(tmp_path_factory.mktemp("made") / "demo"))


def one(made: list[bytes], name: bytes) -> str:
    return os.fsdecode(next(path for path in made if name in path))


def test_every_file_is_what_its_name_says_and_reads_without_an_error(made: list[bytes]) -> None:
    assert len(made) == 11
    for path in made:
        with open(path, "rb") as file:
            sniffed = formats.sniff(file.read(formats.HEAD_BYTES), path)
        assert sniffed.kind == formats.kind_by_extension(path)
        if sniffed.kind == "image":
            assert pyvips.Image.new_from_file(os.fsdecode(path), fail_on="error").deviate() > 10


def test_no_two_renditions_collide(made: list[bytes]) -> None:
    assert len({os.path.splitext(path)[0].lower() for path in made}) == len(made)


def test_the_tree_has_large_turned_located_and_transparent_pictures_and_a_name_beyond_ascii(
    made: list[bytes],
) -> None:
    with Image.open(one(made, b"sunset")) as picture:
        assert picture.size == (4000, 3000)
    with Image.open(one(made, b"lighthouse")) as picture:
        assert (picture.size, picture.getexif()[exif.ORIENTATION]) == ((2000, 1500), 6)
    with Image.open(one(made, b"dunes")) as picture:
        tags = picture.getexif()
        assert tags[exif.COPYRIGHT].encode("latin-1").decode() == samples.OWNER
        assert tags.get_ifd(exif.GPS_DIRECTORY)[2] == (31.0, 8.0, 30.0)
        assert tags.get_ifd(exif.EXIF_DIRECTORY)[0xA431] == "DEMO-000042"
    with Image.open(one(made, b"badge")) as picture:
        assert picture.mode == "RGBA"
        assert picture.getchannel("A").getextrema() == (0, 255)
    assert any(not path.isascii() for path in made)


def test_the_film_begins_black_and_its_poster_is_not(made: list[bytes]) -> None:
    path = one(made, b"sailing")
    with av.open(path) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.width, stream.height) == ("h264", 640, 360)
        assert float((stream.duration or 0) * (stream.time_base or 0)) == pytest.approx(3)
        first = next(container.decode(stream))
    assert max(bytes(first.reformat(format="gray").planes[0])) < 5
    poster = choose_poster(os.fsencode(path), 320, 240, Limits())
    assert poster.image.avg() > 60
    assert poster.warnings == ()


def test_made_again_every_file_stays_and_a_lost_one_comes_back(tmp_path: Path) -> None:
    directory = os.fsencode(tmp_path)
    made = make_demo(directory)
    os.unlink(made[6])
    with open(made[7], "wb") as file:
        file.write(b"mine")
    before = {path: os.stat(path).st_mtime_ns for path in made if path != made[6]}
    time.sleep(0.02)
    assert make_demo(directory) == made
    assert {path: os.stat(path).st_mtime_ns for path in before} == before
    assert os.path.getsize(made[6]) > 1000


def test_a_directory_with_other_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="holds other things"):
        make_demo(os.fsencode(tmp_path))
    assert os.listdir(tmp_path) == ["mine.txt"]
    with pytest.raises(UsageError, match="is a file"):
        make_demo(os.fsencode(tmp_path / "mine.txt"))


def test_a_place_that_cannot_be_written_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(source: bytes, target: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "rename", full)
    with pytest.raises(PreflightError, match="No space left"):
        make_demo(os.fsencode(tmp_path / "demo"))
    assert [name for _, _, names in os.walk(tmp_path) for name in names] == []
