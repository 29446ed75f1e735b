"""What people ask an assistant for, asked from Python."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from tests.api.program import Program
from tests.command import below
from tests.media.films import make_film, scene
from tests.media_making import jpeg


def test_process_all_product_photos_800_pixels_wide_as_webp(program: Program, tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    for number in range(4):
        (tmp_path / "images" / f"{number}.jpg").write_bytes(jpeg(size=(1000, 700)))
    (tmp_path / "images/broken.jpg").write_bytes(jpeg(size=(1000, 700))[:5000])
    asked, status, failed, listed = program("""
        import time
        asked = {"width": 800, "format": "webp", "quality": 85}
        job = dmedia.batch_process("images/*.jpg", "convert", "images/processed/", asked, client=None)
        while (status := dmedia.get_batch_status(job.id))["status"] in ("queued", "running"):
            time.sleep(0.05)
        print(json.dumps([job.id, status, job.failed(), dmedia.get_batch_status()]))
    """)
    assert list(status.values())[:8] == [asked, "convert", "completed", 100, 4, 1, 5, status["duration"]]
    assert status["output_directory"] == str(tmp_path / "images/processed")
    assert status["files_shown"] == len(status["files"]) == 5
    assert [file["path"] for file in failed] == [str(tmp_path / "images/broken.jpg")]
    assert failed[0]["code"] == "corrupt_input"
    assert failed[0]["error"].startswith("Corrupt input")
    assert failed[0]["hint"]
    assert [job["id"] for job in listed] == [asked]
    assert below(tmp_path / "images/processed") == ["0.webp", "1.webp", "2.webp", "3.webp"]
    with Image.open(tmp_path / "images/processed/0.webp") as picture:
        assert (picture.format, picture.size) == ("WEBP", (800, 560))


def test_apply_the_social_media_preset_to_all_my_photos(program: Program, tmp_path: Path) -> None:
    (tmp_path / "photos/deep").mkdir(parents=True)
    for name, size in (("wide", (900, 300)), ("deep/tall", (300, 900)), ("deep/large", (1400, 1200))):
        (tmp_path / f"photos/{name}.jpg").write_bytes(jpeg(size=size))
    ends, files = program("""
        jobs = [
            dmedia.batch_process("photos", "social_media", "one", recursive=True),
            dmedia.batch_process("photos", "resize", "other", preset="social_media", recursive=True),
        ]
        ends = [job.wait(60) for job in jobs]
        print(json.dumps([ends, [file for job in jobs for file in job.files("completed")]]))
    """)
    for end in ends:
        assert [end[key] for key in ("status", "completed", "operation", "preset")] == [
            "completed", 3, "resize", "social_media",
        ]  # fmt: skip
    outputs = [output for file in files for output in file["outputs"]]
    assert [(output["width"], output["height"], output["format"]) for output in outputs] == [(1080, 1080, "jpg")] * 6
    for folder in ("one", "other"):
        assert below(tmp_path / folder) == ["deep/large.jpg", "deep/tall.jpg", "wide.jpg"]
        for path in (tmp_path / folder).rglob("*.jpg"):
            with Image.open(path) as picture:
                assert (picture.format, picture.size) == ("JPEG", (1080, 1080))


def test_create_thumbnails_for_all_mp4_files_in_my_videos_folder(program: Program, tmp_path: Path) -> None:
    (tmp_path / "videos").mkdir()
    for name in ("a", "b"):
        make_film(tmp_path / f"videos/{name}.mp4", [scene()] * 30)
    (tmp_path / "videos/note.txt").write_text("not a film")
    status = program("""
        size = {"width": 320, "height": 240, "format": "jpg"}
        print(json.dumps(dmedia.batch_process("videos/*.mp4", "thumbnail", "thumbnails/", size).wait()))
    """)
    assert [status[key] for key in ("status", "completed", "total")] == ["completed", 2, 2]
    assert below(tmp_path / "thumbnails") == ["a.jpg", "b.jpg"]
    for name in ("a", "b"):
        with Image.open(tmp_path / f"thumbnails/{name}.jpg") as picture:
            assert (picture.format, picture.size) == ("JPEG", (320, 240))
