"""A job ends in order when it is asked to: by a signal, or by another process."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.command import Dmedia, below, wait_until
from tests.media_making import encoded, photo

FILES = 24
FILE_S = 0.7
"""Unlike the period in which workers tell what they work on, so that it is seen at all moments of a file."""
COMMAND = ("convert", "in", "-o", "out", "--format", "avif", "--effort", "0")


@pytest.fixture
def slow_job(dmedia: Dmedia, tmp_path: Path) -> subprocess.Popen[bytes]:
    """A job of which some files are done and others are being worked on; what comes after it is as fast as ever."""
    (tmp_path / "in").mkdir()
    for number in range(FILES):
        (tmp_path / "in" / f"slow{number:02}.png").write_bytes(encoded(photo((70, 50), number), "PNG"))
    dmedia.slow_down(FILE_S)
    launcher = dmedia.start(*COMMAND, "-j", "2")
    wait_until(lambda: dmedia("status", "last", "--json").document.get("completed"))
    dmedia.slow_down(0)
    return launcher


def test_the_status_of_a_running_job_is_read_from_another_process(
    dmedia: Dmedia, slow_job: subprocess.Popen[bytes]
) -> None:
    seen = wait_until(lambda: (found := dmedia("status", "last", "--json").document)["processing"] and found)
    assert (seen["status"], seen["duration"], seen["total"]) == ("running", "running", FILES)
    assert 0 < seen["progress"] < 100
    assert seen["dashboard"].startswith("http://127.0.0.1:")
    assert sum(seen[key] for key in ("completed", "failed", "skipped", "cancelled", "processing", "pending")) == FILES
    assert dmedia("status", "--json").document[0]["id"] == seen["id"]
    assert len(dmedia.files(seen["id"])) == FILES
    wait_until(lambda: "processing" in [file["status"] for file in dmedia.files(seen["id"]).values()])
    slow_job.terminate()
    slow_job.communicate(timeout=60)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_drains_and_resume_goes_on(
    dmedia: Dmedia, slow_job: subprocess.Popen[bytes], tmp_path: Path, number: signal.Signals
) -> None:
    slow_job.send_signal(number)
    out, err = slow_job.communicate(timeout=60)
    assert slow_job.returncode == 128 + number
    assert b"go on with: dmedia resume batch-" in out
    assert b"Traceback" not in err
    stopped = dmedia("status", "last", "--json").document
    assert (stopped["status"], stopped["processing"]) == ("interrupted", 0)
    assert 0 < stopped["completed"] < FILES
    assert len(below(tmp_path / "out")) == stopped["completed"]
    resumed = dmedia("resume", "last", "--json")
    assert (resumed.status, resumed.document["id"]) == (0, stopped["id"])
    assert (resumed.document["status"], resumed.document["completed"]) == ("completed", FILES)
    assert {file["attempts"] for file in dmedia.files().values()} == {1}
    assert len(below(tmp_path / "out")) == FILES


def test_a_second_signal_stops_at_once(dmedia: Dmedia, slow_job: subprocess.Popen[bytes], tmp_path: Path) -> None:
    slow_job.send_signal(signal.SIGINT)
    time.sleep(0.3)  # signals that come together may be delivered in any order
    slow_job.send_signal(signal.SIGTERM)
    slow_job.communicate(timeout=60)
    assert slow_job.returncode == 130
    assert not list((tmp_path / "out").glob(".dmedia-*"))


def test_cancel_from_another_process_ends_the_job_and_marks_the_rest(
    dmedia: Dmedia, slow_job: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    assert dmedia("cancel", "last").status == 0
    slow_job.communicate(timeout=60)
    assert slow_job.returncode == 9
    ended = dmedia("status", "last", "--json").document
    assert ended["status"] == "cancelled"
    assert ended["completed"] + ended["cancelled"] == FILES
    assert len(below(tmp_path / "out")) == ended["completed"]
    refused = dmedia("cancel", "last")
    assert refused.status == 2
    assert "not running" in refused.err
    resumed = dmedia("resume", "last", "--json")
    assert (resumed.status, resumed.document["completed"], resumed.document["cancelled"]) == (0, FILES, 0)


def test_a_killed_launcher_is_seen_and_the_next_job_takes_over_what_it_left(
    dmedia: Dmedia, slow_job: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    slow_job.kill()
    slow_job.communicate(timeout=60)
    seen = dmedia("status", "last", "--json").document
    assert seen["status"] == "interrupted"
    left = [name for name in below(tmp_path / "out") if name.endswith(".avif")]
    unrecorded = tmp_path / "out" / f"slow{FILES - 1:02}.avif"  # as if it had been published just before the kill
    shutil.copy2(tmp_path / "out" / left[0], unrecorded)
    mine = tmp_path / "out" / f"slow{FILES - 2:02}.avif"
    mine.write_bytes(b"older than the job")
    os.utime(mine, (1, 1))
    ran = dmedia(*COMMAND, "--json")
    assert ran.status == 3
    assert ran.document["errors"] == {"output_exists": 1}
    assert ran.document["skipped"] >= seen["completed"]
    assert ran.document["skipped"] + ran.document["completed"] == FILES - 1
    assert mine.read_bytes() == b"older than the job"
    assert len(below(tmp_path / "out")) == FILES


def test_a_signal_while_planning_leaves_no_job(dmedia: Dmedia, tmp_path: Path) -> None:
    listing = tmp_path / "list"
    listing.write_text("".join(f"/nowhere/{number}.jpg\n" for number in range(300_000)))
    launcher = dmedia.start("resize", "--files-from", "list", "-o", "out", "--width", "9")
    wait_until(lambda: dmedia("status", "--json").document)
    launcher.send_signal(signal.SIGINT)
    _, err = launcher.communicate(timeout=60)
    assert launcher.returncode == 130, err
    assert b"nothing was written" in err
    assert dmedia("status", "--json").document == []
    assert not (tmp_path / "out").exists()


def test_a_job_that_is_at_work_is_refused_to_a_second_launcher(
    dmedia: Dmedia, slow_job: subprocess.Popen[bytes]
) -> None:
    refused = dmedia("resume", "last")
    assert refused.status == 8
    assert str(slow_job.pid) in refused.err
    slow_job.terminate()
    slow_job.communicate(timeout=60)


def test_a_job_whose_launcher_was_killed_is_resumed(
    dmedia: Dmedia, slow_job: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    slow_job.kill()
    slow_job.communicate(timeout=60)
    resumed = dmedia("resume", "last", "--json")
    assert (resumed.status, resumed.document["completed"]) == (0, FILES)
    assert len(below(tmp_path / "out")) == FILES


def test_retry_is_for_failed_files_and_leaves_all_others_as_they_are(
    dmedia: Dmedia, slow_job: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    slow_job.send_signal(signal.SIGINT)
    slow_job.communicate(timeout=60)
    interrupted = dmedia("retry", "last")
    assert (interrupted.status, "dmedia resume batch-" in interrupted.err) == (2, True)
    dmedia.slow_down(1000)
    resumed = dmedia.start("resume", "last")
    wait_until(lambda: dmedia("status", "last", "--json").document["status"] == "running")
    assert dmedia("cancel", "last").status == 0
    resumed.communicate(timeout=60)
    before = dmedia("status", "last", "--json").document
    assert before["cancelled"]
    refused = dmedia("retry", "last", "--code", "timeout")
    assert (refused.status, "Nothing to try again" in refused.err) == (2, True)
    assert dmedia("status", "last", "--json").document == before


def test_a_cancelled_job_of_which_failed_files_are_tried_again_stays_cancelled(dmedia: Dmedia, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.png").write_bytes(b"these are words " * 40)
    for number in range(FILES):
        (tmp_path / "in" / f"slow{number:02}.png").write_bytes(encoded(photo((70, 50), number), "PNG"))
    dmedia.slow_down(FILE_S)
    launcher = dmedia.start(*COMMAND, "-j", "1")
    wait_until(lambda: dmedia("status", "last", "--json").document.get("failed"))
    dmedia("cancel", "last")
    launcher.communicate(timeout=60)
    (tmp_path / "in/a.png").write_bytes(encoded(photo((64, 48)), "PNG"))
    retried = dmedia("retry", "last", "--json")
    assert (retried.status, retried.document["status"], retried.document["failed"]) == (9, "cancelled", 0)
    assert retried.document["cancelled"]


def test_an_output_directory_that_goes_away_is_not_blamed_on_a_source(
    dmedia: Dmedia, slow_job: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    wait_until(lambda: list((tmp_path / "out").glob(".dmedia-*")))
    shutil.rmtree(tmp_path / "out", ignore_errors=True)
    slow_job.communicate(timeout=120)
    ended = dmedia("status", "last", "--json").document
    assert (ended["failed"], ended["errors"]) == (0, {})
    assert max(file["attempts"] for file in dmedia.files().values()) > 1


def test_retry_tries_the_failed_files_again_and_attempts_go_on_counting(dmedia: Dmedia, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    good = encoded(photo((64, 48)), "PNG")
    for name, content in (("good", good), ("half", good[:3000]), ("words", b"these are words " * 40)):
        (tmp_path / "in" / f"{name}.png").write_bytes(content)
    first = dmedia("resize", "in", "-o", "out", "--width", "9", "--json")
    assert (first.status, first.document["failed"]) == (3, 2)
    (tmp_path / "in/half.png").write_bytes(good)
    (tmp_path / "in/words.png").write_bytes(good)
    one = dmedia("retry", "last", "--code", "unsupported_format", "--json")
    assert (one.status, one.document["id"], one.document["failed"]) == (3, first.document["id"], 1)
    both = dmedia("retry", "last", "--json")
    assert (both.status, both.document["completed"], both.document["errors"]) == (0, 3, {})
    assert {name: file["attempts"] for name, file in dmedia.files().items()} == {
        "good.png": 1,
        "half.png": 2,
        "words.png": 2,
    }
    assert dmedia("retry", "last", "--code", "timeuot").status == 2
