"""What is no file, or leads elsewhere: named like a picture, it fails or is followed, and nothing waits."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.command import Dmedia, below
from tests.media_making import jpeg

SPECIAL = ("pipe.jpg", "film-pipe.mp4", "socket.jpg", "zero.jpg", "terminal.png", "random.gif")


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a tree with everything a file system has, and a good picture."""
    place = tmp_path / "in"
    place.mkdir()
    os.mkfifo(place / "pipe.jpg")
    os.mkfifo(place / "film-pipe.mp4")
    monkeypatch.chdir(place)  # a socket's path may have 108 bytes
    socket.socket(socket.AF_UNIX).bind("socket.jpg")
    for name, device in (("zero.jpg", "/dev/zero"), ("terminal.png", "/dev/tty"), ("random.gif", "/dev/urandom")):
        (place / name).symlink_to(device)
    (place / "dangling.jpg").symlink_to("nowhere.jpg")
    (place / "loop.jpg").symlink_to("loop.jpg")
    (place / "directory.jpg").mkdir()
    (place / "directory.jpg/inside.jpg").write_bytes(jpeg())
    (place / "up.jpg").symlink_to("..")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.jpg").write_bytes(jpeg())
    (place / "away.jpg").symlink_to(outside / "a.jpg")
    (place / "folder").symlink_to(outside)
    (place / "good.jpg").write_bytes(jpeg())
    return place


def codes(dmedia: Dmedia) -> dict[str, Any]:
    return {name: file.get("code") or file["status"] for name, file in dmedia.files().items()}


def test_a_walk_meets_everything_and_waits_for_nothing(dmedia: Dmedia, tree: Path, tmp_path: Path) -> None:
    ran = dmedia("thumbnail", "in", "-r", "-o", "out", "--width", "32")
    assert ran.status == 3
    found = codes(dmedia)
    assert {found.pop(name) for name in SPECIAL} == {"unsupported_format"}
    assert found == {
        "dangling.jpg": "not_found",
        "loop.jpg": "not_found",
        "inside.jpg": "completed",
        "away.jpg": "completed",  # a link to a file is that file; one to a directory is not walked into
        "good.jpg": "completed",
    }
    assert below(tmp_path / "out") == ["away.jpg", "directory.jpg/inside.jpg", "good.jpg"]
    assert not any((tmp_path / "out" / name).is_symlink() for name in below(tmp_path / "out"))


def test_what_is_named_by_itself_or_in_a_list_waits_for_nothing(dmedia: Dmedia, tree: Path, tmp_path: Path) -> None:
    named = [f"in/{name}" for name in (*SPECIAL, "dangling.jpg", "loop.jpg", "good.jpg")]
    listed = ["/dev/zero", "/proc/self/mem", "/proc/self/environ", "/dev/stdin", "in/directory.jpg", "in/folder/a.jpg"]
    (tmp_path / "list").write_text("\n".join(listed))
    command = ("convert", *named, "--files-from", "list", "-o", "out", "--format", "png")
    command += ("--on-collision", "number", "--retries", "0")  # what cannot be read now is tried again otherwise
    assert dmedia(*command).status == 3
    found = codes(dmedia)
    assert found.pop("good.jpg") == found.pop("a.jpg") == "completed"
    assert found.pop("environ") in {"corrupt_input", "unsupported_format", "permission_denied"}
    assert found.pop("mem") in {"io_error", "unsupported_format", "corrupt_input", "permission_denied"}
    assert found.pop("dangling.jpg") == found.pop("loop.jpg") == "not_found"
    assert set(found.values()) == {"unsupported_format"}
    assert sorted(Path(name).name for name in below(tmp_path / "out")) == ["a.png", "good.png"]


def test_what_is_no_file_where_a_rendition_goes_is_not_written_to(dmedia: Dmedia, tmp_path: Path) -> None:
    names = ("directory", "link", "pipe", "zero")
    (tmp_path / "in").mkdir()
    for name in names:
        (tmp_path / f"in/{name}.jpg").write_bytes(jpeg())
    out = tmp_path / "out"
    out.mkdir()
    (tmp_path / "victim").write_bytes(b"keep")
    os.mkfifo(out / "pipe.jpg")
    (out / "zero.jpg").symlink_to("/dev/zero")
    (out / "link.jpg").symlink_to(tmp_path / "victim")
    (out / "directory.jpg").mkdir()
    assert dmedia("resize", "in", "-o", "out", "--width", "32").status == 3
    assert codes(dmedia) == dict.fromkeys((f"{name}.jpg" for name in names), "output_exists")
    ran = dmedia("resize", "in", "-o", "out", "--width", "32", "--overwrite", "--json")
    assert (ran.status, ran.document["completed"], ran.document["errors"]) == (3, 3, {"output_exists": 1})
    assert (tmp_path / "victim").read_bytes() == b"keep"
    assert all((out / name).is_file() and not (out / name).is_symlink() for name in below(out))
    assert below(out) == ["link.jpg", "pipe.jpg", "zero.jpg"]


def test_an_output_directory_that_is_none_is_refused(dmedia: Dmedia, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    os.mkfifo(tmp_path / "pipe")
    for output in ("pipe", "/dev/null", "/proc/self/fd", "a.jpg/below"):
        ran = dmedia("resize", "a.jpg", "-o", output, "--width", "32")
        assert ran.status == 5, (output, ran)
    assert dmedia("status", "--json").document == []
