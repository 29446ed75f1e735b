"""The benchmark of effort and quality works; what it finds is for people to read."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.command import LIMIT_S, ROOT
from tests.media_making import encoded, photo


def test_the_benchmark_of_effort_prints_a_row_for_each_effort_and_quality_and_compares_them(tmp_path: Path) -> None:
    for number in range(2):
        (tmp_path / f"{number}.jpg").write_bytes(encoded(photo((300, 200), number), "JPEG", quality=95))
    few = ("--pixels", "20000", "--efforts", "4", "5", "9", "--formats", "jpg", "png")
    ran = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "effort.py", tmp_path, *few],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    rows = [line.split() for line in ran.stdout.splitlines() if line.startswith(("jpg", "png"))]
    measured = [row for row in rows if len(row) >= 7]
    jpeg = [row for row in measured if row[0] == "jpg"]
    assert {row[3] for row in jpeg} == {"60", "70", "80", "90"}
    assert len(jpeg) == 8, "efforts 4 and 5 are one for small pictures, and 9 another"
    assert all(0 < float(row[5]) < 1 for row in jpeg)
    assert [row[:1] + row[3:4] for row in measured if row[-1] == "*"] == [["jpg", "80"], ["png", "-"]]
    assert {row[5] for row in measured if row[0] == "png"} == {"1.0000"}
    compared = [row for row in rows if len(row) == 5]
    assert [row[:2] for row in compared] == [["jpg", "4"], ["jpg", "9"], ["png", "4"], ["png", "9"]]
    assert {row[3] for row in compared if row[1] == "4"} == {"1.000"}
