"""With --root nothing outside is read, written or told of, whatever is asked and whatever links are put in the way."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.command import Dmedia, below, wait_until
from tests.hostile.watching import Opened
from tests.media_making import encoded, jpeg, photo

PNG = ("--format", "png")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Make a root with a good picture, and beside it a directory that nobody may touch."""
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "a.jpg").write_bytes(jpeg())
    private = tmp_path / "photos-private"
    private.mkdir()
    (private / "secret.jpg").write_bytes(jpeg())
    return photos


@pytest.fixture
def private(photos: Path) -> Iterator[Path]:
    """Watch what lies outside: it is neither opened nor changed, nor does anything come to it."""
    private = photos.parent / "photos-private"
    before = {name: (private / name).read_bytes() for name in below(private)}
    with contextlib.ExitStack() as watching:
        files = [private / name for name in before]
        opened = watching.enter_context(Opened(files)) if sys.platform == "linux" else None
        yield private
        assert not opened or opened.names() == []
    assert {name: (private / name).read_bytes() for name in below(private)} == before
    assert sorted(path.name for path in private.iterdir()) == ["secret.jpg"]


def codes(dmedia: Dmedia) -> dict[str, str | None]:
    return {name: file.get("code") for name, file in dmedia.files().items()}


def many(directory: Path, count: int = 12) -> None:
    """Put pictures there that keep one slot busy for some seconds."""
    directory.mkdir(exist_ok=True)
    picture = encoded(photo((800, 600)), "JPEG", quality=90)
    for number in range(count):
        (directory / f"m{number:02}.jpg").write_bytes(picture)


def swap(link: Path, target: Path) -> None:
    """Let a link lead elsewhere, at once."""
    new = link.with_name("new link")
    new.symlink_to(target)
    os.replace(new, link)


SLOWLY = ("--format", "avif", "--effort", "2", "-j", "1")


def test_a_job_within_its_roots_is_done_as_ever(dmedia: Dmedia, photos: Path, private: Path, tmp_path: Path) -> None:
    (photos / "link.jpg").symlink_to("a.jpg")
    ran = dmedia("convert", "photos", "-o", "photos/out", *PNG, "--root", "photos", "--json")
    assert (ran.status, ran.document["completed"]) == (0, 2), ran
    assert below(photos / "out") == ["a.png", "link.png"]


@pytest.mark.parametrize(
    "given",
    [
        "photos-private", "photos-private/secret.jpg", "photos-private/*.jpg", "photos-private/none.jpg",
        "photos/../photos-private", "photos/../photos-private/secret.jpg", "photos/../photos-private/*.jpg",
        "photos/link", "photos/link/secret.jpg", "photos/link/*.jpg", "photos/link/../photos-private/secret.jpg",
        ".", "*/*.jpg", "**/*.jpg", "/", "/etc/passwd", "photo*", "photos/none/../../photos-private/secret.jpg",
    ],
)  # fmt: skip
def test_an_input_outside_is_refused_whether_it_is_there_or_not(
    dmedia: Dmedia, photos: Path, private: Path, tmp_path: Path, given: str
) -> None:
    (photos / "link").symlink_to(private)
    ran = dmedia("convert", "photos/a.jpg", given, "-r", "-o", "photos/out", *PNG, "--root", "photos", "--json")
    assert ran.status == 2, ran
    assert given in ran.err
    assert "leads out of the directories that this job may use" in ran.err
    assert not (photos / "out").exists()
    assert dmedia("status", "--json").document == []


@pytest.mark.parametrize(
    "out", ["photos-private", "photos-private/new", "photos/../out", "photos/link", "photos/link/x", "photos/dangling",
            "photos/dangling/x", "out", "/", "photos/none/../../out"]
)  # fmt: skip
def test_an_output_directory_outside_is_refused_before_anything_is_made(
    dmedia: Dmedia, photos: Path, private: Path, tmp_path: Path, out: str
) -> None:
    (photos / "link").symlink_to(private)
    (photos / "dangling").symlink_to(tmp_path / "none")
    before = [name for name in below(tmp_path) if not name.startswith("home/")]
    for more in ((), ("--dry-run",), ("--detach",)):
        ran = dmedia("convert", "photos", "-o", out, *PNG, "--root", "photos", "--json", *more)
        assert ran.status == 2, ran
        assert "leads out of the directories that this job may use" in ran.err
        assert [name for name in below(tmp_path) if not name.startswith("home/")] == before
        assert sorted(os.listdir(tmp_path)) == ["home", "photos", "photos-private"]


