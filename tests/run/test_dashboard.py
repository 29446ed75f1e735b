"""Jobs on the dashboard of a scheduler that was running before: a page, a document and metrics that say the same."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from dmedia.run.dashboard.shapes import BoardDocument
from tests.command import ROOT, SABOTAGE, Dmedia, wait_until
from tests.media_making import encoded, photo
from tests.run.browser import read_page
from tests.run.conftest import free_port, listens

HOSTILE = "<b>x<img src=x onerror=document.title='taken'>.png"


@dataclass(frozen=True)
class Dashboard:
    """A running scheduler with its dashboard, and a worker of three threads."""

    scheduler: str
    url: str

    def read(self, path: str) -> str:
        with urllib.request.urlopen(f"{self.url}{path}", timeout=60) as answer:
            text: str = answer.read().decode()
            return text

    def board(self) -> Any:
        return json.loads(self.read("/dmedia.json"))

    def job(self, job: str) -> Any:
        try:
            return next((one for one in self.board()["jobs"] if one["id"] == job), None)
        except urllib.error.HTTPError:
            return None  # no launcher has put the page there yet

    def metrics(self) -> dict[str, float]:
        """All numbers of ours, by name and labels."""
        lines = [line for line in self.read("/metrics").splitlines() if line.startswith("dmedia_")]
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    directory = tmp_path_factory.mktemp("dashboard")
    port, page = free_port(), free_port()
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT}{os.pathsep}{SABOTAGE}",
        "DMEDIA_SLOT_SABOTAGE": str(directory / "begun"),
        "DMEDIA_SLOT_SLOW_S": "300",
    }
    address = f"tcp://127.0.0.1:{port}"
    commands = (
        ["dask_scheduler", "--host", "127.0.0.1", "--port", str(port), "--dashboard-address", f"127.0.0.1:{page}"],
        ["dask_worker", address, "--nthreads", "3", "--no-dashboard", "--no-nanny", "--name", "node-1"],
    )
    started = []
    for module, *arguments in commands:
        with (directory / f"{module}.log").open("wb") as log:
            command = [sys.executable, "-m", f"distributed.cli.{module}", *arguments]
            started.append(
                subprocess.Popen(
                    command, cwd=directory, env=environment, stdout=log, stderr=log, start_new_session=True
                )
            )
        wait_until(lambda: listens(port))
    yield Dashboard(address, f"http://127.0.0.1:{page}")
    for process in started:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def fill(directory: Path, good: int = 0, bad: int = 0, slow: int = 0) -> None:
    directory.mkdir()
    picture = encoded(photo((160, 120)), "PNG")
    for number in range(good):
        (directory / f"good-{number}.png").write_bytes(picture)
    for number in range(bad):
        (directory / f"bad-{number}.png").write_bytes(picture[: len(picture) // 2])
    for number in range(slow):
        (directory / f"slow-{number}.png").write_bytes(picture)


def test_page_document_and_metrics_tell_the_numbers_of_a_job_at_work(
    dmedia: Dmedia, dashboard: Dashboard, tmp_path: Path
) -> None:
    fill(tmp_path / "in", good=7, bad=2, slow=2)
    (tmp_path / "in" / HOSTILE).write_bytes(b"no picture, but a text " * 9)
    launcher = dmedia.start("convert", "in", "-r", "-o", "out", "--format", "webp", "--scheduler", dashboard.scheduler)
    job = wait_until(lambda: dmedia("status", "last", "--json").document.get("id"))
    expected = {"completed": 7, "failed": 3, "skipped": 0, "cancelled": 0, "processing": 2, "pending": 0}
    wait_until(lambda: (now := dashboard.job(job)) and {name: now[name] for name in expected} == expected)

    told = dashboard.job(job)
    recorded = dmedia("status", job, "--json").document
    changing = {"eta_s", "files_per_s", "duration", "progress"}
    assert list(told)[:8] == list(recorded)[:8]
    assert {key: told[key] for key in recorded if key not in changing} == {
        key: recorded[key] for key in recorded if key not in changing
    }
    assert told["errors"] == {"corrupt_input": 2, "unsupported_format": 1}
    board = TypeAdapter(BoardDocument).validate_python(dashboard.board(), strict=True)
    (worker,) = board["workers"]
    assert (worker["name"], worker["threads"], worker["processing"]) == ("node-1", 3, 2)
    assert [Path(file["path"]).name[:5] for file in worker["files"]] == ["slow-"]
    assert {Path(entry["path"]).name for entry in board["failures"] if entry["job"] == job} >= {
        "bad-0.png",
        "bad-1.png",
    }

    numbers, label = dashboard.metrics(), f'job="{job}",operation="convert"'
    for status, count in expected.items():
        assert numbers[f'dmedia_job_files{{{label},status="{status}"}}'] == count
    assert numbers[f"dmedia_job_progress_ratio{{{label}}}"] == pytest.approx(10 / 12)
    assert f"dmedia_job_files_per_second{{{label}}}" in numbers
    assert f"dmedia_job_eta_seconds{{{label}}}" in numbers
    assert numbers[f'dmedia_worker_processing{{worker="{worker["address"]}"}}'] == 2
    assert f'dmedia_worker_files_per_second{{worker="{worker["address"]}"}}' in numbers
    assert numbers['dmedia_files_total{operation="convert",outcome="completed"}'] == 7
    assert numbers['dmedia_failures_total{reason="corrupt_input"}'] == 2
    assert numbers["dmedia_bytes_read_total"] == told["bytes_in"] > 0
    assert numbers["dmedia_bytes_written_total"] == told["bytes_out"] > 0

    row = f'.job[data-job="{job}"] '
    shown = {f"{row}.counts .{status} b": [str(count)] if count else [] for status, count in expected.items()}
    shown |= {f"{row}.state": ["running"], ".card.failed b": ["3"], ".workers td.number": ["2"]}
    shown[".failures .code"] = ["corrupt_input", "corrupt_input", "unsupported_format"]
    names = ".failures td.path"
    texts = read_page(f"{dashboard.url}/dmedia", shown, tmp_path / "browser", [names])
    found = {selector: sorted(texts[selector]) for selector in shown}
    assert found == shown
    assert f"in/{HOSTILE}" in texts[names], "a file's name is text, and nothing else"

    menu = re.findall(r'<a href="([a-z]+)">', dashboard.read("/workers"))
    assert "dmedia" in menu, "Dask's own pages lead to ours"
    assert menu == re.findall(r'<a href="([a-z]+)">', dashboard.read("/dmedia"))

    assert dmedia("cancel", job).status == 0
    launcher.communicate(timeout=60)
    ended = wait_until(lambda: (now := dashboard.job(job))["status"] == "cancelled" and now)
    assert (ended["cancelled"], ended["processing"], ended["progress"]) == (2, 0, 100)


COUNTS = ("status", "completed", "failed", "cancelled", "processing", "pending", "total", "errors", "bytes_in")


def test_a_job_that_was_cancelled_killed_or_interrupted_shows_whoever_goes_on_with_it(
    dmedia: Dmedia, dashboard: Dashboard, tmp_path: Path
) -> None:
    fill(tmp_path / "in", good=2, bad=1, slow=1)
    dmedia.environment["DMEDIA_RESIZE_TIMEOUT"] = dmedia.environment["DMEDIA_CONVERT_TIMEOUT"]
    here = ("--scheduler", dashboard.scheduler)
    launcher = dmedia.start("resize", "in", "-r", "-o", "out", "--width", "50", *here)
    job = wait_until(lambda: dmedia("status", "last", "--json").document.get("id"))

    def stands(state: str, *counts: int) -> Any:
        """Wait until page and record say so, and the same of all else."""

        def agree() -> Any:
            now, recorded = dashboard.job(job), dmedia("status", job, "--json").document
            found = now and [now[name] for name in ("status", "completed", "failed", "processing")]
            return found == [state, *counts] and {name: recorded[name] for name in COUNTS}.items() <= now.items()

        wait_until(agree)
        (worker,) = dashboard.board()["workers"]
        assert worker["processing"] == counts[-1]

    stands("running", 2, 1, 1)
    assert dmedia("cancel", job).status == 0
    launcher.communicate(timeout=60)
    stands("cancelled", 2, 1, 0)
    launcher = dmedia.start("resume", job, *here)
    stands("running", 2, 1, 1)
    launcher.kill()
    launcher.communicate(timeout=60)
    stands("interrupted", 2, 1, 0)
    launcher = dmedia.start("resume", job, *here)
    stands("running", 2, 1, 1)
    for _ in range(2):
        launcher.send_signal(signal.SIGTERM)
    launcher.communicate(timeout=60)
    stands("interrupted", 2, 1, 0)

    (tmp_path / "in" / "slow-0.png").unlink()
    before = dashboard.metrics()
    assert dmedia("resume", job, *here).status == 3
    stands("completed", 2, 2, 0)
    (tmp_path / "in" / "bad-0.png").write_bytes((tmp_path / "in" / "good-0.png").read_bytes())
    assert dmedia("retry", job, *here).status == 3
    stands("completed", 3, 1, 0)
    files = 'dmedia_files_total{{operation="resize",outcome="{}"}}'.format
    after = dashboard.metrics()
    assert after[files("failed")] == before[files("failed")] + 2
    assert after[files("completed")] == before[files("completed")] + 1
    assert after["dmedia_bytes_read_total"] > before["dmedia_bytes_read_total"]
    assert all(after[name] >= before[name] for name in before if name.split("{")[0].endswith("_total")), "counters grow"

    assert dmedia("retry", job, "-j", "1").status == 3
    (warning,) = [one for one in dmedia("status", job, "--json").document["warnings"] if "this machine" in one]
    assert dashboard.scheduler in warning, "whoever leaves a cluster by leaving out an option is told"
    assert dmedia("retry", job, *here).status == 3
    assert warning not in dmedia("status", job, "--json").document["warnings"]
