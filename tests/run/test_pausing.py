"""A job waits when a person asks it to or the disk has no room, and goes on without a file lost or failed."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command import Dmedia, below, wait_until
from tests.media_making import encoded, photo
from tests.run.small_disk import SmallDisk, can_mount

FILES = 24
FILE_S = 0.5
COMMAND = ("convert", "in", "-o", "out", "--format", "avif", "--effort", "0", "-j", "2")


@pytest.fixture
def sources(dmedia: Dmedia, tmp_path: Path) -> Path:
    """Pictures that take a while each."""
    (tmp_path / "in").mkdir()
    for number in range(FILES):
        (tmp_path / "in" / f"slow{number:02}.png").write_bytes(encoded(photo((70, 50), number), "PNG"))
    dmedia.slow_down(FILE_S)
    return tmp_path / "in"


def status(dmedia: Dmedia, state: str) -> dict[str, object] | None:
    """Read the newest job's status once it is what is waited for."""
    document: dict[str, object] = dmedia("status", "last", "--json").document
    return document if document.get("status") == state else None


def test_a_paused_job_begins_nothing_until_it_is_resumed(dmedia: Dmedia, sources: Path) -> None:
    launcher = dmedia.start(*COMMAND)
    wait_until(lambda: dmedia("status", "last", "--json").document.get("completed"))
    assert dmedia("pause", "last").status == 0
    wait_until(lambda: (seen := status(dmedia, "paused")) and not seen["processing"])
    time.sleep(2)  # the last results may still be on their way
    paused = dmedia("status", "last", "--json").document
    assert paused["duration"] == "running"
    assert 0 < paused["completed"] < FILES
    assert "  paused  " in dmedia("status", "last").out
    time.sleep(2)
    assert dmedia("status", "last", "--json").document["completed"] == paused["completed"]
    resumed = dmedia("resume", "last")
    assert (resumed.status, "goes on" in resumed.out) == (0, True)
    launcher.communicate(timeout=120)
    assert launcher.returncode == 0
    assert {(file["status"], file["attempts"]) for file in dmedia.files().values()} == {("completed", 1)}


def test_a_paused_job_is_cancelled_and_stopped_like_any_other(dmedia: Dmedia, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number in range(4):
        (tmp_path / "in" / f"hang{number}.png").write_bytes(encoded(photo((70, 50), number), "PNG"))
    dmedia.sabotage()  # no file ends before the job is told to
    stopped = dmedia.start(*COMMAND)
    pause_at_work(dmedia)
    stopped.send_signal(signal.SIGTERM)
    stopped.communicate(timeout=60)
    assert stopped.returncode == 143
    assert status(dmedia, "interrupted")
    assert dmedia("pause", "last").status == 2
    cancelled = dmedia.start("resume", "last")
    pause_at_work(dmedia)
    assert dmedia("cancel", "last").status == 0
    cancelled.communicate(timeout=60)
    assert cancelled.returncode == 9
    assert status(dmedia, "cancelled")


def pause_at_work(dmedia: Dmedia) -> None:
    """Pause a job that has files at work."""
    wait_until(lambda: (seen := status(dmedia, "running")) and seen["processing"])
    assert dmedia("pause", "last").status == 0
    wait_until(lambda: status(dmedia, "paused"))


@pytest.fixture
def disk(dmedia: Dmedia, sources: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[SmallDisk]:
    """A running job on a small disk, with the options the test names."""
    if not can_mount(tmp_path):
        pytest.skip("no file system can be mounted here: neither root nor user namespaces")
    disk = SmallDisk(dmedia, *COMMAND, "--min-free", request.param, with_records="records" in request.node.name)
    wait_until(lambda: list(disk.out.glob("*.avif")))
    yield disk
    disk.launcher.kill()
    disk.launcher.communicate()


@pytest.mark.parametrize("disk", ["4MiB"], indirect=True)
def test_below_the_reserve_the_job_waits_and_goes_on_by_itself(dmedia: Dmedia, disk: SmallDisk) -> None:
    disk.fill(leave_bytes=2 * 2**20)
    waiting = wait_until(lambda: (seen := status(dmedia, "paused")) and not seen["processing"] and seen)
    assert "kept free (--min-free)" in str(waiting["warnings"])
    assert waiting["failed"] == 0
    disk.ballast.unlink()
    _, err = disk.launcher.communicate(timeout=120)
    assert disk.launcher.returncode == 0
    assert b"warning: Waiting for disk space" in err
    ended = dmedia("status", "last", "--json").document
    assert (ended["status"], ended["completed"], ended["warnings"]) == ("completed", FILES, [])
    assert {file["attempts"] for file in dmedia.files().values()} == {1}


@pytest.mark.parametrize("disk", ["0"], indirect=True)
def test_a_full_disk_leaves_no_file_under_a_final_name_and_fails_none(dmedia: Dmedia, disk: SmallDisk) -> None:
    disk.fill(leave_bytes=0)
    waiting = wait_until(lambda: status(dmedia, "paused"))
    assert "Waiting for disk space" in str(waiting["warnings"])
    assert waiting["failed"] == 0
    whole = [file for file in dmedia.files().values() if file["status"] == "completed"]
    named = [name for name in below(disk.out) if name != "ballast" and not name.startswith(".dmedia-")]
    assert len(named) == len(whole)
    disk.ballast.unlink()
    disk.launcher.communicate(timeout=120)
    assert disk.launcher.returncode == 0
    assert {(file["status"], file["attempts"]) for file in dmedia.files().values()} == {("completed", 1)}


@pytest.mark.parametrize("disk", ["0"], indirect=True)
def test_a_launcher_with_its_records_on_a_full_disk_still_heeds_signals(disk: SmallDisk) -> None:
    disk.fill(leave_bytes=0)
    time.sleep(3)
    (requests,) = disk.out.glob(".records/jobs/batch-*")
    os.mknod(requests / "cancel")
    time.sleep(3)
    disk.launcher.send_signal(signal.SIGTERM)
    _, err = disk.launcher.communicate(timeout=60)
    assert disk.launcher.returncode in (5, 143)
    assert b"warning: Waiting for disk space" in err
    assert b"Traceback" not in err


@pytest.mark.parametrize("disk", ["0"], indirect=True)
def test_records_on_a_full_disk_are_written_when_there_is_room(disk: SmallDisk) -> None:
    disk.fill(leave_bytes=0)
    time.sleep(5)
    assert disk.launcher.poll() is None
    whole = len(list(disk.out.glob("*.avif")))
    assert whole < FILES
    disk.ballast.unlink()
    out, err = disk.launcher.communicate(timeout=120)
    assert (disk.launcher.returncode, b"Traceback" in err) == (0, False), err
    assert f"{FILES} done of {FILES} files".encode() in out