@pytest.mark.parametrize("operation", [("convert", *PNG), ("compress",), ("thumbnail", "--width", "9")])
@pytest.mark.parametrize("given", [("photos",), ("photos", "-r"), ("photos/*",), ("photos/**",), ("photos/link.jpg",)])
def test_a_link_to_a_file_outside_fails_alone_and_unread(
    dmedia: Dmedia, photos: Path, private: Path, operation: tuple[str, ...], given: tuple[str, ...]
) -> None:
    (photos / "link.jpg").symlink_to(private / "secret.jpg")
    (photos / "nameless").symlink_to(private / "secret.jpg")
    (photos / "none.jpg").symlink_to(private / "none.jpg")
    ran = dmedia(*operation, *given, "-o", "photos/out", "--root", "photos", "--json")
    assert ran.status == 3, ran
    failed = codes(dmedia)
    assert failed.pop("a.jpg", None) is None
    assert set(failed) >= {"link.jpg"}
    assert set(failed.values()) == {"permission_denied"}
    assert all(file["bytes_in"] in (0, None) for name, file in dmedia.files().items() if name != "a.jpg")


def test_a_dry_run_says_what_cannot_be_done_and_looks_at_nothing_outside(
    dmedia: Dmedia, photos: Path, private: Path
) -> None:
    (photos / "link.jpg").symlink_to(private / "secret.jpg")
    ran = dmedia("compress", "photos", "-o", "photos/out", "--root", "photos", "--dry-run")
    assert ran.status == 0
    assert "1 to do, 0 up to date, 1 cannot be done" in ran.out


def test_a_walk_does_not_enter_a_directory_that_leads_outside_and_says_so(
    dmedia: Dmedia, photos: Path, private: Path
) -> None:
    (photos / "sub").mkdir()
    (photos / "sub/link").symlink_to(private)
    (photos / "sub/own").mkdir()
    (photos / "sub/own/b.jpg").write_bytes(jpeg())
    (photos / "other").mkdir()
    (photos / "other/link").symlink_to("../sub/own")
    ran = dmedia("convert", "photos/*/link/*.jpg", "-o", "photos/out", *PNG, "--root", "photos", "--json")
    assert (ran.status, ran.document["total"]) == (0, 1), ran
    assert "sub/link' leads out of the directories" in str(ran.document["warnings"])
    assert "secret" not in str(ran)


def test_a_list_outside_is_refused_and_none_of_its_words_told(dmedia: Dmedia, photos: Path, tmp_path: Path) -> None:
    (tmp_path / "words.csv").write_text("password\nhunter2\n")
    (tmp_path / "words").write_text("hunter2\n")
    (photos / "link").symlink_to(tmp_path / "words")
    os.mkfifo(tmp_path / "pipe")
    for listing in ("words.csv", "words", "photos/link", "photos/../words", "/etc/passwd", "none", "pipe"):
        ran = dmedia("convert", "--files-from", listing, "-o", "photos/out", *PNG, "--root", "photos")
        assert ran.status == 2, ran
        assert "leads out of the directories" in ran.err
        assert not any(word in ran.out + ran.err for word in ("hunter2", "password", "root:"))


def test_what_a_list_names_outside_is_refused_by_its_line(dmedia: Dmedia, photos: Path, private: Path) -> None:
    (photos / "link").symlink_to(private)
    for number, source in enumerate(
        ("../photos-private/secret.jpg", str(private / "secret.jpg"), "photos/link/secret.jpg", "/etc/none.jpg")
    ):
        listing = photos / f"{number}.jsonl"
        listing.write_text("".join(json.dumps({"source": path}) + "\n" for path in ("photos/a.jpg", source)))
        given: Any = {"stdin": listing.read_bytes()} if number else {}
        for name in (f"photos/{number}.jsonl", *(["-"] if number else [])):
            if name == "-":
                given["stdin"] = f"photos/a.jpg\n{source}\n".encode()
            ran = dmedia("convert", "--files-from", name, "-o", "photos/out", *PNG, "--root", "photos", **given)
            assert ran.status == 2, ran
            assert "line 2" in ran.err
            assert "leads out of the directories" in ran.err
    assert not (photos / "out").exists()


def test_a_link_that_a_list_names_fails_alone(dmedia: Dmedia, photos: Path, private: Path) -> None:
    (photos / "link.jpg").symlink_to(private / "secret.jpg")
    (photos / "list").write_text("photos/link.jpg\nphotos/a.jpg\n")
    ran = dmedia("compress", "--files-from", "photos/list", "-o", "photos/out", "--root", "photos")
    assert ran.status == 3
    assert codes(dmedia) == {"a.jpg": None, "link.jpg": "permission_denied"}


