"""A logo is tried where the job is asked for, and travels with it."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest
from PIL import Image

import dmedia as package
from tests.command import Dmedia, below, wait_until
from tests.media.test_logo import mark
from tests.media_making import encoded, jpeg, photo

MARK = ("watermark", "in", "-o", "out", "--logo", "logo.png", "--opacity", "1", "--json")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Photos, and a logo beside them."""
    (tmp_path / "in").mkdir()
    for name in ("a", "b"):
        (tmp_path / f"in/{name}.jpg").write_bytes(jpeg(size=(400, 300)))
    (tmp_path / "logo.png").write_bytes(encoded(mark(), "PNG"))
    return tmp_path


def corner(path: Path) -> tuple[int, ...]:
    """The colour where the logo's upper left corner lies, at southeast."""
    with Image.open(path) as picture:
        colour = picture.convert("RGB").getpixel((400 - 8 - 80 + 4, 300 - 8 - 40 + 4))
    assert isinstance(colour, tuple)
    return colour


def is_red(path: Path) -> bool:
    red, green, blue = corner(path)
    return red > 180 and green < 80 and blue < 80


def test_a_job_lays_a_logo_over_all_pictures_and_does_so_once(dmedia: Dmedia, shop: Path) -> None:
    ran = dmedia(*MARK)
    assert (ran.status, ran.document["completed"], ran.document["parameters"]) == (
        0, 2, {"logo": "logo.png", "opacity": 1.0},
    )  # fmt: skip
    assert all(is_red(shop / "out" / name) for name in ("a.jpg", "b.jpg"))
    assert dmedia(*MARK).document["skipped"] == 2
    (shop / "elsewhere").mkdir()
    (shop / "logo.png").rename(shop / "elsewhere/logo.png")
    again = dmedia(*MARK[:5], "elsewhere/logo.png", *MARK[6:])
    assert again.document["skipped"] == 2  # what is in it counts, not where it is


def test_another_logo_under_the_same_name_is_another_request(dmedia: Dmedia, shop: Path) -> None:
    assert dmedia(*MARK).status == 0
    (shop / "logo.png").write_bytes(encoded(mark(colour=(0, 0, 255, 255)), "PNG"))
    ran = dmedia(*MARK)
    assert (ran.document["completed"], ran.document["skipped"]) == (2, 0)
    assert corner(shop / "out/a.jpg")[2] > 180


def test_a_job_goes_on_when_its_logo_is_gone(dmedia: Dmedia, shop: Path) -> None:
    for number in range(12):
        (shop / f"in/m{number:02}.jpg").write_bytes(encoded(photo((800, 600)), "JPEG", quality=90))
    command = dmedia.start(*MARK, "--format", "avif", "--effort", "2", "-j", "1")
    wait_until(lambda: list((shop / "out").glob("*.avif")))
    command.kill()
    command.communicate()
    (shop / "logo.png").unlink()
    assert len(below(shop / "out")) < 14
    ran = dmedia("resume", "last", "--json")
    assert (ran.status, ran.document["completed"]) == (0, 14), ran
    assert dmedia("status", "last", "--json").document["parameters"]["logo"] == "logo.png"


def test_a_record_whose_logo_is_missing_is_damaged(dmedia: Dmedia, shop: Path) -> None:
    assert dmedia(*MARK).status == 0
    (record,) = (shop / "home").rglob("record.db")
    with sqlite3.connect(record) as connection:
        assert connection.execute("SELECT name, content FROM logo").fetchall() == [
            ("logo.png", (shop / "logo.png").read_bytes())
        ]
        connection.execute("DROP TABLE logo")
    connection.close()
    ran = dmedia("resume", "last", "--json")
    assert ran.status == 10
    assert "logo is missing" in ran.err + ran.out


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("half.png", encoded(mark((600, 400)), "PNG")[:700], "cannot be used: Corrupt input"),
        ("text.png", b"this is no picture at all", "is of no known format"),
        ("empty.png", b"", "is of no known format"),
        ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is svg"),
        ("map.bmp", encoded(mark().convert("RGB"), "BMP"), "is bmp"),
        ("huge.png", encoded(Image.new("1", (4001, 4000)), "PNG"), "16.0 megapixels"),
        ("heavy.png", b"\x89PNG\r\n\x1a\n" + bytes(10_000_001), "is larger than 10 MB"),
    ],
)
def test_a_logo_that_cannot_be_used_is_refused_before_there_is_a_job(
    dmedia: Dmedia, shop: Path, name: str, content: bytes, said: str
) -> None:
    (shop / name).write_bytes(content)
    for dry_run in ((), ("--dry-run",)):
        ran = dmedia("watermark", "in", "-o", "out", "--logo", name, *dry_run)
        assert ran.status == 2
        assert f"{name}'" in ran.err
        assert said in ran.err
    assert not (shop / "out").exists()
    assert dmedia("status", "--json").document == []


