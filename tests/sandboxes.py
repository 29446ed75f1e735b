"""What tests of the sandbox share: whether there can be one here."""

from __future__ import annotations

import functools
import subprocess
import sys

import pytest

from tests.command import ROOT

ASK = "from dmedia.media.sandbox import enter; entered = enter([]); print(entered.abi, entered.reason)"


@functools.cache
def _asked() -> tuple[int, str]:
    done = subprocess.run([sys.executable, "-c", ASK], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    abi, _, reason = done.stdout.strip().partition(" ")
    return int(abi), reason


def kernel_abi() -> int:
    """Tell the version of the kernel's Landlock interface, 0 without."""
    return _asked()[0]


needs_landlock = pytest.mark.skipif(not kernel_abi(), reason=_asked()[1] or "Landlock is there")