def test_a_preset_file_outside_is_refused_unread(dmedia: Dmedia, photos: Path, tmp_path: Path) -> None:
    text = 'operation = "convert"\n[parameters]\nformat = "png"\n'
    (tmp_path / "own.toml").write_text(text)
    (photos / "own.toml").write_text(text)
    (photos / "link.toml").symlink_to(tmp_path / "own.toml")
    for file, status in (("own.toml", 2), ("photos/link.toml", 2), ("none.toml", 2), ("photos/own.toml", 0)):
        name = Path(file).stem
        ran = dmedia("apply", name, "photos", "-o", "photos/out", "--preset-file", file, "--root", "photos")
        assert ran.status == status, ran
        assert ("leads out of the directories" in ran.err) is (status == 2)


def test_a_link_swapped_between_plan_and_work_is_not_followed(dmedia: Dmedia, photos: Path, private: Path) -> None:
    many(photos)
    (photos / "z.jpg").symlink_to("a.jpg")
    (photos / "zz").mkdir()
    (photos / "zz/secret.jpg").write_bytes(jpeg())
    command = dmedia.start("convert", "photos", "-r", "-o", "photos/out", *SLOWLY, "--root", "photos")
    wait_until(lambda: list(photos.glob("out/m*.avif")))
    swap(photos / "z.jpg", private / "secret.jpg")
    (photos / "zz").rename(photos / "moved")
    (photos / "zz").symlink_to(private)
    assert command.wait(120) == 3
    failed = {name: code for name, code in codes(dmedia).items() if code}
    assert failed == {"z.jpg": "permission_denied", "secret.jpg": "permission_denied"}


@pytest.mark.parametrize("swapped", ["out", "out/sub"])
def test_an_output_directory_replaced_by_a_link_while_the_job_runs_takes_nothing_outside(
    dmedia: Dmedia, photos: Path, private: Path, swapped: str
) -> None:
    many(photos / "sub")
    command = dmedia.start("convert", "photos/sub", "photos/a.jpg", "-o", "photos/out", *SLOWLY, "--root", "photos")
    wait_until(lambda: list(photos.glob("out/sub/m*.avif")))
    (photos / swapped).rename(photos / "moved")
    (photos / swapped).symlink_to(private)
    assert command.wait(120) == 3
    failed = {code for code in codes(dmedia).values() if code}
    assert "permission_denied" in failed
    assert failed <= {"permission_denied", "io_error", "not_found"}


def test_what_stands_behind_a_link_in_the_output_directory_is_not_told(
    dmedia: Dmedia, photos: Path, private: Path
) -> None:
    """Existing or not, what is beyond gets the same answer."""
    for name in ("secret", "none"):
        (photos / "sub").mkdir(exist_ok=True)
        (photos / f"sub/{name}.jpg").write_bytes(jpeg())
    (photos / "out").mkdir()
    (photos / "out/sub").symlink_to(private)
    ran = dmedia("convert", "photos/sub", "photos/a.jpg", "-o", "photos/out", "--format", "jpg", "--root", "photos")
    assert ran.status == 3, ran
    assert codes(dmedia) == {"a.jpg": None, "secret.jpg": "permission_denied", "none.jpg": "permission_denied"}


