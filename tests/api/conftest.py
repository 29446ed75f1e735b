"""Photos, programs beside them, and this process as one of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.api.program import Program
from tests.command import Dmedia
from tests.media_making import encoded, jpeg, photo

PHOTOS, SLOW = 4, 8


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """A directory with four photos and a broken one."""
    folder = tmp_path / "images"
    folder.mkdir()
    for number in range(PHOTOS):
        (folder / f"{number}.jpg").write_bytes(jpeg(size=(100, 70)))
    (folder / "broken.jpg").write_bytes(jpeg(size=(1000, 700))[:5000])
    return folder


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    """A directory with photos on which an AVIF of some effort takes some seconds."""
    folder = tmp_path / "slow"
    folder.mkdir()
    for number in range(SLOW):
        (folder / f"{number:02}.png").write_bytes(encoded(photo((900, 700), number), "PNG", compress_level=1))
    return folder


@pytest.fixture
def program(dmedia: Dmedia) -> Program:
    """Runs programs in ``tmp_path``."""
    return Program(dmedia)


@pytest.fixture
def here(dmedia: Dmedia, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let this process be a program in ``tmp_path``."""
    monkeypatch.chdir(tmp_path)
    for name in ("DMEDIA_HOME", "PYTHONPATH", "DMEDIA_PLAN_WAIT_S"):
        monkeypatch.setenv(name, dmedia.environment[name])
    return tmp_path
