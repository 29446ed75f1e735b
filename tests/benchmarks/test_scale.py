"""The benchmark of scale works; how fast is for people to read."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command import ROOT

LIMIT_S = 300
"""Seconds; it takes about 25 on an idle machine."""


@pytest.mark.skipif(sys.platform != "linux", reason="greatest memory is read from /proc")
def test_the_benchmark_of_scale_runs_whole_jobs_and_prints_its_tables(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    ran = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "scale.py", "--quick", "--tree", tmp_path / "tree"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    rows = [line.split() for line in ran.stdout.splitlines() if re.match(r" *[0-9,]+ +[0-9]+ .*\|", line)]
    assert [(row[0], row[1]) for row in rows] == [("10,000", "2"), ("2,000", "1"), ("2,000", "2")]
    assert "meanwhile dmedia status --failed: median" in ran.stdout
