"""FFmpeg says "Input/output error" of damaged content too: only a disk that fails when it is read again is one."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from tests.fuzz.mutations import mutate
from tests.fuzz.seeds import make_seed
from tests.media_making import work

if TYPE_CHECKING:
    from pathlib import Path

    from dmedia.model import FileResult


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """Make a Matroska film of which FFmpeg says that it cannot be read."""
    path = tmp_path / "in.mkv"
    path.write_bytes(mutate(make_seed("hevc.mkv", tmp_path), "hevc.mkv", 0))
    return path


def poster(film: Path, tmp_path: Path) -> FileResult:
    return work(os.fsencode(film), os.fsencode(tmp_path / "out/a.jpg"), "thumbnail", width=32, format="jpg")


def test_a_damaged_container_is_corrupt_and_not_tried_again(damaged: Path, tmp_path: Path) -> None:
    failure = poster(damaged, tmp_path).failure
    assert failure is not None
    assert (failure.code, failure.message) == ("corrupt_input", "Corrupt input: the container is damaged")


def test_a_disk_that_fails_is_told_as_such(damaged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = os.pread

    def fail_behind_the_head(descriptor: int, count: int, offset: int) -> bytes:
        if count > 65_536:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return read(descriptor, count, offset)

    monkeypatch.setattr(os, "pread", fail_behind_the_head)
    failure = poster(damaged, tmp_path).failure
    assert failure is not None
    assert failure.code == "io_error"
