"""Nothing is written, read or named outside of what was given."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from pathlib import Path

import pytest

from tests.command import Dmedia, below, wait_until
from tests.media_making import encoded, jpeg, photo


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Put a good picture into the input directory, and one beside it that is nobody's business."""
    place = tmp_path / "in"
    place.mkdir()
    (place / "a.jpg").write_bytes(jpeg())
    (tmp_path / "private").mkdir()
    (tmp_path / "private/b.jpg").write_bytes(jpeg())
    return place


def everything(place: Path) -> dict[str, bytes]:
    """Read all files but the records."""
    return {name: (place / name).read_bytes() for name in below(place) if not name.startswith("home/")}


@pytest.mark.parametrize(
    "template",
    [
        "../{stem}.{ext}", "{dir}/../../{stem}.{ext}", "/tmp/{stem}.{ext}", "..", "x/../../{stem}.{ext}",
        "{stem.__class__}.{ext}", "{stem!r}.{ext}", "{stem:>99999999}.{ext}", "{0}.{ext}", "{}.{ext}", "{ext}/",
        "{stem}.{ext}\n", "{dir[0]}.{ext}", "{stem}/../..{ext}",
    ],
)  # fmt: skip
def test_a_template_that_leads_out_or_computes_is_refused(
    dmedia: Dmedia, photos: Path, tmp_path: Path, template: str
) -> None:
    before = everything(tmp_path)
    ran = dmedia("convert", "in", "-o", "out", "--format", "png", "--name", template)
    assert (ran.status, everything(tmp_path)) == (2, before), ran
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["../b", "/etc/b", "..", ".", "x/y", "a\0b", "x/../../b", "x" * 256])
def test_a_name_of_a_list_that_is_none_is_refused(dmedia: Dmedia, photos: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "list.jsonl").write_text(json.dumps({"source": "in/a.jpg", "name": name}) + "\n")
    (tmp_path / "list.csv").write_text(f'source,name\nin/a.jpg,"{name}"\n')
    before = everything(tmp_path)
    for listing in ("list.jsonl", "list.csv"):
        ran = dmedia("convert", "--files-from", listing, "-o", "out", "--format", "png")
        assert (ran.status, everything(tmp_path)) == (2, before), ran
        assert "line" in ran.err


def test_names_of_a_list_stay_below_the_output_directory(dmedia: Dmedia, photos: Path, tmp_path: Path) -> None:
    rows = ("...", "..\\b", "~", "~root", "$HOME", "%2e%2e%2fb", "\u2025", "\u2215etc\u2215b", "-rf", ".hidden")
    listed = "".join(json.dumps({"source": "in/a.jpg", "name": name}) + "\n" for name in rows[:1])
    for number, name in enumerate(rows):
        (photos / f"{number}.jpg").write_bytes(jpeg())
        listed += json.dumps({"source": f"in/{number}.jpg", "name": name}) + "\n" if number else ""
    (tmp_path / "list.jsonl").write_text(listed)
    ran = dmedia("convert", "--files-from", "list.jsonl", "-o", "out", "--format", "png", "--json")
    assert (ran.status, ran.document["completed"]) == (0, len(rows)), ran
    assert sorted(os.listdir(tmp_path / "out")) == sorted(f"{name}.png" for name in rows)


def test_a_tree_given_with_dots_is_mirrored_inside(dmedia: Dmedia, photos: Path, tmp_path: Path) -> None:
    ran = dmedia("convert", "in/../private/../in/a.jpg", "private/../private/b.jpg", "-o", "out", "--format", "png")
    assert ran.status == 0
    assert below(tmp_path / "out") == ["in/a.png", "private/b.png"]


def test_nothing_is_written_through_a_link_in_the_output_tree(dmedia: Dmedia, photos: Path, tmp_path: Path) -> None:
    for name in ("linked", "deeper/linked", "plain"):
        (photos / name).mkdir(parents=True)
        (photos / name / "b.jpg").write_bytes(jpeg())
    private = everything(tmp_path / "private")
    out = tmp_path / "out"
    (out / "deeper").mkdir(parents=True)
    (out / "linked").symlink_to(tmp_path / "private")
    (out / "deeper/linked").symlink_to("../../private")
    for overwrite in ((), ("--overwrite",)):
        ran = dmedia("resize", "in", "-r", "-o", "out", "--width", "32", *overwrite, "--json")
        assert ran.status == 3
        assert sum(ran.document[key] for key in ("completed", "skipped")) == 2
        assert everything(tmp_path / "private") == private
        failed = dmedia("status", "last", "--failed", "--json").document["files"]
        assert {file["code"] for file in failed} <= {"permission_denied", "output_exists"}
        assert len(failed) == 2
    assert {name for name in below(out) if "linked" not in name} == {"a.jpg", "plain/b.jpg"}


def test_a_link_made_while_the_job_runs_is_not_written_through(dmedia: Dmedia, photos: Path, tmp_path: Path) -> None:
    picture = encoded(photo((800, 600)), "JPEG", quality=90)
    for number in range(12):
        (photos / f"a{number:02}.jpg").write_bytes(picture)
    (photos / "z").mkdir()
    for number in range(3):
        (photos / f"z/{number}.jpg").write_bytes(picture)
    (photos / "y").mkdir()
    (photos / "y/0.jpg").write_bytes(picture)
    private, out = everything(tmp_path / "private"), tmp_path / "out"
    command = dmedia.start("convert", "in", "-r", "-o", "out", "--format", "avif", "--effort", "2", "-j", "1")
    wait_until(lambda: list(out.glob("a0*.avif")) if out.is_dir() else None)
    (out / "z").symlink_to(tmp_path / "private")
    out_text, _ = command.communicate(timeout=120)
    assert command.returncode == 3, out_text
    assert everything(tmp_path / "private") == private
    files = dmedia("status", "last", "--files", "--json").document["files"]
    through = [file for file in files if "/z/" in file["path"]]
    assert {file.get("code") for file in through} == {"permission_denied"}
    assert all(file["status"] == "completed" for file in files if file not in through)
    assert not [name for name in below(tmp_path) if name.endswith(".tmp")]


