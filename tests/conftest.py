"""What all tests share: the command line as a process of its own, with a home of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command import Dmedia

pytest_plugins = ["tests.servers.fixtures"]


@pytest.fixture
def dmedia(tmp_path: Path) -> Dmedia:
    """The command line, run in ``tmp_path`` with the records below it."""
    return Dmedia(tmp_path)
