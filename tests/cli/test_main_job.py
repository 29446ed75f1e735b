"""One command, a folder of photos: what comes out, and what the record says of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from tests.command import Dmedia, below
from tests.media_making import corners, encoded, jpeg, photo


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two photos of one name in two folders, one above the other, and a text beside them."""
    for name, size in (("a.jpg", (1200, 900)), ("sub/a.jpg", (300, 200)), ("sub/b.JPG", (90, 120))):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encoded(photo(size), "JPEG"))
    (tmp_path / "photos" / "notes.txt").write_text("no picture")
    return tmp_path / "photos"


def size_and_format(path: Path) -> tuple[tuple[int, int], str | None]:
    with Image.open(path) as image:
        return image.size, image.format


def test_convert_mirrors_the_tree_and_keeps_to_the_width(dmedia: Dmedia, photos: Path, tmp_path: Path) -> None:
    ran = dmedia("convert", "photos/**/*.jpg", "-o", "out/deep", "--width", "800", "--format", "webp", "--json")
    assert ran.status == 0
    assert {key: ran.document[key] for key in ("status", "total", "completed", "failed", "progress")} == {
        "status": "completed",
        "total": 3,
        "completed": 3,
        "failed": 0,
        "progress": 100,
    }
    out = tmp_path / "out/deep"
    assert below(out) == ["a.webp", "sub/a.webp", "sub/b.webp"]
    assert size_and_format(out / "a.webp") == ((800, 600), "WEBP")
    assert size_and_format(out / "sub/a.webp") == ((300, 200), "WEBP")


def test_one_json_document_is_all_of_standard_output(dmedia: Dmedia, photos: Path) -> None:
    ran = dmedia("resize", "photos", "-r", "-o", "out", "--width", "50", "--json")
    assert ran.out.count("\n") == 1
    assert " ".join(list(ran.document)[:8]) == "id operation status progress completed failed total duration"
    assert ran.document["duration"].removesuffix("s").isdigit()
    assert ran.document["ignored"] == {"txt": 1}


def test_a_person_reads_what_was_saved_and_where_it_is(dmedia: Dmedia, photos: Path, tmp_path: Path) -> None:
    ran = dmedia("convert", "photos", "-r", "-o", "out", "--format", "webp", "--width", "100")
    assert ": completed, 3 done of 3 files in " in ran.out
    assert f"renditions are in {tmp_path / 'out'}" in ran.out
    assert "3 files, 3 to do" in ran.err


def test_an_identical_command_does_no_work_and_a_changed_source_or_parameter_does(
    dmedia: Dmedia, photos: Path, tmp_path: Path
) -> None:
    command = ("resize", "photos", "-r", "-o", "out", "--json", "--width")
    assert dmedia(*command, "50").document["completed"] == 3
    before = {name: os.stat(tmp_path / "out" / name).st_mtime_ns for name in below(tmp_path / "out")}
    again = dmedia(*command, "50")
    assert (again.status, again.document["skipped"], again.document["completed"]) == (0, 3, 0)
    assert again.document["status"] == "completed"
    assert {name: os.stat(tmp_path / "out" / name).st_mtime_ns for name in before} == before

    (photos / "a.jpg").write_bytes(jpeg(size=(400, 400)))
    changed = dmedia(*command, "50").document
    assert (changed["skipped"], changed["completed"]) == (2, 1)
    assert size_and_format(tmp_path / "out/a.jpg")[0] == (50, 50)
    assert dmedia(*command, "60").document["completed"] == 3


def test_a_lost_rendition_is_made_again(dmedia: Dmedia, photos: Path, tmp_path: Path) -> None:
    command = ("resize", "photos", "-r", "-o", "out", "--width", "50", "--json")
    dmedia(*command)
    (tmp_path / "out/sub/a.jpg").unlink()
    (tmp_path / "out/a.jpg").write_bytes(b"somebody else's")
    ran = dmedia(*command)
    assert (ran.document["skipped"], ran.document["completed"], ran.document["failed"]) == (1, 1, 1)
    assert ran.document["errors"] == {"output_exists": 1}
    assert (tmp_path / "out/a.jpg").read_bytes() == b"somebody else's"


