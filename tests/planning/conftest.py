from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of records that no other test and no user has."""
    monkeypatch.setenv("DMEDIA_HOME", str(tmp_path / "home"))
    return tmp_path / "home"