def test_a_root_may_be_a_link_and_there_may_be_several(dmedia: Dmedia, photos: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("photos")
    (tmp_path / "outs").mkdir()
    (tmp_path / "way").symlink_to("outs")
    more = ("--root", "link", "--root", "way/")
    for given in ("photos", "link", "link/a.jpg", "way/../photos"):
        ran = dmedia("convert", given, "-o", "way/out", *PNG, *more, "--json")
        assert (ran.status, ran.document["failed"]) == (0, 0), ran
    assert dmedia("convert", "photos", "-o", "other", *PNG, *more).status == 2
    swap(tmp_path / "link", tmp_path / "outs")
    assert dmedia("convert", "photos", "-o", "way/out", *PNG, *more).status == 2


def test_a_root_from_the_environment_counts(dmedia: Dmedia, photos: Path, private: Path, tmp_path: Path) -> None:
    (tmp_path / "o u t").mkdir()
    dmedia.environment["DMEDIA_CONVERT_ROOT"] = f"photos:{tmp_path}/o u t"
    assert dmedia("convert", "photos", "-o", "o u t", *PNG).status == 0
    assert dmedia("convert", "photos-private", "-o", "o u t", *PNG).status == 2


@pytest.mark.parametrize("root", ["", "none", "photos/a.jpg", "dangling"])
def test_a_root_that_is_no_directory_is_refused(dmedia: Dmedia, photos: Path, tmp_path: Path, root: str) -> None:
    (tmp_path / "dangling").symlink_to("none")
    for command in (("convert", "photos", "-o", "out", *PNG), ("resume", "last"), ("retry", "last")):
        ran = dmedia(*command, "--root", root)
        assert ran.status == 2, ran
        assert "no directory" in ran.err
    assert not (tmp_path / "out").exists()


def test_a_detached_job_keeps_its_roots(dmedia: Dmedia, photos: Path, private: Path) -> None:
    (photos / "link.jpg").symlink_to(private / "secret.jpg")
    ran = dmedia("convert", "photos", "-o", "photos/out", *PNG, "--root", "photos", "--detach", "--json")
    assert ran.status in (0, 3), ran
    wait_until(lambda: dmedia("status", "last", "--json").document["status"] == "completed")
    assert codes(dmedia) == {"a.jpg": None, "link.jpg": "permission_denied"}


@pytest.mark.parametrize("detached", [(), ("--detach",)])
def test_a_retried_job_is_narrowed_to_roots_it_had_not(
    dmedia: Dmedia, photos: Path, tmp_path: Path, detached: tuple[str, ...]
) -> None:
    secret = tmp_path / "photos-private/secret.jpg"
    secret.write_bytes(b"no picture")
    (photos / "link.jpg").symlink_to(secret)
    assert dmedia("convert", "photos", "-o", "photos/out", *PNG).status == 3
    assert codes(dmedia) == {"a.jpg": None, "link.jpg": "corrupt_input"}
    with contextlib.ExitStack() as watching:
        opened = watching.enter_context(Opened([secret])) if sys.platform == "linux" else None
        assert dmedia("retry", "last", "--root", "photos", *detached).status in (0, 3)
        wait_until(lambda: codes(dmedia) == {"a.jpg": None, "link.jpg": "permission_denied"})
        assert not opened or opened.names() == []
    wait_until(lambda: dmedia("status", "last", "--json").document["status"] == "completed")
    assert dmedia("retry", "last", "--root", "photos-private").status == 2
    assert dmedia("retry", "last").status == 3
    assert codes(dmedia)["link.jpg"] == "corrupt_input"


def test_a_resumed_job_is_narrowed_and_never_widened(dmedia: Dmedia, photos: Path, private: Path) -> None:
    for name in ("0.jpg", "1.jpg"):
        (photos / name).write_bytes(b"no picture")
    (photos / "sub").mkdir()
    (photos / "sub/b.jpg").write_bytes(jpeg())
    many(photos / "sub")
    (photos / "sub/link.jpg").symlink_to(private / "secret.jpg")
    root = ("--root", "photos")
    stopped = dmedia("convert", "photos", "-r", "-o", "photos/out", *SLOWLY, *root, "--max-failures", "2")
    assert stopped.status == 7, stopped
    for further in ("photos-private", "home"):
        ran = dmedia("resume", "last", "--root", further)
        assert (ran.status, "none of these directories" in ran.err) == (2, True), ran
    ran = dmedia("resume", "last", "--root", "photos/sub")
    assert (ran.status, "output directory" in ran.err) == (2, True), ran
    assert dmedia("status", "last", "--json").document["status"] == "interrupted"
    assert dmedia("resume", "last", "--root", "/").status == 3
    failed = {name: code for name, code in codes(dmedia).items() if code}
    assert failed == {"0.jpg": "corrupt_input", "1.jpg": "corrupt_input", "link.jpg": "permission_denied"}


def test_a_launcher_that_is_there_is_not_said_to_be_narrowed(dmedia: Dmedia, photos: Path) -> None:
    many(photos, 30)
    command = dmedia.start("convert", "photos", "-o", "photos/out", *SLOWLY)
    wait_until(lambda: list(photos.glob("out/m*.avif")))
    assert dmedia("pause", "last").status == 0
    wait_until(lambda: dmedia("status", "last", "--json").document["status"] == "paused")
    for detached in ((), ("--detach",)):
        ran = dmedia("resume", "last", "--root", "photos", *detached)
        assert ran.status == 8, ran
    assert dmedia("status", "last", "--json").document["status"] == "paused"
    assert dmedia("cancel", "last").status == 0
    assert command.wait(60) == 9
