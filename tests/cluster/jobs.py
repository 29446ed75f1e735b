"""A job of slow files on a cluster that is made for it, and what must be true of it after a loss."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from tests.command import LIMIT_S, Dmedia, below, wait_until
from tests.media_making import jpeg

FILES = 32
SLOW_S = 0.8
"""A file's time in a slot: long enough to lose a worker in the middle of it."""


def make_photos(directory: Path, count: int = FILES) -> None:
    """Make the page's /shared/photos below a directory; each takes its time in a slot that is sabotaged."""
    (directory / "shared/photos").mkdir(parents=True)
    for number in range(count):
        (directory / f"shared/photos/slow{number:02}.jpg").write_bytes(jpeg(size=(64, 48)))


def begun(dmedia: Dmedia) -> list[str]:
    """Name what slots have begun, each file as often as it was."""
    log = dmedia.directory / "begun"
    return log.read_text().split() if log.exists() else []


def wait_until_both_have_worked(dmedia: Dmedia, launcher: subprocess.Popen[bytes]) -> None:
    """Wait until each of two workers has completed a file; both then go on with others."""
    wait_until(lambda: begun(dmedia) or launcher.poll() is not None)

    def have() -> bool:
        workers = {file["worker"] for file in dmedia.files().values() if file["status"] == "completed"}
        return len(workers) == 2 or launcher.poll() is not None

    wait_until(have)
    assert launcher.poll() is None, launcher.communicate()


def end_of(launcher: subprocess.Popen[bytes]) -> tuple[int, str, str]:
    """Wait for a launcher's end; tell its exit status and what it said."""
    out, err = launcher.communicate(timeout=LIMIT_S)
    return launcher.returncode, out.decode(), err.decode()


def assert_nothing_is_lost(dmedia: Dmedia) -> dict[str, dict[str, Any]]:
    """Each file is completed, and was charged the one attempt that succeeded; nothing else lies in the output."""
    files = dmedia.files()
    assert sorted(files) == below(dmedia.directory / "shared/photos")
    assert {name: file["status"] for name, file in files.items()} == dict.fromkeys(files, "completed")
    assert {name: file["attempts"] for name, file in files.items()} == dict.fromkeys(files, 1)
    assert below(dmedia.directory / "shared/small") == sorted(files)
    return files
