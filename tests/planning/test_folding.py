"""Which names are one name."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from dmedia.planning.folding import PORTABLE, Folding, nearest_existing, try_folding


def test_keys_are_equal_where_names_are_one() -> None:
    composed, decomposed = "é/A.jpg".encode(), "e\u0301/a.jpg".encode()
    assert Folding(case=False, unicode=False).key(composed) == composed
    assert PORTABLE.key(composed) == PORTABLE.key(decomposed)
    assert Folding(case=True, unicode=False).key(b"A") == b"a"
    assert Folding(case=False, unicode=True).key(b"A") == b"A"
    assert Folding(case=False, unicode=True).key(composed) != Folding(case=False, unicode=True).key(decomposed)
    assert PORTABLE.key(b"\xff\xfe") == b"\xff\xfe"


def test_the_file_system_is_tried_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "Probe").touch()
    folds_case = (tmp_path / "pROBE").exists()
    assert try_folding(bytes(tmp_path), may_write=True).case is folds_case
    assert try_folding(bytes(tmp_path), may_write=False).case is folds_case
    assert os.listdir(tmp_path) == ["Probe"]


@pytest.mark.parametrize("may_write", [True, False])
def test_a_file_system_that_folds_is_noticed(may_write: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Probe").touch()
    real = os.stat
    folds = Folding(case=True, unicode=True)

    def stat(path: bytes, **more: bool) -> os.stat_result:
        directory, name = os.path.split(path)
        names = [found for found in os.listdir(directory) if folds.key(found) == folds.key(name)]
        return real(os.path.join(directory, names[0]), **more)

    monkeypatch.setattr(os, "stat", stat)
    found = try_folding(bytes(tmp_path), may_write=may_write)
    assert found == Folding(case=True, unicode=True if may_write else sys.platform == "darwin")


def test_where_nothing_can_be_tried_the_platform_tells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert try_folding(bytes(tmp_path), may_write=False) == PORTABLE
    assert try_folding(bytes(tmp_path / "none"), may_write=True) == PORTABLE
    monkeypatch.setattr(sys, "platform", "linux")
    assert try_folding(bytes(tmp_path), may_write=False) == Folding(case=False, unicode=False)


def test_the_nearest_existing_directory(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert nearest_existing(bytes(tmp_path / "a" / "b")) == bytes(tmp_path)
    assert nearest_existing(bytes(tmp_path / "file" / "b")) == bytes(tmp_path)
    assert nearest_existing(b"/") == b"/"
