from __future__ import annotations

import errno
import hashlib
import os
import re
import socket
import stat
from pathlib import Path

import pytest

from dmedia.errors import MediaError
from dmedia.storage import local
from dmedia.storage.faults import fault


def code_of(path: bytes) -> str:
    with pytest.raises(MediaError) as raised:
        local.open_source(path)
    assert raised.value.stage == "open"
    return raised.value.code


def test_a_regular_file_opens_and_tells_its_head(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"0123456789")
    assert local.read_head(bytes(path)) == b"0123456789"
    assert local.checksum(bytes(path)) == hashlib.sha256(b"0123456789").hexdigest()


def test_a_named_pipe_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    assert code_of(bytes(tmp_path / "pipe.jpg")) == "unsupported_format"


def test_directories_devices_and_sockets_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert code_of(bytes(tmp_path)) == "unsupported_format"
    assert code_of(b"/dev/null") == "unsupported_format"
    monkeypatch.chdir(tmp_path)  # a socket's path may have 108 bytes
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("s")
        assert code_of(bytes(tmp_path / "s")) == "unsupported_format"


def test_a_path_that_becomes_a_pipe_while_it_is_opened_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "pipe")
    regular = os.stat(__file__)
    monkeypatch.setattr(os, "stat", lambda path: regular)
    assert code_of(bytes(tmp_path / "pipe")) == "unsupported_format"


def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").write_bytes(b"x")
    for name in ("nothing", "dangling", "loop", "file/below", "n" * 300, "nul\0byte"):
        assert code_of(os.fsencode(f"{tmp_path}/{name}")) == "not_found", name


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "disk_full"), (errno.EDQUOT, "disk_full"), (errno.EACCES, "permission_denied"),
        (errno.EROFS, "permission_denied"), (errno.EIO, "io_error"),
        (errno.EMFILE, "io_error"),
    ],
)  # fmt: skip
def test_each_errno_has_its_code(number: int, code: str) -> None:
    failed = fault(OSError(number, os.strerror(number)), "encode")
    assert (failed.code, failed.stage) == (code, "encode")
    assert os.strerror(number) in failed.message


def test_what_is_missing_while_it_is_written_is_not_the_source() -> None:
    missing = OSError(errno.ENOENT, os.strerror(errno.ENOENT))
    assert [fault(missing, stage).code for stage in ("open", "decode", "encode", "verify", "publish")] == [
        *("not_found", "not_found"),
        *("io_error", "io_error", "io_error"),
    ]


def test_a_failing_open_or_read_becomes_its_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x")

    def refuse(*_: object, **__: object) -> int:
        raise OSError(errno.EACCES, "no")

    monkeypatch.setattr(os, "pread", refuse)
    with pytest.raises(MediaError, match="Permission denied"):
        local.read_head(bytes(path))
    monkeypatch.setattr(os, "open", refuse)
    assert code_of(bytes(path)) == "permission_denied"
    with pytest.raises(MediaError, match="Permission denied"):
        local.create(bytes(tmp_path / "b"))


def test_a_temporary_name_lies_beside_its_rendition_and_tells_its_job() -> None:
    path = local.temporary_path(b"/out/a/b.webp", "batch-1-abc")
    assert re.fullmatch(rb"/out/a/\.dmedia-batch-1-abc-[0-9a-f]{8}\.tmp", path)
    assert path != local.temporary_path(b"/out/a/b.webp", "batch-1-abc")


def test_a_published_file_has_the_mode_of_the_umask_and_replaces_what_was_there(tmp_path: Path) -> None:
    temporary, rendition = bytes(tmp_path / "t"), bytes(tmp_path / "r")
    (tmp_path / "r").write_bytes(b"old")
    descriptor = local.create(temporary)
    os.write(descriptor, b"new")
    os.close(descriptor)
    local.publish(temporary, rendition, "batch-1-abc", replaces=True)
    (tmp_path / "usual").write_bytes(b"")
    assert (tmp_path / "r").read_bytes() == b"new"
    assert stat.S_IMODE(os.stat(rendition).st_mode) == stat.S_IMODE(os.stat(tmp_path / "usual").st_mode)
    assert not os.path.exists(temporary)


