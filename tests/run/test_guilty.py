"""Nine bad files among two hundred good ones: exactly the nine fail, each for its own reason."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.command import SABOTAGE, Dmedia, below, wait_until
from tests.media_making import jpeg
from tests.run.conftest import ClusterMaker

GOOD = 200
BAD = {
    **dict.fromkeys((f"crash{number}.jpg" for number in range(5)), "decoder_crash"),
    **dict.fromkeys(("hang0.jpg", "hang1.jpg"), "timeout"),
    **dict.fromkeys(("hungry0.jpg", "hungry1.jpg"), "out_of_memory"),
}
ATTEMPTS = {"decoder_crash": 2, "timeout": 1, "out_of_memory": 1}


def test_of_two_hundred_good_and_nine_bad_files_exactly_the_nine_fail(
    dmedia: Dmedia, tmp_path: Path, make_cluster: ClusterMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = tmp_path / "in"
    sources.mkdir()
    for number in range(GOOD):
        (sources / f"{'abcdefghijklmnopqrst'[number % 20]}{number:03}.jpg").write_bytes(jpeg())
    for name in BAD:
        (sources / name).write_bytes(jpeg())
    monkeypatch.setenv("PYTHONPATH", str(SABOTAGE))
    monkeypatch.setenv("DMEDIA_SLOT_SABOTAGE", str(tmp_path / "begun"))
    cluster = make_cluster(workers=2, threads=2)
    before = [process.pid for process in cluster.worker_processes()]

    ran = dmedia(
        *("resize", "in", "-o", "out", "--width", "16", "--json", "--scheduler", cluster.address),
        *("--timeout", "3", "--slot-memory", "300M"),
    )
    assert ran.status == 3, ran.err
    assert [process.pid for process in cluster.worker_processes()] == before
    files = dmedia.files()
    assert {name: file["code"] for name, file in files.items() if file["status"] == "failed"} == BAD
    assert sum(file["status"] == "completed" for file in files.values()) == GOOD
    expected = {name: ATTEMPTS[BAD[name]] if name in BAD else 1 for name in files}
    assert {name: file["attempts"] for name, file in files.items()} == expected
    begun = Counter((tmp_path / "begun").read_text().split())
    assert begun == Counter(expected)
    assert len(below(tmp_path / "out")) == GOOD
    wait_until(lambda: not cluster.slots())