def test_what_is_no_file_is_no_logo(dmedia: Dmedia, shop: Path) -> None:
    os.mkfifo(shop / "pipe.png")
    (shop / "dangling.png").symlink_to("nothing")
    for name in ("pipe.png", "in", "dangling.png", "nothing.png", "/dev/zero", "s3://shop/logo.png"):
        assert dmedia("watermark", "in", "-o", "out", "--logo", name).status == 2
    assert not (shop / "out").exists()


def test_a_logo_outside_of_the_roots_is_not_read(dmedia: Dmedia, shop: Path) -> None:
    (shop / "in/link.png").symlink_to(shop / "logo.png")
    (shop / "out").mkdir()
    for name in ("logo.png", "in/../logo.png", "in/link.png", str(shop / "logo.png")):
        ran = dmedia("watermark", "in/a.jpg", "-o", "out", "--logo", name, "--root", "in", "--root", "out")
        assert ran.status == 2
        assert "leads out of the directories" in ran.err
    assert below(shop / "out") == []
    (shop / "logo.png").rename(shop / "in/logo.png")
    ran = dmedia("watermark", "in/a.jpg", "-o", "out", "--logo", "in/logo.png", "--root", "in", "--root", "out")
    assert (ran.status, below(shop / "out")) == (0, ["a.jpg"])


def test_from_python_one_file_and_many_get_a_logo(dmedia: Dmedia, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shop)
    for name in ("DMEDIA_HOME", "PYTHONPATH", "DMEDIA_PLAN_WAIT_S"):
        monkeypatch.setenv(name, dmedia.environment[name])
    package.process_file("in/a.jpg", "one.jpg", "watermark", {"logo": Path("logo.png"), "opacity": 1})
    assert is_red(shop / "one.jpg")
    job = package.batch_process("in/*.jpg", "watermark", "many", {"logo": shop / "logo.png", "opacity": 1})
    (shop / "logo.png").unlink()
    assert job.wait()["completed"] == 2
    assert is_red(shop / "many/b.jpg")
    with pytest.raises(package.DmediaError, match="logo"):
        package.process_file("in/a.jpg", "two.jpg", "watermark", {"logo": "logo.png"})


def test_a_preset_leaves_open_which_logo_and_who_uses_it_says(dmedia: Dmedia, shop: Path) -> None:
    preset = shop / "branded.toml"
    preset.write_text('operation = "watermark"\n[parameters]\nopacity = 1\nwidth = 400\n')
    use = ("apply", "branded", "in", "-o", "out", "--preset-file", "branded.toml")
    ran = dmedia(*use)
    assert (ran.status, (shop / "out").exists()) == (2, False)
    assert "leaves open which" in ran.err
    assert dmedia(*use, "--logo", "logo.png").status == 0
    assert is_red(shop / "out/a.jpg")
    preset.write_text('operation = "resize"\n[parameters]\nwidth = 40\n')
    assert "the preset branded lays no logo over pictures" in dmedia(*use, "--logo", "logo.png").err
    preset.write_text('operation = "watermark"\n[parameters]\ntext = "Ana"\n')
    assert "the preset branded lays no logo over pictures" in dmedia(*use, "--logo", "logo.png").err
    preset.write_text('operation = "watermark"\n[parameters]\nlogo = "logo.png"\n')
    assert "logo names a file, which no preset can" in dmedia(*use).err
