"""What ends a service, or a job of a queue, sends SIGTERM to all of its processes: to slots as to their worker."""

from __future__ import annotations

from pathlib import Path

import psutil

from tests.command import Dmedia, wait_until
from tests.media_making import jpeg


def test_files_at_work_end_when_slots_are_told_to_end_with_their_launcher(dmedia: Dmedia, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number in range(12):
        (tmp_path / f"in/slow{number:02}.jpg").write_bytes(jpeg())
    dmedia.slow_down(1)
    begun = tmp_path / "begun"
    launcher = dmedia.start("convert", "in", "-o", "out", "--format", "webp", "-j", "2")
    wait_until(lambda: begun.exists() and len(begun.read_text().split()) >= 2)
    process = psutil.Process(launcher.pid)
    for each in (*process.children(recursive=True), process):
        each.terminate()
    _, err = launcher.communicate(timeout=120)
    assert launcher.returncode == 143, err
    files = dmedia.files()
    worked_on = set(begun.read_text().split())
    assert {name for name, file in files.items() if file["attempts"]} == worked_on
    assert {files[name]["status"] for name in worked_on} == {"completed"}
