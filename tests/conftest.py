"""What all tests share: the command line as a process of its own, with a home of its own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.command import Dmedia

pytest_plugins = ["tests.servers.fixtures"]


@pytest.fixture(autouse=True)
def fonts_of_the_system() -> None:
    """Let no process that a test starts see the one font to which a test before it has pointed this process."""
    os.environ.pop("FONTCONFIG_FILE", None)


@pytest.fixture
def dmedia(tmp_path: Path) -> Dmedia:
    """The command line, run in ``tmp_path`` with the records below it."""
    return Dmedia(tmp_path)