def put_in_the_way(directory: Path, target: Path) -> None:
    """Put a link in the place of a directory that a job makes again whenever it is missing."""
    for number in range(100):
        directory.rename(directory.parent.with_name(f"moved-{number}"))
        with contextlib.suppress(FileExistsError):
            directory.symlink_to(target)
            return
    pytest.fail(f"{directory} is made again faster than a link can be put there")


def test_an_output_directory_swapped_for_a_link_while_the_job_runs_takes_nothing_with_it(
    dmedia: Dmedia, photos: Path, tmp_path: Path
) -> None:
    picture = encoded(photo((800, 600)), "JPEG", quality=90)
    (photos / "sub").mkdir()
    for number in range(12):
        (photos / f"sub/{number:02}.jpg").write_bytes(picture)
    private, out = everything(tmp_path / "private"), tmp_path / "out"
    command = dmedia.start("convert", "in", "-r", "-o", "out", "--format", "avif", "--effort", "2", "-j", "1")
    wait_until(lambda: list(out.glob("sub/*.avif")) if out.is_dir() else None)
    put_in_the_way(out / "sub", tmp_path / "private")
    assert command.wait(120) == 3
    assert everything(tmp_path / "private") == private
    codes = {file.get("code") for file in dmedia("status", "last", "--failed", "--json").document["files"]}
    assert codes <= {"permission_denied", "not_found"}
    assert "permission_denied" in codes


@pytest.mark.parametrize(
    "name", ["../private/b", "/etc/passwd", "..", "../../presets/web_optimized", "a/b", "a\nb", ""]
)
def test_a_presets_name_is_no_path(dmedia: Dmedia, photos: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "private/b.toml").write_text('operation = "resize"\n[parameters]\nwidth = 9\n')
    before = everything(tmp_path)
    assert dmedia("apply", name, "in", "-o", "out").status == 2
    assert dmedia("presets", "show", name).status == 2
    assert everything(tmp_path) == before


def test_a_preset_can_name_neither_files_nor_places(dmedia: Dmedia, photos: Path, tmp_path: Path) -> None:
    body = 'operation = "resize"\n'
    for number, text in enumerate(
        (
            body + 'output = "../private"\n[parameters]\nwidth = 9\n',
            body + '[parameters]\nwidth = 9\nname = "../{stem}.{ext}"\n',
            body + '[parameters]\nwidth = 9\noutput_directory = "/etc"\n',
            'operation = "../resize"\n[parameters]\nwidth = 9\n',
            'operation = "watermark"\n[parameters]\ntext = "x"\nfont = "/etc/passwd"\n',
            'operation = "watermark"\n[parameters]\ntext = "x"\nimage = "../private/b.jpg"\n',
            'operation = "watermark"\n[parameters]\nlogo = "../private/b.jpg"\n',
            'operation = "watermark"\n[parameters]\nlogo = "p0.toml"\n',
            body + "a = " + "[" * 5_000 + "]" * 5_000 + "\n",
            body + "[parameters]\nwidth = " + "9" * 5_000 + "\n",
            "x" * 2_000_000,
        )
    ):
        preset = tmp_path / f"p{number}.toml"
        preset.write_text(text)
        ran = dmedia("apply", f"p{number}", "in", "-o", "out", "--preset-file", str(preset))
        assert (ran.status, (tmp_path / "out").exists()) == (2, False), ran
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "zero.toml").symlink_to("/dev/zero")
    (tmp_path / "folder.toml").mkdir()
    for name in ("pipe", "zero", "folder"):
        assert dmedia("apply", name, "in", "-o", "out", "--preset-file", f"{name}.toml").status == 2
    assert not (tmp_path / "out").exists()


def test_a_watermarks_text_reads_no_file_and_is_no_markup(dmedia: Dmedia, photos: Path, tmp_path: Path) -> None:
    for number, text in enumerate(("@/etc/passwd", "<span font='/etc/passwd'>x</span>", "\x1b[2J&#0;%s%n")):
        ran = dmedia("watermark", "in", "-o", f"out{number}", f"--text={text}", "--json")
        assert (ran.status, ran.document["completed"]) == (0, 1), ran


def test_a_jobs_name_is_no_path(dmedia: Dmedia, photos: Path, tmp_path: Path) -> None:
    assert dmedia("resize", "in", "-o", "out", "--width", "9").status == 0
    (known,) = (path for path in (tmp_path / "home").rglob("batch-*") if (path / "record.db").exists())
    for place in ("home/other", "private"):
        shutil.copytree(known, tmp_path / place / known.name)
    before = everything(tmp_path)
    for job in ("../other/{0}", "../../private/{0}", "{0}/../{0}", "/{0}", "*", "..", ".", "jobs", ""):
        for command in ("status", "resume"):
            ran = dmedia(command, job.format(known.name))
            assert ran.status in {2, 10}, (command, ran)
    for command in ("retry", "cancel"):
        assert dmedia(command, f"../other/{known.name}").status in {2, 10}
    assert everything(tmp_path) == before
