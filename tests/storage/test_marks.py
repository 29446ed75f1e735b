"""A published file says which job made it, as long as it is as it was published."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest

from dmedia.errors import MediaError
from dmedia.storage import local
from tests.marks import needs_marks

JOB = "batch-1-abcdef"


def publish(
    directory: Path, name: str = "r", *, replaces: bool = False, job: str = JOB, content: bytes = b"new"
) -> Path:
    temporary, rendition = directory / "t", directory / name
    descriptor = local.create(bytes(temporary))
    os.write(descriptor, content)
    try:
        local.publish(bytes(temporary), bytes(rendition), job, replaces=replaces)
    finally:
        os.close(descriptor)
        local.discard(bytes(temporary))
    return rendition


@needs_marks
def test_a_published_file_tells_its_job_wherever_it_goes(tmp_path: Path) -> None:
    rendition = publish(tmp_path)
    assert local.marked_by(bytes(rendition)) == JOB
    assert local.marked_by(bytes(rendition.rename(tmp_path / "s"))) == JOB


@needs_marks
@pytest.mark.parametrize("mask", [0o222, 0o777])
def test_a_mask_that_takes_rights_away_takes_no_mark(
    tmp_path: Path, mask: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local.renditions, "_umask", lambda: mask)
    rendition = publish(tmp_path)
    rendition.chmod(0o600)
    assert local.marked_by(bytes(rendition)) == JOB


@needs_marks
def test_a_changed_or_copied_file_and_one_of_somebody_else_are_nobodys(tmp_path: Path) -> None:
    rendition = publish(tmp_path)
    shutil.copyfile(rendition, tmp_path / "copy")
    with rendition.open("r+b") as file:  # the attribute stays
        file.write(b"own")
    for name, content in (("plain", b"x"), ("odd", b"\xff\xff"), ("text", b"batch-1-abcdef"), ("empty", b"")):
        (tmp_path / name).write_bytes(b"x")
        if name != "plain":
            os.setxattr(tmp_path / name, "user.dmedia", content)
    (tmp_path / "link").symlink_to(publish(tmp_path, "other"))
    for name in ("r", "copy", "plain", "odd", "text", "empty", "link", "nothing"):
        assert local.marked_by(bytes(tmp_path / name)) == "", name
    assert local.marked_by(bytes(tmp_path)) == ""


def test_where_no_mark_can_be_kept_nobody_knows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if Path("/proc/self/status").exists():
        assert local.marked_by(b"/proc/self/status") is None
    rendition = publish(tmp_path)
    monkeypatch.delattr(os, "setxattr", raising=False)
    monkeypatch.delattr(os, "getxattr", raising=False)
    assert local.marked_by(bytes(rendition)) is None
    assert publish(tmp_path, content=b"again").read_bytes() == b"again"


@pytest.mark.parametrize("number", [errno.ENOTSUP, errno.EPERM, errno.ENOSPC, errno.EDQUOT])
def test_a_mark_that_cannot_be_set_fails_no_file(tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "setxattr", refuse, raising=False)
    assert publish(tmp_path).read_bytes() == b"new"


@needs_marks
def test_what_was_free_is_published_over_renditions_and_over_nothing_else(tmp_path: Path) -> None:
    for job in (JOB, "batch-2-abcdef"):
        assert publish(tmp_path, job=job, content=job.encode()).read_bytes() == job.encode()
    (tmp_path / "theirs").write_bytes(b"keep")
    (tmp_path / "link").symlink_to("theirs")
    (tmp_path / "lost").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")
    for name in ("theirs", "link", "lost", "pipe"):
        before = os.lstat(tmp_path / name)
        with pytest.raises(MediaError) as raised:
            publish(tmp_path, name)
        assert (raised.value.code, raised.value.stage) == ("output_exists", "publish")
        assert os.path.samestat(os.lstat(tmp_path / name), before)
        assert publish(tmp_path, name, replaces=True).read_bytes() == b"new"
        if name == "link":
            assert (tmp_path / "theirs").read_bytes() == b"new"  # of the round before
        assert not (tmp_path / name).is_symlink()
