"""What a machine must have for a test: skipped where it is missing, but not in continuous integration."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, NoReturn

import pytest


def need(*programs: str, package: str) -> None:
    """Skip the test that calls where a program is missing; where ``CI`` is ``true``, fail.

    Parameters
    ----------
    *programs : str
        Names of programs; those of the system's administrator are found too.
    package : str
        Debian package that has them, for whoever reads the reason.
    """
    missing = [name for name in programs if where(name) is None]
    if missing:
        unmet(f"{', '.join(missing)} not installed: apt-get install {package}")


def unmet(reason: str) -> NoReturn:
    """Skip the test that calls; where ``CI`` is ``true``, fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def where(program: str) -> str | None:
    """Find a program, those of the system's administrator too; tell its path."""
    return shutil.which(program, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin"]))


def run(*command: str | Path, **more: Any) -> str:
    """Run a checking program; what it says is told when it objects."""
    ended: subprocess.CompletedProcess[str] = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, **more
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr
