"""One file at a time, here and now: without a job, without Dask, in a slot as ever."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import stat
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import dmedia
from tests.api.program import Program
from tests.cli.test_start_up import HEAVY
from tests.command import LIMIT_S, SABOTAGE, below
from tests.marks import needs_marks
from tests.media.films import make_film, scene
from tests.media_making import corners, encoded, jpeg

SMALL = {"width": 20}
WRONG = dmedia.Limits(allow_svg="yes")  # type: ignore[arg-type]  # what a caller may do


@pytest.fixture
def photo(here: Path) -> Path:
    path = here / "photo.jpg"
    path.write_bytes(jpeg(size=(100, 70)))
    return path


def what(path: Path | str) -> tuple[str | None, tuple[int, int]]:
    with Image.open(path) as picture:
        return picture.format, picture.size


def test_single_files_need_no_dask_and_no_codec_in_the_program(program: Program, here: Path, photo: Path) -> None:
    loaded, statuses, children = program("""
        told = [
            dmedia.process_file("photo.jpg", "a.webp", "resize", {"width": 20}),
            dmedia.apply_preset("photo.jpg", "b.jpg", "social_media"),
            dmedia.media_info("photo.jpg"),
        ]
        import psutil
        left = [process.pid for process in psutil.Process().children()]
        loaded = sorted({name.split(".")[0] for name in sys.modules})
        print(json.dumps([loaded, [document.get("status") for document in told], left]))
    """)
    assert set(loaded) & (HEAVY | {"click", "rich", "mcp"}) == set()
    assert (statuses, children) == (["completed", "completed", None], [])
    assert what("a.webp") == ("WEBP", (20, 14))
    assert what("b.jpg") == ("JPEG", (1080, 1080))
    assert below(here) == ["a.webp", "b.jpg", "photo.jpg", "program.py"]  # and no home: nothing was recorded


@pytest.mark.parametrize(
    ("name", "pillow"),
    [
        ("a.jpg", "JPEG"),
        ("a.JPEG", "JPEG"),
        ("a.png", "PNG"),
        ("a.webp", "WEBP"),
        ("a.avif", "AVIF"),
        ("a.Tif", "TIFF"),
        ("a.tiff", "TIFF"),
        ("a.gif", "GIF"),
    ],
)
def test_the_extension_says_the_format(here: Path, photo: Path, name: str, pillow: str) -> None:
    document = dmedia.process_file(photo, name, "convert", {"width": 20, "format": None})
    assert what(name) == (pillow, (20, 14))
    (output,) = document["outputs"]
    assert (document["status"], output["path"]) == ("completed", str(here / name))
    assert (output["width"], output["height"], output["bytes"]) == (20, 14, Path(name).stat().st_size)


def test_a_document_is_that_of_a_batch(here: Path, photo: Path) -> None:
    job = dmedia.batch_process(photo, "resize", "batch", SMALL)
    job.wait(60)
    (batch,) = job.files()
    single = dmedia.process_file(photo, "single/", "resize", SMALL)
    assert list(batch) == list(single)
    for document, folder in ((batch, "batch"), (single, "single")):
        assert document["path"] == str(photo)
        assert document["outputs"][0].pop("path") == str(here / folder / "photo.jpg")  # type: ignore[misc]
    assert batch["outputs"] == single["outputs"]
    assert (here / "batch/photo.jpg").read_bytes() == (here / "single/photo.jpg").read_bytes()


def test_paths_are_of_any_kind(here: Path, photo: Path) -> None:
    (here / "made").mkdir()
    for path, output, made in (
        ("photo.jpg", "made", "made/photo.jpg"),
        (b"photo.jpg", b"new/", "new/photo.jpg"),
        (photo, Path("made"), "made/photo.jpg"),
        ("./made/../photo.jpg", Path("deep/er/b.png"), "deep/er/b.png"),
    ):
        document = dmedia.process_file(path, output, "resize", SMALL)
        assert (document["path"], document["outputs"][0]["path"]) == (str(photo), str(here / made))
        assert (here / made).exists()


@pytest.mark.skipif(sys.platform == "darwin", reason="names must be UTF-8 there")
def test_names_need_not_be_utf_8(here: Path, photo: Path) -> None:
    os.rename(photo, b"\xfe.jpg")
    document = dmedia.process_file(b"\xfe.jpg", b"\xff.png", "resize", SMALL)
    assert os.path.exists(b"\xff.png")
    assert (document["path"][-5:], "path_b64" in document) == ("\ufffd.jpg", True)
    assert "path_b64" in dmedia.media_info(os.fsdecode(b"\xfe.jpg"))


def test_a_preset_takes_the_extension_where_it_says_no_format(here: Path, photo: Path) -> None:
    (here / "presets").mkdir()
    (here / "presets/small.toml").write_text('operation = "resize"\n[parameters]\nwidth = 20\n')
    dmedia.apply_preset(photo, "a.webp", "small")
    dmedia.process_file(photo, "b.webp", "small")
    assert what("a.webp") == what("b.webp") == ("WEBP", (20, 14))
    dmedia.process_file(photo, "c.webp", "small", {"width": 10})
    assert what("c.webp") == ("WEBP", (10, 7))
    dmedia.apply_preset(photo, "d/", "web_optimized")
    assert what("d/photo.webp") == ("WEBP", (100, 70))


def test_a_film_has_a_thumbnail(here: Path) -> None:
    make_film(here / "film.mp4", [scene()] * 20)
    dmedia.process_file("film.mp4", "film.jpg", "thumbnail", {"width": 32, "height": 24})
    assert what("film.jpg") == ("JPEG", (32, 24))
    info = dmedia.media_info("film.mp4")
    assert (info["kind"], info["width"], info["video_codec"]) == ("film", 160, "h264")


@pytest.mark.parametrize(
    ("given", "options", "code", "words"),
    [
        (("photo.jpg", "a.jpg", "convert", {"format": "webp"}), {}, "invalid_parameter", "ends like jpg"),
        (("photo.jpg", "a.webp", "social_media"), {}, "invalid_parameter", "The rendition is jpg"),
        (("photo.jpg", "a.bmp", "resize", SMALL), {}, "usage", "no extension of a format that is written"),
        (("photo.jpg", "a", "resize", SMALL), {}, "usage", "no extension"),
        (("photo.jpg", "", "resize", SMALL), {}, "usage", "no path"),
        (("photo.jpg", "ftp://b/a.jpg", "resize", SMALL), {}, "usage", "not read or written"),
        (("photo.jpg", "a.jpg", "reszie", SMALL), {}, "unknown_operation", "did you mean 'resize'"),
        (("photo.jpg", "a.jpg", "resize", {"widht": 9}), {}, "invalid_parameter", "did you mean 'width'?"),
        (("photo.jpg", "a.jpg", "resize"), {}, "invalid_parameter", "needs width, height or both"),
        (("photo.jpg", "a.jpg", "resize", SMALL), {"overwite": True}, "invalid_parameter", "mean 'overwrite'?"),
        (("photo.jpg", "a.jpg", "resize", SMALL), {"recursive": True}, "invalid_parameter", "Unknown option"),
        (("photo.jpg", "a.jpg", "resize", SMALL), {"overwrite": "no"}, "invalid_parameter", "True or False"),
        (("photo.jpg", "a.jpg", "resize", SMALL), {"limits": 3}, "invalid_parameter", "dmedia.Limits"),
        (("photo.jpg", "a.jpg", "resize", SMALL), {"limits": dmedia.Limits(timeout_s=-4)}, "invalid_parameter", "-4"),
        (("photo.jpg", "a.jpg", "resize", SMALL), {"limits": WRONG}, "invalid_parameter", "limits.allow_svg is 'yes'"),
        (("photo.jpg", "a.jpg", "resize", SMALL), {"roots": []}, "invalid_parameter", "at least one"),
        (("photo.jpg", "photo.jpg", "resize", SMALL), {}, "output_exists", "its own source"),
        (("photo.jpg", "text.jpg", "resize", SMALL), {}, "output_exists", "text.jpg"),
        (("photo.jpg", "a" * 300 + ".jpg", "resize", SMALL), {}, "io_error", "File name too long"),
        ((None, "a.jpg", "resize", SMALL), {}, "invalid_parameter", "input_path is None"),
        (("photo.jpg", 3, "resize", SMALL), {}, "invalid_parameter", "output_path is 3"),
        (("photo.jpg", "a.jpg", "resize", SMALL), {"roots": "folder"}, "outside_roots", "photo.jpg"),
        (("photo.jpg", "folder/../a.jpg", "resize", SMALL), {"roots": ["folder"]}, "outside_roots", "photo.jpg"),
        (("folder/link.jpg", "folder/a.jpg", "resize", SMALL), {"roots": "folder"}, "outside_roots", "link.jpg"),
        (("folder/in.jpg", "a.jpg", "resize", SMALL), {"roots": "folder"}, "outside_roots", "leads out"),
        (("folder/in.jpg", "folder/out/a.jpg", "resize", SMALL), {"roots": "folder"}, "outside_roots", "leads out"),
        (("folder", "a.jpg", "resize", SMALL), {}, "usage", "is a directory"),
        (("", "a.jpg", "resize", SMALL), {}, "usage", "empty"),
        (("file:///a.jpg", "a.jpg", "resize", SMALL), {}, "usage", "is a URL of a local file"),
        (("a\0.jpg", "a.jpg", "resize", SMALL), {}, "usage", "NUL"),
        (("none.jpg", "a.jpg", "resize", SMALL), {}, "not_found", "none.jpg"),
        (("*.jpg", "a.jpg", "resize", SMALL), {}, "not_found", "*.jpg"),
        (("text.jpg", "a.jpg", "resize", SMALL), {}, "unsupported_format", "text.jpg"),
        (("half.jpg", "new/a.jpg", "resize", SMALL), {}, "corrupt_input", "half.jpg"),
        (("pipe.jpg", "a.jpg", "resize", SMALL), {}, "unsupported_format", "named pipe"),
        (("photo.jpg", "text.jpg/a.jpg", "resize", SMALL), {}, "output_exists", "a file stands"),
        (("photo.jpg", "a.jpg", "resize", SMALL), {"limits": dmedia.Limits(max_page_pixels=9)}, "too_large", "photo"),
    ],
)  # fmt: skip
def test_a_refusal_has_a_code_and_leaves_nothing(
    here: Path, photo: Path, given: Any, options: Any, code: str, words: str
) -> None:
    (here / "text.jpg").write_text("no picture at all, but a text")
    (here / "half.jpg").write_bytes(jpeg(size=(1000, 700))[:5000])
    os.mkfifo(here / "pipe.jpg")
    (here / "folder").mkdir()
    shutil.copy(photo, here / "folder/in.jpg")
    (here / "folder/link.jpg").symlink_to("../photo.jpg")
    (here / "folder/out").symlink_to("..")
    before = below(here)
    with pytest.raises(dmedia.DmediaError) as refused:
        dmedia.process_file(*given, **options)
    error = refused.value
    assert (error.code, words in error.message) == (code, True), error.message
    about_the_file = code not in ("usage", "invalid_parameter", "unknown_operation", "outside_roots")
    assert isinstance(error, dmedia.MediaError) == about_the_file
    assert below(here) == before


def test_a_drawing_is_rendered_where_limits_allow_it(here: Path) -> None:
    (here / "a.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="20" height="10"/>')
    done = dmedia.process_file("a.svg", "a.png", "resize", {"width": 40}, limits=dmedia.Limits(allow_svg=True))
    assert (done["outputs"][0]["width"], done["outputs"][0]["height"]) == (40, 20)


def test_a_file_of_somebody_else_stays_unless_it_may_go(here: Path, photo: Path) -> None:
    (here / "a.jpg").write_text("somebody's own")
    calls: list[Callable[..., Any]] = [
        lambda **more: dmedia.process_file(photo, "a.jpg", "resize", SMALL, **more),
        lambda **more: dmedia.apply_preset(photo, "a.jpg", "social_media", **more),
    ]
    for call in calls:
        (here / "a.jpg").write_text("somebody's own")
        with pytest.raises(dmedia.MediaError) as refused:
            call()
        assert refused.value.code == "output_exists"
        assert (here / "a.jpg").read_text() == "somebody's own"
        call(overwrite=True)
        assert what("a.jpg")[0] == "JPEG"


@needs_marks
def test_a_rendition_may_be_made_again(here: Path, photo: Path) -> None:
    for width in (20, 10):
        dmedia.process_file(photo, "a.jpg", "resize", {"width": width})
        assert what("a.jpg")[1][0] == width


def test_a_source_is_never_overwritten(here: Path, photo: Path) -> None:
    content = photo.read_bytes()
    (here / "soft.jpg").symlink_to(photo)
    (here / "hard.jpg").hardlink_to(photo)
    (here / "around").symlink_to(here)
    for source, output in (
        ("photo.jpg", "photo.jpg"),
        ("photo.jpg", "."),
        ("photo.jpg", "soft.jpg"),
        ("photo.jpg", "hard.jpg"),
        ("soft.jpg", "photo.jpg"),
        ("photo.jpg", "around/photo.jpg"),
    ):
        for overwrite in (False, True):
            with pytest.raises(dmedia.MediaError) as refused:
                dmedia.process_file(source, output, "resize", SMALL, overwrite=overwrite)
            assert refused.value.code == "output_exists"
    assert photo.read_bytes() == content
    assert (here / "soft.jpg").is_symlink()
    assert below(here) == ["hard.jpg", "photo.jpg", "soft.jpg"]


@pytest.mark.parametrize(("name", "code"), [("crash", "decoder_crash"), ("hang", "timeout")])
def test_what_a_file_does_to_its_decoder_is_an_error(
    here: Path, photo: Path, monkeypatch: pytest.MonkeyPatch, name: str, code: str
) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(SABOTAGE), os.environ["PYTHONPATH"])))
    monkeypatch.setenv("DMEDIA_SLOT_SABOTAGE", str(here / "log"))
    photo.rename(here / f"{name}.jpg")
    with pytest.raises(dmedia.MediaError) as failed:
        dmedia.process_file(f"{name}.jpg", "a.jpg", "resize", SMALL, limits=dmedia.Limits(timeout_s=1.0))
    assert failed.value.code == code
    assert f"{name}.jpg" in failed.value.message
    assert below(here) == [f"{name}.jpg", "log"]


def test_many_threads_work_at_once(here: Path) -> None:
    for number in range(16):
        (here / f"{number}.png").write_bytes(encoded(corners((40 + number, 30)), "PNG"))

    def work(number: int) -> int:
        if number % 4 == 3:
            return dmedia.media_info(f"{number}.png")["width"]
        if number % 4 == 2:
            with pytest.raises(dmedia.MediaError):
                dmedia.process_file(f"none{number}.png", "out/", "resize", SMALL)
        (output,) = dmedia.process_file(f"{number}.png", "out/", "convert", {"format": "webp"})["outputs"]
        return output["width"]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(16))) == [40 + number for number in range(16)]
    assert len(below(here / "out")) == 12
    assert threading.active_count() < 8


@needs_marks
def test_many_threads_may_write_one_rendition(here: Path, photo: Path) -> None:
    def work(width: int) -> str:
        return dmedia.process_file(photo, "a.png", "resize", {"width": width})["status"]

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(work, range(10, 22))) == {"completed"}
    assert what("a.png")[0] == "PNG"
    assert below(here) == ["a.png", "photo.jpg"]
    assert stat.S_IMODE((here / "a.png").stat().st_mode) & 0o400


def test_media_info_tells_and_refuses(here: Path, photo: Path) -> None:
    info = dmedia.media_info(b"./photo.jpg", roots=here)
    assert (info["path"], info["kind"], info["format"], info["width"], info["height"]) == (
        str(photo), "image", "jpg", 100, 70,
    )  # fmt: skip
    (here / "text.jpg").write_text("no picture at all, but a text")
    (here / "folder").mkdir()
    (here / "folder/link.jpg").symlink_to(photo)
    refusals: tuple[tuple[Any, Any, str], ...] = (
        ("none.jpg", None, "not_found"),
        ("text.jpg", None, "unsupported_format"),
        (here, None, "unsupported_format"),
        ("", None, "usage"),
        (None, None, "invalid_parameter"),
        ("\ud800.jpg", None, "invalid_parameter"),
        ("ftp://host/a.jpg", None, "usage"),
        ("photo.jpg", [], "invalid_parameter"),
        ("photo.jpg", "folder", "outside_roots"),
        ("folder/../photo.jpg", ["folder"], "outside_roots"),
        ("folder/link.jpg", ["folder"], "outside_roots"),
        ("photo.jpg", "nowhere", "usage"),
    )
    for path, roots, code in refusals:
        with pytest.raises(dmedia.DmediaError) as refused:
            dmedia.media_info(path, roots=roots)
        assert refused.value.code == code
        if isinstance(refused.value, dmedia.MediaError):
            assert str(path) in refused.value.message


def test_dots_behind_a_link_are_followed_as_the_system_does(here: Path, photo: Path) -> None:
    (here / "other/deep").mkdir(parents=True)
    (here / "other/photo.jpg").write_bytes(jpeg(size=(33, 22)))
    (here / "link").symlink_to("other/deep")
    assert Image.open("link/../photo.jpg").size == (33, 22)
    assert dmedia.media_info("link/../photo.jpg")["width"] == 33
    (output,) = dmedia.process_file("link/../photo.jpg", "out.png", "convert")["outputs"]
    assert output["width"] == 33


def test_a_bad_photo_costs_a_pool_of_processes_nothing_else(here: Path, photo: Path) -> None:
    (here / "half.jpg").write_bytes(jpeg(size=(1000, 700))[:5000])
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        bad = pool.submit(dmedia.process_file, "half.jpg", "b.webp", "resize", SMALL)
        good = pool.submit(dmedia.process_file, photo, "a.webp", "resize", SMALL)
        assert good.result(LIMIT_S)["status"] == "completed"
        with pytest.raises(dmedia.MediaError, match=r"half\.jpg") as refused:
            bad.result(LIMIT_S)
        assert (refused.value.code, refused.value.stage) == ("corrupt_input", "decode")


def test_a_preset_of_several_renditions_is_for_batches(here: Path, photo: Path) -> None:
    with pytest.raises(dmedia.DmediaError, match="makes 9 renditions of a file") as refused:
        dmedia.apply_preset(photo, "out/", "responsive")
    assert "batch_process" in (refused.value.hint or "")
    job = dmedia.batch_process(photo, "catalog", "out", also="archive")
    assert job.wait(100)["completed"] == 1
    assert below(here / "out") == [
        "SHA256SUMS", "archive/photo.jpg", "catalog/photo-preview.jpg", "catalog/photo-thumbnail.jpg",
    ]  # fmt: skip
    planned = dmedia.plan(photo, "catalog", "elsewhere")
    assert [Path(name).name for name in planned["files"][0]["also"]] == ["photo-preview.jpg"]
