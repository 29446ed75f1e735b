"""What all tests share: the command line as a process of its own, with a home of its own."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from dmedia.run.machine import usable_cpus
from tests.command import Dmedia

pytest_plugins = ["tests.servers.fixtures"]

PROCESSES_PER_CPU = 1.5
"""Tests wait a third of their time: for clusters to come and go, for limits to pass. Measured on 2 cores: two processes
kept them 67 % busy."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Say what ``-n auto`` means."""
    return math.ceil(PROCESSES_PER_CPU * usable_cpus())


@pytest.fixture
def dmedia(tmp_path: Path) -> Dmedia:
    """The command line, run in ``tmp_path`` with the records below it."""
    return Dmedia(tmp_path)
