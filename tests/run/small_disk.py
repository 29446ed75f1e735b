"""A small file system for one job: what happens when a disk is full."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

from tests.command import Dmedia

DISK_BYTES = 64 * 2**20


def small_disk(command: list[str], ballast_bytes: int = 0) -> list[str]:
    """Make a command line that runs with a small file system of its own at ``out``, maybe with something in it."""
    may_mount = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    fill = f"head -c {ballast_bytes} /dev/zero > out/ballast"
    mount = f'mount -t tmpfs -o size={DISK_BYTES} none out && {fill} && exec "$@"'
    return ["unshare", "--mount", *may_mount, "sh", "-c", mount, "sh", *command]


def can_mount(directory: Path) -> bool:
    """Tell whether this system lets tests do that."""
    (directory / "out").mkdir()
    return (
        sys.platform == "linux"
        and not subprocess.run(
            small_disk(["true"]), cwd=directory, check=False, capture_output=True, timeout=60
        ).returncode
    )


class SmallDisk:
    """A job with a small file system at ``out``, seen from outside through its launcher."""

    def __init__(self, dmedia: Dmedia, *command: str, with_records: bool = False, ballast_bytes: int = 0) -> None:
        home = {"DMEDIA_HOME": str(dmedia.directory / "out/.records")} if with_records else {}
        self.launcher = subprocess.Popen(
            small_disk([sys.executable, "-m", "dmedia", *command], ballast_bytes),
            cwd=dmedia.directory,
            env=dmedia.environment | home,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.out = Path(f"/proc/{self.launcher.pid}/root{dmedia.directory}/out")
        self.ballast = self.out / "ballast"

    def fill(self, leave_bytes: int) -> None:
        """Take all room but so much."""
        with self.ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):  # the job takes room meanwhile
            while (found := os.statvfs(self.out)).f_bavail * found.f_frsize > leave_bytes:
                file.write(bytes(found.f_frsize))
