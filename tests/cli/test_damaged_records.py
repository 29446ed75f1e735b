"""A damaged record is refused with a reason and a cure, is left as it is, and hides no other job."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from dmedia.record import home
from tests.command import Dmedia
from tests.media_making import jpeg
from tests.record.making import completed, make_record, python


@pytest.fixture(autouse=True)
def same_home(dmedia: Dmedia, monkeypatch: pytest.MonkeyPatch) -> None:
    """Records made here lie where the command line looks."""
    monkeypatch.setenv("DMEDIA_HOME", dmedia.environment["DMEDIA_HOME"])


def overwrite(path: Path, content: bytes, begin: int = 0) -> None:
    with path.open("r+b") as file:
        file.seek(begin)
        file.write(content)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "truncated": lambda path: os.truncate(path, path.stat().st_size // 2),
    "cut within the header": lambda path: os.truncate(path, 50),
    "zeroed": lambda path: overwrite(path, bytes(path.stat().st_size)),
    "garbage": lambda path: overwrite(path, os.urandom(path.stat().st_size)),
    "garbage behind the header": lambda path: overwrite(path, os.urandom(path.stat().st_size - 100), 100),
    "empty": lambda path: os.truncate(path, 0),
    "of a newer dmedia": lambda path: overwrite(path, b"\0\0\0\x63", 60),  # where SQLite keeps the schema's version
}
REFUSED = [("status",), ("status", "--files"), ("resume",), ("retry",), ("cancel",), ("pause",)]


def make_damaged(dmedia: Dmedia, how: str) -> Path:
    """A job of which 300 files were to be done, with a damaged record; another stands beside it."""
    with make_record(300, out=dmedia.directory / "out") as record:
        record.commit([completed(0)], [])
    with make_record(1):
        pass
    path = home.record_path(record.job)
    DAMAGES[how](path)
    return path


@pytest.mark.parametrize("how", DAMAGES)
def test_a_damaged_record_is_refused_by_every_command_with_a_cure_and_stays_as_it_is(dmedia: Dmedia, how: str) -> None:
    path = make_damaged(dmedia, how)
    before = path.read_bytes()
    job = path.parent.name
    for command, *options in REFUSED:
        ran = dmedia(command, job, *options)
        assert (ran.status, ran.out) == (10, ""), (command, ran)
        assert str(path) in ran.err
        assert "Traceback" not in ran.err
        hint = ran.err.split("hint: ")[1]
        assert "a newer dmedia" in hint if how == "of a newer dmedia" else str(path.parent) in hint
    pruned = dmedia("prune", "--older", "0d", "--json")
    assert pruned.status == 0
    assert [entry["reason"] for entry in pruned.document["kept"] if entry["id"] == job] == ["damaged"]
    assert path.read_bytes() == before


@pytest.mark.parametrize("how", ["zeroed", "of a newer dmedia"])
def test_the_list_of_jobs_shows_the_others_and_warns_once(dmedia: Dmedia, how: str) -> None:
    path = make_damaged(dmedia, how)
    listed = dmedia("status", "--json")
    assert (listed.status, len(listed.document)) == (0, 1)
    assert listed.err.count("warning:") == 1
    assert str(path) in listed.err
    shutil.rmtree(path.parent)  # as the hint says
    assert dmedia("status", "--json").err == ""


KILLED = """
import os, signal
from tests.record.making import make_record, completed
record = make_record(3000)
record.commit([completed(number) for number in range(2000)], [])
print(record.job, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("how", DAMAGES)
def test_what_a_killed_launcher_left_beside_a_damaged_record_stays_too(dmedia: Dmedia, how: str) -> None:
    """A write-ahead log holds the newest results: with it, somebody may save the record."""
    job = python(KILLED).communicate(timeout=60)[0].strip()
    path = home.record_path(job)
    log = path.with_name("record.db-wal")
    DAMAGES[how](path)
    before = path.read_bytes(), log.read_bytes()
    assert len(before[1]) > 100_000
    for command in ("status", "resume"):
        dmedia(command, job, "--json")
    assert (path.read_bytes(), log.read_bytes()) == before


def test_the_cure_of_a_damaged_record_makes_the_renditions_anew(dmedia: Dmedia, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    command = ("resize", "a.jpg", "-o", "out", "--width", "9")
    assert dmedia(*command).status == 0
    (path,) = (tmp_path / "home/jobs").glob("*/record.db")
    DAMAGES["garbage"](path)
    refused = dmedia(*command, "--json")
    assert (refused.status, refused.document["errors"]) == (3, {"output_exists": 1})
    assert [warning for warning in refused.document["warnings"] if str(path) in warning]
    hint = dmedia("status", path.parent.name).err
    assert "--overwrite" in hint
    cured = dmedia(*command, "--overwrite", "--json")
    assert (cured.status, cured.document["completed"]) == (0, 1)
    assert dmedia(*command, "--json").document["skipped"] == 1