def test_a_symbolic_link_at_the_rendition_is_replaced_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"keep")
    (tmp_path / "r").symlink_to("elsewhere")
    (tmp_path / "t").write_bytes(b"new")
    local.publish(bytes(tmp_path / "t"), bytes(tmp_path / "r"), "batch-1-abc", replaces=True)
    assert (tmp_path / "elsewhere").read_bytes() == b"keep"
    assert not (tmp_path / "r").is_symlink()


def test_a_directory_at_the_rendition_stays(tmp_path: Path) -> None:
    (tmp_path / "r").mkdir()
    (tmp_path / "t").write_bytes(b"new")
    with pytest.raises(MediaError) as raised:
        local.publish(bytes(tmp_path / "t"), bytes(tmp_path / "r"), "batch-1-abc", replaces=True)
    assert raised.value.code == "output_exists"


def test_a_directory_is_not_said_to_be_what_somebody_has_put_there(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").mkdir()
    (tmp_path / "t").write_bytes(b"x")
    with pytest.raises(MediaError, match="a directory has the rendition's name"):
        local.publish(bytes(tmp_path / "t"), bytes(tmp_path / "a.jpg"), "batch-1-abc")


def test_a_temporary_name_that_is_taken_is_not_written_to(tmp_path: Path) -> None:
    (tmp_path / "victim").write_bytes(b"keep")
    (tmp_path / "t").symlink_to("victim")
    with pytest.raises(MediaError):
        local.create(bytes(tmp_path / "t"))
    assert (tmp_path / "victim").read_bytes() == b"keep"


def test_parents_are_made_below_the_output_directory(tmp_path: Path) -> None:
    local.prepare_parent(bytes(tmp_path / "out/a/b/c.jpg"), bytes(tmp_path / "out"))
    assert (tmp_path / "out/a/b").is_dir()


def test_a_parent_that_leads_out_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "private").mkdir()
    (tmp_path / "out/a").symlink_to(tmp_path / "private")
    for rendition in ("out/a/b.jpg", "out/a/deeper/b.jpg", "out/../b.jpg", "outside/b.jpg"):
        with pytest.raises(MediaError) as raised:
            local.prepare_parent(os.fsencode(f"{tmp_path}/{rendition}"), bytes(tmp_path / "out"))
        assert raised.value.code == "permission_denied"
    assert os.listdir(tmp_path / "private") == []
    assert not (tmp_path / "outside").exists()


def test_an_output_directory_may_be_a_symbolic_link_itself(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "out").symlink_to("real")
    local.prepare_parent(bytes(tmp_path / "out/a/b.jpg"), bytes(tmp_path / "out"))
    assert (tmp_path / "real/a").is_dir()


def test_a_file_where_a_directory_is_needed_is_named(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    for rendition in ("a/c.jpg", "a/b/c.jpg"):
        with pytest.raises(MediaError) as raised:
            local.prepare_parent(bytes(tmp_path / rendition), bytes(tmp_path))
        assert raised.value.code == "output_exists"


def test_a_parent_that_cannot_be_made_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "makedirs", refuse)
    with pytest.raises(MediaError, match="Disk full"):
        local.prepare_parent(bytes(tmp_path / "a/b.jpg"), bytes(tmp_path))


def test_discarding_what_is_not_there_is_silent(tmp_path: Path) -> None:
    local.discard(bytes(tmp_path / "nothing"))
    (tmp_path / "t").write_bytes(b"")
    local.discard(bytes(tmp_path / "t"))
    assert not (tmp_path / "t").exists()


def test_two_names_of_one_file_are_one_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    (tmp_path / "b").symlink_to("a")
    assert local.same_file(bytes(tmp_path / "a"), bytes(tmp_path / "b"))
    assert not local.same_file(bytes(tmp_path / "a"), bytes(tmp_path / "nothing"))


def test_a_checksum_of_what_cannot_be_read_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(b"x")

    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(hashlib, "file_digest", fail)
    with pytest.raises(MediaError, match="Input or output error"):
        local.checksum(bytes(tmp_path / "a"))
