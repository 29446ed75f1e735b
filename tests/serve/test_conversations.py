"""What people ask of an assistant, and what the assistant then asks of dmedia."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from mcp import Client
from PIL import Image

from tests.command import Dmedia, below
from tests.media.films import make_film, scene
from tests.media_making import jpeg
from tests.serve.assistant import ERAS, Assistant, Mode, ask, said, until_over

pytestmark = pytest.mark.parametrize("mode", list(ERAS))


def test_process_all_product_photos_800_pixels_wide_as_webp(dmedia: Dmedia, tmp_path: Path, mode: Mode) -> None:
    (tmp_path / "images").mkdir()
    for number in range(4):
        (tmp_path / "images" / f"{number}.jpg").write_bytes(jpeg(size=(1000, 700)))
    (tmp_path / "images/broken.jpg").write_bytes(jpeg(size=(1000, 700))[:5000])
    asked = {
        "input_pattern": "images/*.jpg",
        "operation": "convert",
        "output_directory": "images/processed/",
        "parameters": {"width": 800, "format": "webp", "quality": 85},
    }

    async def conversation(client: Client) -> None:
        assert client.protocol_version == ERAS[mode]
        started = await client.call_tool("batch_process", asked)
        job = started.structured_content["id"]
        assert said(started) == f"Started batch job {job}: processing 5 files"
        assert re.fullmatch(r"batch-\d+-[0-9a-z]{6}", job)
        assert started.structured_content["output_directory"] == str(tmp_path / "images/processed")
        status = await until_over(client, job)
        assert [status[key] for key in ("status", "progress", "completed", "failed", "total")] == [
            "completed", 100, 4, 1, 5,
        ]  # fmt: skip
        assert status["files_shown"] == 5
        (failed,) = [file for file in status["files"] if file["status"] == "failed"]
        assert (failed["path"], failed["code"]) == (str(tmp_path / "images/broken.jpg"), "corrupt_input")
        assert failed["error"].startswith("Corrupt input")
        assert [entry["id"] for entry in (await ask(client, "get_batch_status"))["jobs"]] == [job]

    Assistant(dmedia, mode).talk(conversation)
    assert below(tmp_path / "images/processed") == ["0.webp", "1.webp", "2.webp", "3.webp"]
    with Image.open(tmp_path / "images/processed/0.webp") as picture:
        assert (picture.format, picture.size) == ("WEBP", (800, 560))


@pytest.mark.parametrize("way", ["operation", "preset", "apply_preset"])
def test_apply_the_social_media_preset_to_all_my_photos(dmedia: Dmedia, tmp_path: Path, mode: Mode, way: str) -> None:
    for name, size in (("wide", (900, 300)), ("deep/tall", (300, 900)), ("deep/large", (1400, 1200))):
        (tmp_path / "photos/deep").mkdir(parents=True, exist_ok=True)
        (tmp_path / "photos" / f"{name}.jpg").write_bytes(jpeg(size=size))
    named = {"operation": "social_media"} if way == "operation" else {"operation": "resize", "preset": "social_media"}

    async def conversation(client: Client) -> None:
        presets = (await ask(client, "list_presets"))["presets"]
        assert "social_media" in {preset["name"] for preset in presets}
        if way == "apply_preset":
            started = await ask(client, way, inputPath="photos", outputPath="social", preset="social_media")
        else:
            started = await ask(
                client, "batch_process", input_pattern="photos", output_directory="social", recursive=True, **named
            )
        status = await until_over(client, started["id"])
        assert [status[key] for key in ("status", "completed", "failed", "preset")] == [
            "completed", 3, 0, "social_media",
        ]  # fmt: skip
        outputs = [output for file in status["files"] for output in file["outputs"]]
        assert [(output["width"], output["height"], output["format"]) for output in outputs] == [
            (1080, 1080, "jpg")
        ] * 3

    Assistant(dmedia, mode).talk(conversation)
    for path in (tmp_path / "social").rglob("*.jpg"):
        with Image.open(path) as picture:
            assert (picture.format, picture.size) == ("JPEG", (1080, 1080))


def test_create_thumbnails_for_all_mp4_files_in_my_videos_folder(dmedia: Dmedia, tmp_path: Path, mode: Mode) -> None:
    (tmp_path / "videos").mkdir()
    for name in ("a", "b"):
        make_film(tmp_path / "videos" / f"{name}.mp4", [scene()] * 30)
    (tmp_path / "videos/note.txt").write_text("not a film")
    asked = {
        "input_pattern": "videos/*.mp4",
        "operation": "thumbnail",
        "output_directory": "thumbnails/",
        "parameters": {"width": 320, "height": 240, "format": "jpg"},
    }

    async def conversation(client: Client) -> None:
        started = await client.call_tool("batch_process", {**asked, "wait_seconds": 60})
        assert said(started).splitlines() == [
            f"Started batch job {started.structured_content['id']}: processing 2 files",
            "completed: 2 done of 2 files",
        ]
        assert started.structured_content["status"] == "completed"

    Assistant(dmedia, mode).talk(conversation)
    assert below(tmp_path / "thumbnails") == ["a.jpg", "b.jpg"]
    for name in ("a", "b"):
        with Image.open(tmp_path / f"thumbnails/{name}.jpg") as picture:
            assert (picture.format, picture.size) == ("JPEG", (320, 240))


def test_a_preset_of_several_renditions_makes_all_of_one_file_in_a_batch(
    dmedia: Dmedia, tmp_path: Path, mode: Mode
) -> None:
    (tmp_path / "mug.jpg").write_bytes(jpeg(size=(600, 400)))

    async def conversation(client: Client) -> None:
        started = await ask(client, "apply_preset", inputPath="mug.jpg", outputPath="shop", preset="catalog")
        status = await until_over(client, started["id"])
        assert [one["name"] for one in status["renditions"]] == ["thumbnail", "preview"]
        more = {"operation": "archive", "also": ["social_media"], "wait_seconds": 60}
        done = await ask(client, "batch_process", input_pattern="mug.jpg", output_directory="more", **more)
        assert done["status"] == "completed"

    Assistant(dmedia, mode).talk(conversation)
    assert below(tmp_path / "shop") == ["mug-preview.jpg", "mug-thumbnail.jpg"]
    assert below(tmp_path / "more") == ["SHA256SUMS", "archive/mug.jpg", "social_media/mug.jpg"]
