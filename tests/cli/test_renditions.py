"""Several renditions of each source: by one preset or by several, of one decode, all or none."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from tests.command import Dmedia, below, wait_until
from tests.media.films import make_film, scene
from tests.media_making import encoded, jpeg, photo

TWO = """
operation = "resize"
manifest = ["checksums", "srcset"]
[parameters]
format = "jpg"
[[renditions]]
name = "small"
width = 40
[[renditions]]
name = "large"
width = 100
format = "webp"
"""

PART = """operation = "crop"
width = 20
height = 20
x = 100
y = 0"""

SMALL = 'operation = "resize"\n[parameters]\nwidth = 40\nformat = "jpg"\n'


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two photos, one of them turned, and presets of one's own beside them."""
    (tmp_path / "photos" / "sub").mkdir(parents=True)
    (tmp_path / "photos" / "a, b.png").write_bytes(encoded(photo((200, 100)), "PNG"))
    (tmp_path / "photos" / "sub" / "c.jpg").write_bytes(jpeg(6, (200, 100)))
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets" / "two.toml").write_text(TWO)
    (tmp_path / "presets" / "small.toml").write_text(SMALL)
    return tmp_path / "photos"


NAMES = ["a, b-large.webp", "a, b-small.jpg", "sub/c-large.webp", "sub/c-small.jpg"]


def size_of(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


def test_each_source_gets_every_rendition_of_a_preset(dmedia: Dmedia, photos: Path, tmp_path: Path) -> None:
    ran = dmedia("apply", "two", "photos", "-r", "-o", "out", "--json")
    assert (ran.status, ran.document["completed"], ran.document["total"]) == (0, 2, 2), ran.err
    assert below(tmp_path / "out") == ["SHA256SUMS", *NAMES[:2], "srcset.json", *NAMES[2:]]
    sizes = {name: size_of(tmp_path / "out" / name) for name in NAMES}
    assert sizes == dict(zip(NAMES, [(100, 50), (40, 20)] * 2, strict=True))
    assert [one["name"] for one in ran.document["renditions"]] == ["small", "large"]
    files = dmedia.files()
    assert [Path(output["path"]).name for output in files["c.jpg"]["outputs"]] == ["c-small.jpg", "c-large.webp"]
    assert files["c.jpg"]["attempts"] == 1


def test_the_same_once_more_does_no_work_and_what_is_missing_is_made_again(
    dmedia: Dmedia, photos: Path, tmp_path: Path
) -> None:
    again = ("apply", "two", "photos", "-r", "-o", "out", "--json")
    dmedia(*again)
    ran = dmedia(*again)
    assert (ran.status, ran.document["skipped"], ran.document["completed"]) == (0, 2, 0)
    assert (tmp_path / "out" / "SHA256SUMS").read_text().count("\n") == 4, "also of what was up to date"
    (tmp_path / "out" / "a, b-large.webp").unlink()
    ran = dmedia(*again)
    assert (ran.document["skipped"], ran.document["completed"]) == (1, 1)
    assert [name for name in below(tmp_path / "out") if name in NAMES] == NAMES
    (tmp_path / "presets" / "two.toml").write_text(TWO.replace("width = 100", "width = 90"))
    ran = dmedia(*again)
    assert (ran.status, ran.document["skipped"], ran.document["completed"]) == (0, 0, 2)
    assert size_of(tmp_path / "out" / "a, b-large.webp") == (90, 45)


def test_somebody_elses_file_in_the_way_of_one_keeps_all_of_its_source_away(
    dmedia: Dmedia, photos: Path, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a, b-large.webp").write_text("mine")
    ran = dmedia("apply", "two", "photos", "-r", "-o", "out", "--json")
    assert (ran.status, ran.document["completed"], ran.document["errors"]) == (3, 1, {"output_exists": 1})
    assert "a, b-large.webp" in dmedia.files()["a, b.png"]["error"]
    assert (tmp_path / "out" / "a, b-large.webp").read_text() == "mine"
    assert not (tmp_path / "out" / "a, b-small.jpg").exists()
    ran = dmedia("apply", "two", "photos", "-r", "-o", "out", "--overwrite", "--json")
    assert (ran.status, ran.document["failed"]) == (0, 0)
    assert size_of(tmp_path / "out" / "a, b-large.webp") == (100, 50)


def test_a_rendition_that_cannot_be_made_leaves_none_of_its_source(
    dmedia: Dmedia, photos: Path, tmp_path: Path
) -> None:
    (tmp_path / "photos" / "narrow.png").write_bytes(encoded(Image.new("RGB", (1, 4000)), "PNG"))
    (tmp_path / "presets" / "two.toml").write_text(TWO.replace("width = 100", PART))
    ran = dmedia("apply", "two", "photos", "-r", "-o", "out", "--json")
    assert (ran.document["completed"], ran.document["errors"]) == (2, {"encode_failed": 1}), ran.document
    assert not [name for name in below(tmp_path / "out") if "narrow" in name or name.endswith(".tmp")]


def test_several_presets_get_a_directory_each_and_films_only_what_takes_them(
    dmedia: Dmedia, photos: Path, tmp_path: Path
) -> None:
    make_film(tmp_path / "photos" / "film.mp4", [scene()] * 15)
    ran = dmedia("apply", "catalog", "photos", "-r", "-o", "out", "--also", "archive", "--json")
    assert (ran.status, ran.document["completed"]) == (0, 3), ran.err
    assert [name for name in below(tmp_path / "out") if "film" in name] == [
        "archive/film.jpg",
        "catalog/film-preview.jpg",
        "catalog/film-thumbnail.jpg",
    ]
    assert size_of(tmp_path / "out/catalog/film-thumbnail.jpg") == (300, 300)
    ran = dmedia("apply", "small", "photos", "-r", "-o", "mixed", "--also", "archive", "--json")
    assert (ran.status, ran.document["completed"], ran.document["ignored"]) == (0, 2, {"mp4": 1})


def test_what_one_job_has_made_is_ours_to_another_whichever_rendition_it_is(
    dmedia: Dmedia, photos: Path, tmp_path: Path
) -> None:
    dmedia("apply", "two", "photos", "-r", "-o", "out", "--name", "{dir}/{stem}-{rendition}.{ext}")
    ran = dmedia(
        *("convert", "photos", "-r", "-o", "out", "--format", "webp", "--width", "9", "--json"),
        *("--name", "{dir}/{stem}-large.{ext}"),
    )
    assert (ran.status, ran.document["completed"]) == (0, 2), dmedia("status", "last", "--failed").out
    ran = dmedia("apply", "two", "photos", "-r", "-o", "out", "--json")
    assert (ran.status, ran.document["completed"], ran.document["failed"]) == (0, 2, 0)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["two", "--name", "{dir}/{stem}x.{ext}", "--also", "small"], "small of a file would have one path"),
        (["two", "--also", "two"], "named twice"),
        (["two", "--also", "tow"], "did you mean"),
        (["two", "--name", "{dir}/{redition}.{ext}"], "unknown field"),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_written(
    dmedia: Dmedia, photos: Path, tmp_path: Path, arguments: list[str], said: str
) -> None:
    ran = dmedia("apply", *arguments, "photos", "-r", "-o", "out")
    assert ran.status == 2, ran
    assert said.lower() in ran.err.lower(), ran.err
    assert not (tmp_path / "out").exists()


def test_sources_that_would_share_a_rendition_are_told_of_and_can_be_kept_apart(
    dmedia: Dmedia, photos: Path, tmp_path: Path
) -> None:
    (photos / "sub" / "c.png").write_bytes(encoded(photo((200, 100)), "PNG"))
    assert dmedia("apply", "two", "photos", "-r", "-o", "out").status == 6
    ran = dmedia("apply", "two", "photos", "-r", "-o", "out", "--on-collision", "keep-ext", "--json")
    assert (ran.status, ran.document["completed"]) == (0, 3), ran.err
    assert {"sub/c-small.jpg.jpg", "sub/c-small.png.jpg", "sub/c-large.png.webp"} <= set(below(tmp_path / "out"))


def test_a_plan_shows_every_rendition(dmedia: Dmedia, photos: Path, tmp_path: Path) -> None:
    out = dmedia("apply", "two", "photos", "-r", "-o", "out", "--dry-run").out
    assert all(f"-> {tmp_path / 'out' / name}" in out for name in NAMES)
    (first, _) = dmedia("apply", "two", "photos", "-r", "-o", "out", "--dry-run", "--json").document["files"]
    assert (first["rendition"], first["also"]) == (
        str(tmp_path / "out" / "a, b-small.jpg"),
        [str(tmp_path / "out" / "a, b-large.webp")],
    )


def test_manifests_say_what_pages_need_and_can_be_checked(dmedia: Dmedia, photos: Path, tmp_path: Path) -> None:
    odd = b"ba\\ck\nline\xff.png"
    shutil.copyfile(photos / "a, b.png", bytes(photos) + b"/" + odd)
    assert dmedia("apply", "two", "photos", "-r", "-o", "out").status == 0
    checked = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=tmp_path / "out", capture_output=True, check=False
    )
    assert (checked.returncode, checked.stdout.count(b": OK")) == (0, 6), checked
    pictures = json.loads((tmp_path / "out" / "srcset.json").read_text())["images"]
    assert len(pictures) == 3
    assert pictures["a, b.png"] == {
        "src": "a%2C%20b-small.jpg",
        "width": 40,
        "height": 20,
        "sources": [
            {"type": "image/webp", "srcset": "a%2C%20b-large.webp 100w"},
            {"type": "image/jpeg", "srcset": "a%2C%20b-small.jpg 40w"},
        ],
    }


