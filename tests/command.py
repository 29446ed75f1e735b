"""The command line from outside: real processes, and what they print."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
SABOTAGE = ROOT / "tests" / "run" / "sabotage"
LIMIT_S = 120
"""Seconds after which a command that should have ended counts as hanging."""


@dataclass(frozen=True)
class Ran:
    """A command that has ended."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Standard output as the one JSON document that it is."""
        return json.loads(self.out)


class Dmedia:
    """Runs ``dmedia`` in a directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.environment = {
            **os.environ,
            "DMEDIA_HOME": str(directory / "home"),
            "DMEDIA_PLAN_WAIT_S": "30",  # and its launchers for a plan
            "DMEDIA_CONVERT_TIMEOUT": str(LIMIT_S),  # a machine that runs many tests at once takes its time for a file
            "PYTHONPATH": str(ROOT),
        }

    def __call__(self, *arguments: str | bytes | Path, stdin: bytes = b"") -> Ran:
        """Run a command line to its end."""
        ended = subprocess.run(
            [sys.executable, "-m", "dmedia", *arguments],
            cwd=self.directory,
            env=self.environment,
            input=stdin,
            capture_output=True,
            timeout=LIMIT_S,
            check=False,
        )
        return Ran(ended.returncode, ended.stdout.decode(), ended.stderr.decode())

    def start(self, *arguments: str | bytes | Path) -> subprocess.Popen[bytes]:
        """Start a command line and go on."""
        return subprocess.Popen(
            [sys.executable, "-m", "dmedia", *arguments],
            cwd=self.directory,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def sabotage(self) -> Path:
        """Let slots that start from now on break by the names of their files; tell where they list what they begin."""
        begun = self.directory / "begun"
        self.environment |= {"PYTHONPATH": f"{ROOT}{os.pathsep}{SABOTAGE}", "DMEDIA_SLOT_SABOTAGE": str(begun)}
        return begun

    def slow_down(self, seconds: float) -> None:
        """Let files whose name begins with ``slow`` take so long in slots that start from now on, and no CPU time."""
        self.sabotage()
        self.environment["DMEDIA_SLOT_SLOW_S"] = str(seconds)

    def files(self, job: str = "last") -> dict[str, dict[str, Any]]:
        """Tell a job's files by the name of their source."""
        listed = self("status", job, "--files", "--json").document["files"]
        return {Path(file["path"]).name: file for file in listed}


def below(directory: Path) -> list[str]:
    """Name all files below a directory, hidden ones too."""
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*") if not path.is_dir())


def wait_until(condition: Callable[[], Any], limit_s: float = LIMIT_S) -> Any:
    """Wait for something that must come; return what it came to."""
    end_s = time.monotonic() + limit_s
    while time.monotonic() < end_s:
        if outcome := condition():
            return outcome
        time.sleep(0.05)
    raise AssertionError(f"did not come true within {limit_s} s")
