"""Documents are those of the command line."""

from __future__ import annotations

import json
import os
from pathlib import Path

import dmedia as package
from tests.command import Dmedia
from tests.media_making import jpeg


def test_jobs_and_files_are_told_as_on_the_command_line(dmedia: Dmedia, here: Path, images: Path) -> None:
    job = package.batch_process("images", "social_media", "out", {"height": 30})
    end = job.wait(60)
    shown = dmedia("status", job.id, "--files", "--json").document
    files = shown.pop("files")
    assert (end, list(job.files())) == (shown, files)
    assert [list(file) for file in job.files()] == [list(file) for file in files]
    status = package.get_batch_status(job.id)
    assert {**status, "files": []} == {**shown, "files_shown": len(files), "files": []}
    assert status["files"] == files
    assert list(status)[:8] == ["id", "operation", "status", "progress", "completed", "failed", "total", "duration"]
    assert job.failed() == dmedia("status", job.id, "--failed", "--json").document["files"]
    assert package.get_batch_status() == dmedia("status", "--json").document


def test_a_job_of_the_command_line_is_told_in_python(dmedia: Dmedia, here: Path, images: Path) -> None:
    ran = dmedia("resize", "images", "-o", "out", "--width", "9", "--json")
    assert package.Job("last").status() == ran.document


def test_media_are_told_as_on_the_command_line(dmedia: Dmedia, here: Path, images: Path) -> None:
    (here / "own\x1b.jpg").write_bytes(jpeg(private=True))
    (here / "deep").mkdir()
    (here / "link").symlink_to("deep")
    for path in ("images/0.jpg", "own\x1b.jpg", "./images/../images/1.jpg", "link/../own\x1b.jpg"):
        (shown,) = dmedia("info", path, "--json").document
        told = package.media_info(path)
        assert (told, list(told)) == (shown, list(shown))


def test_presets_are_told_as_on_the_command_line(dmedia: Dmedia, here: Path) -> None:
    (here / "presets").mkdir()
    (here / "presets/own.toml").write_text('operation = "resize"\n[parameters]\nwidth = 9\n')
    (here / "presets/bad.toml").write_text("operation = 3\n")
    further = here / "further.toml"
    further.write_text('operation = "convert"\ndescription = "Further"\n[parameters]\nformat = "png"\n')
    presets = package.list_presets()
    assert presets == dmedia("presets", "list", "--json").document
    broken = {preset["name"]: "error" in preset for preset in presets}
    assert [name for name in broken if broken[name]] == ["bad"]
    assert broken.keys() >= {"amazon", "high_quality", "own", "social_media", "thumbnail", "web_optimized"}
    shown = dmedia("presets", "list", "--json", "--preset-file", "further.toml").document
    for path in ("further.toml", further, os.fsencode(further)):
        assert package.list_presets([path]) == shown
    (own,) = [preset for preset in presets if preset["name"] == "own"]
    assert dmedia("presets", "show", "own", "--json").document == own
    lines = dmedia("presets", "list").out.splitlines()
    assert [line.split()[0] for line in lines] == [preset["name"] for preset in presets]
    assert [line.split()[0] for line in lines if "not valid: " in line] == ["bad"]


def test_documents_are_json(here: Path, images: Path) -> None:
    job = package.batch_process("images", "resize", "out", {"width": 9})
    told = [*job.events(), job.status(), *job.files(), package.plan("images", "resize", "out2", {"width": 9})]
    assert json.loads(json.dumps(told)) == told