def test_a_manifest_is_not_written_over_somebody_elses_file(dmedia: Dmedia, photos: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "srcset.json").write_text("mine")
    ran = dmedia("apply", "two", "photos", "-r", "-o", "out", "--json")
    assert (ran.status, ran.document["completed"]) == (0, 2)
    assert "srcset.json could not be written" in ran.document["warnings"][0]
    assert (tmp_path / "out" / "srcset.json").read_text() == "mine"


def test_a_killed_launchers_renditions_are_taken_up(dmedia: Dmedia, photos: Path, tmp_path: Path) -> None:
    for number in range(6):
        (photos / f"slow{number}.png").write_bytes(encoded(photo((200, 100), number), "PNG"))
    dmedia.slow_down(1)
    launcher = dmedia.start("apply", "two", "photos", "-r", "-o", "out", "-j", "2")
    wait_until(lambda: list((tmp_path / "out").glob("slow*-small.jpg")))
    launcher.kill()
    launcher.communicate()
    ran = dmedia("resume", "last", "--json")
    assert (ran.status, ran.document["completed"], ran.document["failed"]) == (0, 8, 0), ran.err
    assert len([name for name in below(tmp_path / "out") if name.endswith((".jpg", ".webp"))]) == 16
    assert not [name for name in below(tmp_path / "out") if name.endswith(".tmp")]
