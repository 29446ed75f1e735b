"""Launchers are killed with -9 at any moment: what anybody was told stays true, and the job can be ended."""

from __future__ import annotations

import hashlib
import random
import sqlite3
import subprocess
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest

from dmedia.errors import UnknownJobError
from dmedia.model import FileStatus, JobReport
from dmedia.record import home, reader
from tests.command import SABOTAGE, Dmedia, below
from tests.media_making import encoded, photo

COMMAND = ("convert", "in", "-o", "out", "--format", "avif", "--effort", "2", "-j", "2")


@pytest.fixture(autouse=True)
def same_home(dmedia: Dmedia, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process reads the records of the command line."""
    monkeypatch.setenv("DMEDIA_HOME", dmedia.environment["DMEDIA_HOME"])


def make_sources(directory: Path, count: int) -> None:
    directory.mkdir()
    for number in range(count):
        (directory / f"{number:03}.png").write_bytes(encoded(photo((240, 180), number), "PNG", compress_level=1))


class Witness:
    """Sees what any reader of the record is told, and holds the record to it."""

    def __init__(self) -> None:
        self.told: dict[bytes, str] = {}

    def look(self, job: str) -> JobReport:
        """Read as a status does; what was told before must be told again, and its file must be there."""
        report = reader.read_job(job)
        now = {}
        for file in reader.read_files(job, {FileStatus.COMPLETED}):
            (output,) = file.outputs
            now[output.path] = output.sha256
        assert self.told.items() <= now.items()
        for path in now.keys() - self.told.keys():
            assert sha256(path) == now[path]
        self.told = now
        return report

    def check(self, job: str) -> None:
        """Look through the record and all files."""
        with closing(sqlite3.connect(f"file:{home.record_path(job)}?mode=ro", uri=True)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        self.look(job)
        assert {path: sha256(path) for path in self.told} == self.told


def sha256(path: bytes) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def watch_and_kill(launcher: subprocess.Popen[bytes], witness: Witness, life_s: float, work: int) -> bool:
    """Read the status until so many more files are told of, then live on for so long; tell whether the kill hit."""
    goal = len(witness.told) + work
    while len(witness.told) < goal and launcher.poll() is None:
        for job in list(home.job_ids())[:1]:
            with suppress(UnknownJobError):
                witness.look(job)
        time.sleep(0.01)
    time.sleep(life_s)
    launcher.kill()
    launcher.communicate()
    return launcher.returncode == -9


@pytest.mark.timeout(900)
@pytest.mark.parametrize("kills", [15, pytest.param(60, marks=pytest.mark.chaos)])
def test_launchers_killed_at_random_moments_lose_nothing_that_was_told(
    dmedia: Dmedia, tmp_path: Path, kills: int
) -> None:
    """A third of the kills come while a launcher starts, the others while it works."""
    files = 15 * kills
    make_sources(tmp_path / "in", files)
    moments = random.Random(kills)
    witness, hit, hit_at_work = Witness(), 0, 0
    while hit < kills:
        starting = moments.random() < 1 / 3
        life_s, work = (moments.uniform(0, 0.8), 0) if starting else (moments.uniform(0, 0.1), moments.randint(1, 8))
        jobs = list(home.job_ids())
        if not watch_and_kill(dmedia.start(*(("resume", jobs[0]) if jobs else COMMAND)), witness, life_s, work):
            break  # it ended before its moment came
        hit += 1
        for job in list(home.job_ids())[:1]:
            witness.check(job)
            hit_at_work += 0 < len(witness.told) < files
    assert hit == kills, f"the job ended after {hit} kills"
    assert hit_at_work > kills // 2

    (job,) = home.job_ids()
    resumed = dmedia("resume", job, "--json")
    assert (resumed.status, resumed.document["completed"]) == (0, files), resumed.err
    witness.check(job)
    assert len(witness.told) == files
    assert dmedia(*COMMAND[:3], "calm", *COMMAND[4:]).status == 0
    assert below(tmp_path / "out") == below(tmp_path / "calm")
    for name in below(tmp_path / "calm"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "calm" / name).read_bytes()


@pytest.fixture
def killed_at_commit(dmedia: Dmedia, tmp_path: Path) -> int:
    """A job whose launcher was killed when files were published and not yet in the record; how many those were."""
    make_sources(tmp_path / "in", 20)
    honest = dict(dmedia.environment)
    dmedia.environment["PYTHONPATH"] = f"{honest['PYTHONPATH']}:{SABOTAGE}"
    dmedia.environment["KILLED_AT_COMMIT"] = "6"
    assert dmedia(*COMMAND).status == -9
    dmedia.environment.clear()
    dmedia.environment.update(honest)
    report = reader.read_job(next(home.job_ids()))
    published = [name for name in below(tmp_path / "out") if not name.startswith(".")]
    assert report.state == "interrupted"
    assert len(published) > report.completed
    return len(published)


def test_what_was_published_and_not_noted_is_no_foreign_file_to_resume(
    dmedia: Dmedia, tmp_path: Path, killed_at_commit: int
) -> None:
    resumed = dmedia("resume", "last", "--json")
    assert (resumed.status, resumed.document["completed"], resumed.document["errors"]) == (0, 20, {})
    assert len(below(tmp_path / "out")) == 20


@pytest.mark.parametrize("effort", ["2", "1"], ids=["same job", "other parameters"])
def test_what_was_published_and_not_noted_is_no_foreign_file_to_a_new_job(
    dmedia: Dmedia, tmp_path: Path, killed_at_commit: int, effort: str
) -> None:
    command = [*COMMAND, "--json"]
    command[command.index("2")] = effort
    ran = dmedia(*command)
    assert (ran.status, ran.document["errors"]) == (0, {})
    assert ran.document["completed"] + ran.document["skipped"] == 20
    assert len(below(tmp_path / "out")) == 20
    assert dmedia(*command).document["skipped"] == 20