def test_a_foreign_file_is_replaced_only_with_overwrite(dmedia: Dmedia, photos: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/a.jpg").write_bytes(b"mine")
    refused = dmedia("resize", "photos", "-o", "out", "--width", "50")
    assert refused.status == 3
    assert "output_exists" in refused.out
    assert "--overwrite" in refused.out
    assert (tmp_path / "out/a.jpg").read_bytes() == b"mine"
    assert dmedia("resize", "photos", "-o", "out", "--width", "50", "--overwrite").status == 0
    assert size_and_format(tmp_path / "out/a.jpg")[0][0] == 50


def test_every_format_has_the_bytes_its_extension_says(dmedia: Dmedia, photos: Path, tmp_path: Path) -> None:
    for wanted, extension, found in (
        ("jpeg", "jpg", "JPEG"), ("png", "png", "PNG"), ("webp", "webp", "WEBP"),
        ("tif", "tif", "TIFF"), ("gif", "gif", "GIF"), ("avif", "avif", "AVIF"),
    ):  # fmt: skip
        assert dmedia("convert", "photos/a.jpg", "-o", wanted, "--format", wanted, "--width", "64").status == 0
        assert size_and_format(tmp_path / wanted / f"a.{extension}") == ((64, 48), found)


def test_compressing_a_png_gives_a_png(dmedia: Dmedia, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encoded(photo((200, 200)), "PNG", compress_level=0))
    assert dmedia("compress", "a.png", "-o", "out").status == 0
    assert size_and_format(tmp_path / "out/a.png") == ((200, 200), "PNG")
    assert (tmp_path / "out/a.png").stat().st_size < (tmp_path / "a.png").stat().st_size


def test_a_preset_holds_for_every_file_of_a_batch(dmedia: Dmedia, photos: Path, tmp_path: Path) -> None:
    ran = dmedia("apply", "social_media", "photos", "-r", "-o", "out", "--json")
    assert (ran.status, ran.document["preset"], ran.document["completed"]) == (0, "social_media", 3)
    for name in below(tmp_path / "out"):
        assert size_and_format(tmp_path / "out" / name) == ((1080, 1080), "JPEG")


def test_the_text_of_a_watermark_is_data(dmedia: Dmedia, photos: Path, tmp_path: Path) -> None:
    for text in ("Fish & Chips <b>", "čaj für Ångström", "100 %"):
        ran = dmedia("watermark", "photos/a.jpg", "-o", f"out{len(text)}", "--text", text, "--json")
        assert (ran.status, ran.document["completed"]) == (0, 1)


def test_a_failed_file_leaves_nothing_and_stops_nobody(dmedia: Dmedia, photos: Path, tmp_path: Path) -> None:
    (photos / "half.jpg").write_bytes(encoded(photo(), "JPEG")[:9000])
    (photos / "empty.jpg").write_bytes(b"")
    (photos / "words.jpg").write_text("these are words\n" * 40)
    ran = dmedia("convert", "photos", "-r", "-o", "out", "--format", "png")
    assert ran.status == 3
    assert "3 done, 3 failed of 6 files" in ran.out
    assert below(tmp_path / "out") == ["a.png", "sub/a.png", "sub/b.png"]
    failed = {
        Path(file["path"]).name: file for file in dmedia("status", "last", "--failed", "--json").document["files"]
    }
    assert {name: file["code"] for name, file in failed.items()} == {
        "half.jpg": "corrupt_input",
        "empty.jpg": "corrupt_input",
        "words.jpg": "unsupported_format",
    }
    assert failed["words.jpg"]["error"].startswith("Unsupported format: ")
    assert all(file["attempts"] == 1 and file["stage"] for file in failed.values())


def test_a_job_in_which_nothing_could_be_done_has_failed(dmedia: Dmedia, tmp_path: Path) -> None:
    (tmp_path / "words.jpg").write_text("these are words\n" * 40)
    ran = dmedia("convert", "words.jpg", "missing.jpg", "-o", "out", "--format", "png", "--json")
    assert (ran.status, ran.document["status"], ran.document["failed"]) == (3, "failed", 2)
    assert ran.document["errors"] == {"unsupported_format": 1, "not_found": 1}


def test_outcomes_balance_and_every_completed_file_names_its_rendition(dmedia: Dmedia, photos: Path) -> None:
    (photos / "half.jpg").write_bytes(encoded(photo(), "JPEG")[:9000])
    document = dmedia("resize", "photos", "-r", "-o", "out", "--width", "20", "--json").document
    outcomes = [document[key] for key in ("completed", "failed", "skipped", "cancelled")]
    assert (sum(outcomes), document["pending"], document["processing"]) == (document["total"], 0, 0)
    for file in dmedia.files().values():
        if file["status"] == "completed":
            assert [output["width"] for output in file["outputs"]] == [20]
            assert file["decoder"] == "libvips"
            assert file["worker"]


def test_colliding_renditions_are_found_before_anything_is_written(dmedia: Dmedia, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.jpg").write_bytes(jpeg())
    (tmp_path / "in/a.png").write_bytes(encoded(corners(), "PNG"))
    command = ("convert", "in", "-o", "out", "--format", "webp")
    refused = dmedia(*command)
    assert refused.status == 6
    assert "--on-collision" in refused.err
    assert not (tmp_path / "out").exists()
    assert dmedia(*command, "--on-collision", "keep-ext").status == 0
    assert below(tmp_path / "out") == ["a.jpg.webp", "a.png.webp"]
    assert dmedia("convert", "in", "-o", "numbered", "--format", "webp", "--on-collision", "number").status == 0
    assert below(tmp_path / "numbered") == ["a-2.webp", "a.webp"]


def test_a_source_is_never_overwritten(dmedia: Dmedia, photos: Path) -> None:
    before = (photos / "a.jpg").read_bytes()
    ran = dmedia("resize", "photos", "-r", "-o", "photos", "--width", "50", "--overwrite")
    assert ran.status == 6
    assert "would overwrite a source" in ran.err
    assert (photos / "a.jpg").read_bytes() == before


def test_a_dry_run_lists_every_rendition_and_writes_nothing(dmedia: Dmedia, photos: Path, tmp_path: Path) -> None:
    before = below(tmp_path)
    ran = dmedia("convert", "photos", "-r", "-o", "out", "--format", "webp", "--dry-run")
    assert ran.status == 0
    for name in ("a.webp", "sub/a.webp", "sub/b.webp"):
        assert str(tmp_path / "out" / name) in ran.out
    document = dmedia("convert", "photos", "-r", "-o", "out", "--format", "webp", "-n", "--json").document
    assert (document["total"], len(document["files"]), document["ignored"]) == (3, 3, {"txt": 1})
    assert below(tmp_path) == before


def test_a_list_names_the_sources(dmedia: Dmedia, photos: Path, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("source,name\nphotos/a.jpg,first\nphotos/sub/a.jpg,\n")
    assert dmedia("convert", "--files-from", "list.csv", "-o", "out", "--format", "png").status == 0
    assert below(tmp_path / "out") == ["first.png", "sub/a.png"]
    piped = dmedia("resize", "--files-from", "-", "-0", "-o", "piped", "--width", "9", stdin=b"photos/a.jpg\0")
    assert (piped.status, below(tmp_path / "piped")) == (0, ["a.jpg"])


def test_a_rendition_with_its_sources_date_is_up_to_date(dmedia: Dmedia, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    os.utime(tmp_path / "a.jpg", ns=(10**18, 10**18))
    command = ("resize", "a.jpg", "-o", "out", "--width", "20", "--keep-dates", "--json")
    assert dmedia(*command).document["completed"] == 1
    assert (tmp_path / "out/a.jpg").stat().st_mtime_ns == 10**18
    assert dmedia(*command).document["skipped"] == 1
