"""A cluster that grows and shrinks with the work, with real worker processes."""

from __future__ import annotations

from pathlib import Path

from tests.command import Dmedia, wait_until
from tests.media_making import encoded, photo
from tests.processes import workers_of
from tests.run.test_cluster_file import write

FILES = 24
MOST = 3


def test_a_cluster_grows_with_the_work_shrinks_without_it_and_no_file_suffers(dmedia: Dmedia, tmp_path: Path) -> None:
    dmedia.slow_down(1.5)
    (tmp_path / "in").mkdir()
    for number in range(FILES):
        (tmp_path / "in" / f"slow{number:02}.png").write_bytes(encoded(photo((120, 90), number), "PNG"))
    file = write(tmp_path, "Talkative")
    arguments = ("convert", "in", "-o", "out", "--format", "webp", "--cluster", file, "--workers", f"1:{MOST}")
    launcher = dmedia.start(*arguments, "--json")
    grown = set(wait_until(lambda: len(seen := workers_of(launcher.pid)) == MOST and seen))
    assert dmedia("pause", "last").status == 0
    left = wait_until(lambda: len(seen := workers_of(launcher.pid)) == 1 and seen)
    assert set(left) <= grown, "workers were ended, and not all of them and another begun"
    assert dmedia("resume", "last").status == 0
    wait_until(lambda: len(workers_of(launcher.pid)) == MOST)
    out, err = launcher.communicate(timeout=120)
    assert launcher.returncode == 0, err
    assert out.count(b"\n") == 1
    files = dmedia.files().values()
    assert [(file["status"], file["attempts"]) for file in files] == [("completed", 1)] * FILES
    assert len({file["worker"] for file in files}) > 1
