"""A directory into which tests install packages that this process finds."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dmedia.media.work import load_work
from dmedia.operations import installed


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where packages are; what was loaded of them is forgotten afterwards."""
    directory = tmp_path / "site"
    directory.mkdir()
    monkeypatch.syspath_prepend(directory)
    known = set(sys.modules)
    forget()
    yield directory
    forget()
    for name in set(sys.modules) - known:
        if str(directory) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def forget() -> None:
    """Let packages be looked for anew."""
    for found in (installed.offers, installed._loaded, load_work):
        found.cache_clear()
