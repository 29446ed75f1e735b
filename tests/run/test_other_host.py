"""Another host that shares the records sees what this one does: here, a process under another host name."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.command import LIMIT_S, Dmedia, Ran, wait_until
from tests.media_making import jpeg

SEEN_WITHIN_S = 75
"""Five times what is promised."""


@functools.cache
def elsewhere() -> tuple[str, ...]:
    """A command that runs another one under another host name; empty where that is not permitted."""
    ways = (("unshare", "--uts"), ("unshare", "--user", "--map-root-user", "--uts"))
    for way in ways:
        command = (*way, "sh", "-c", 'hostname elsewhere && exec "$@"', "sh")
        try:
            told = subprocess.run([*command, "hostname"], capture_output=True, check=False, timeout=20)
        except OSError:
            break
        if told.stdout == b"elsewhere\n":
            return command
    return ()


pytestmark = pytest.mark.skipif(not elsewhere(), reason="a second host name is not permitted here (unshare --uts)")


def run_elsewhere(dmedia: Dmedia, *arguments: str) -> Ran:
    ended = subprocess.run(
        [*elsewhere(), sys.executable, "-m", "dmedia", *arguments],
        cwd=dmedia.directory,
        env=dmedia.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=LIMIT_S,
        check=False,
    )
    return Ran(ended.returncode, ended.stdout.decode(), ended.stderr.decode())


@pytest.fixture
def endless_job(dmedia: Dmedia, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A job of which one file is done and another never ends; whoever resumes it has no such trouble."""
    (tmp_path / "in").mkdir()
    for name in ("a.jpg", "hang.jpg"):
        (tmp_path / "in" / name).write_bytes(jpeg())
    honest = dict(dmedia.environment)
    dmedia.sabotage()
    launcher = dmedia.start("resize", "in", "-o", "out", "--width", "9", "-j", "2", "--timeout", "600")
    dmedia.environment.clear()
    dmedia.environment.update(honest)
    wait_until(lambda: dmedia("status", "last", "--json").document.get("completed"))
    yield launcher
    launcher.kill()
    launcher.communicate()


def test_a_killed_launcher_shows_as_interrupted_here_and_elsewhere(
    dmedia: Dmedia, endless_job: subprocess.Popen[bytes]
) -> None:
    def seen_elsewhere() -> Any:
        return run_elsewhere(dmedia, "status", "last", "--json").document["status"]

    assert seen_elsewhere() == "running"
    assert endless_job.poll() is None
    endless_job.kill()
    endless_job.communicate(timeout=60)
    assert dmedia("status", "last", "--json").document["status"] == "interrupted"
    wait_until(lambda: seen_elsewhere() == "interrupted", SEEN_WITHIN_S)
    resumed = run_elsewhere(dmedia, "resume", "last", "--json")
    assert (resumed.status, resumed.document["completed"]) == (0, 2)


def test_a_job_that_is_at_work_is_refused_to_a_launcher_elsewhere(
    dmedia: Dmedia, endless_job: subprocess.Popen[bytes]
) -> None:
    refused = run_elsewhere(dmedia, "resume", "last", "--json")
    assert refused.status == 8
    told = json.loads(refused.out)["error"]
    assert f"process {endless_job.pid} on {os.uname().nodename}" in told
    assert endless_job.poll() is None


def test_a_job_is_cancelled_from_elsewhere(dmedia: Dmedia, endless_job: subprocess.Popen[bytes]) -> None:
    assert run_elsewhere(dmedia, "cancel", "last").status == 0
    endless_job.communicate(timeout=60)
    assert endless_job.returncode == 9
    assert run_elsewhere(dmedia, "status", "last", "--json").document["status"] == "cancelled"
