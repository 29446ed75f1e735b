"""A detached job outlives whoever has asked for it, and what was told of it stays known."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.command import Dmedia, below, wait_until
from tests.media_making import encoded, jpeg, photo

FILES = 12


def make_sources(directory: Path) -> None:
    directory.mkdir()
    for number in range(FILES):
        (directory / f"{number:02}.png").write_bytes(encoded(photo((600, 400), number), "PNG"))


def test_a_detached_job_outlives_its_caller_and_the_callers_terminal(dmedia: Dmedia, tmp_path: Path) -> None:
    make_sources(tmp_path / "in")
    command = ("convert", "in", "-o", "out", "--format", "avif", "--effort", "6", "-j", "2", "--detach")
    caller = subprocess.Popen(
        [sys.executable, "-m", "dmedia", *command],
        cwd=tmp_path,
        env=dmedia.environment,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    out, _ = caller.communicate(timeout=60)
    assert caller.returncode == 0
    job = out.split()[3].rstrip(b":").decode()
    assert out.startswith(f"Started batch job {job}: processing ".encode())
    with contextlib.suppress(ProcessLookupError):  # nobody is left in the caller's session: that is the point
        os.killpg(caller.pid, signal.SIGHUP)
    ended = wait_until(lambda: (seen := dmedia("status", job, "--json").document)["status"] == "completed" and seen)
    assert (ended["completed"], ended["total"]) == (FILES, FILES)
    assert len(below(tmp_path / "out")) == FILES


def test_a_plan_that_is_refused_is_told_at_once_and_stays_on_record(dmedia: Dmedia, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    refused = dmedia("resize", "empty", "-o", "out", "--width", "9", "--detach", "--json")
    assert refused.status == 4
    assert refused.document["exit_status"] == 4
    assert "No image found" in refused.err
    failed = dmedia("status", "last", "--json").document
    assert (failed["status"], failed["total"]) == ("failed", 0)
    assert "No image found" in str(failed["warnings"])
    (tmp_path / "empty/a.jpg").write_bytes(jpeg())
    resumed = dmedia("resume", failed["id"], "--json")
    assert (resumed.status, resumed.document["completed"]) == (0, 1)


def test_a_list_on_standard_input_reaches_the_launcher(dmedia: Dmedia, tmp_path: Path) -> None:
    make_sources(tmp_path / "in")
    listed = "".join(f"in/{number:02}.png\n" for number in range(5)).encode()
    started = dmedia("resize", "--files-from", "-", "-o", "out", "--width", "9", "--detach", "--json", stdin=listed)
    assert started.status == 0
    job = started.document["id"]
    ended = wait_until(lambda: (seen := dmedia("status", job, "--json").document)["status"] == "completed" and seen)
    assert ended["completed"] == 5


def test_resume_and_retry_detach_too(dmedia: Dmedia, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/words.jpg").write_bytes(b"these are words " * 40)
    (tmp_path / "in/good.jpg").write_bytes(jpeg())
    assert dmedia("resize", "in", "-o", "out", "--width", "9").status == 3
    (tmp_path / "in/words.jpg").write_bytes(jpeg())
    retried = dmedia("retry", "last", "--code", "unsupported_format", "--detach")
    assert retried.status == 0
    wait_until(lambda: dmedia("status", "last", "--json").document["completed"] == 2)
    wait_until(lambda: dmedia("status", "last", "--json").document["status"] == "completed")
    again = dmedia("resume", "last", "--detach", "--json")
    assert again.status == 0


def test_a_job_is_cancelled_while_it_is_planned_and_resume_plans_it_anew(dmedia: Dmedia, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    listing = tmp_path / "list"
    listing.write_text("a.jpg\n" + "".join(f"/nowhere/{number}.jpg\n" for number in range(300_000)))
    launcher = dmedia.start("resize", "--files-from", "list", "-o", "out", "--width", "9")
    wait_until(lambda: dmedia("status", "last", "--json").document.get("total"))
    assert dmedia("cancel", "last").status == 0
    launcher.communicate(timeout=60)
    assert launcher.returncode == 9
    ended = dmedia("status", "last", "--json").document
    assert (ended["status"], ended["completed"]) == ("cancelled", 0)
    assert ended["cancelled"] == ended["total"] > 0
    assert not (tmp_path / "out").exists()
    listing.write_text("a.jpg\n")
    resumed = dmedia("resume", "last", "--json")
    assert (resumed.status, resumed.document["status"], resumed.document["total"]) == (0, "completed", 1)


def test_options_in_the_environment_start_one_launcher(dmedia: Dmedia, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    dmedia.environment |= {"DMEDIA_RESIZE_DETACH": "1", "DMEDIA_RESUME_DETACH": "1"}
    assert dmedia("resize", "a.jpg", "-o", "out", "--width", "9").out.startswith("Started batch job")
    wait_until(lambda: dmedia("status", "last", "--json").document["status"] == "completed")


def test_absolute_paths_need_no_current_directory_and_relative_ones_say_that_they_do(
    dmedia: Dmedia, tmp_path: Path
) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    gone = tmp_path / "gone"

    def run(source: str, output: str) -> subprocess.CompletedProcess[bytes]:
        gone.mkdir()
        command = [sys.executable, "-P", "-m", "dmedia", "resize", source, "-o", output, "--width", "9"]
        return subprocess.run(
            ["sh", "-c", 'rmdir "$PWD" && exec "$@"', "sh", *command],
            cwd=gone,
            env=dmedia.environment,
            capture_output=True,
            timeout=60,
            check=False,
        )

    assert run(str(tmp_path / "a.jpg"), str(tmp_path / "out")).returncode == 0
    for paths in (("a.jpg", str(tmp_path / "out")), (str(tmp_path / "a.jpg"), "out")):
        refused = run(*paths)
        assert (refused.returncode, b"current directory does not exist" in refused.stderr) == (2, True)
