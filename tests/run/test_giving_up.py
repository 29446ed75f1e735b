"""As many failed files as a person said end a launcher's work; what is left can be done later."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.command import Dmedia, wait_until
from tests.media_making import jpeg

BAD, GOOD = 300, 10


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """Bad files in front of good ones."""
    (tmp_path / "in").mkdir()
    for number in range(BAD):
        (tmp_path / "in" / f"a{number:03}.jpg").write_bytes(b"these are words " * 40)
    for number in range(GOOD):
        (tmp_path / "in" / f"b{number:02}.jpg").write_bytes(jpeg())
    return tmp_path / "in"


def interrupted(dmedia: Dmedia) -> dict[str, Any] | None:
    """Read the newest job's status, once its launcher has ended."""
    seen: dict[str, Any] = dmedia("status", "last", "--json").document
    return seen if seen["status"] == "interrupted" else None


@pytest.mark.parametrize(("limit", "least"), [("5", 5), ("10%", 31)])
def test_max_failures_ends_the_job_which_can_be_resumed(dmedia: Dmedia, sources: Path, limit: str, least: int) -> None:
    command = ("resize", "in", "-o", "out", "--width", "9", "-j", "1")
    ran = dmedia(*command, "--max-failures", limit)
    assert ran.status == 7
    assert "--max-failures" in ran.err
    assert "dmedia resume batch-" in ran.err
    stopped = dmedia("status", "last", "--json").document
    assert stopped["status"] == "interrupted"
    assert least <= stopped["failed"] < BAD / 2
    assert stopped["pending"] == BAD + GOOD - stopped["failed"] - stopped["completed"]
    resumed = dmedia("resume", "last", "--max-failures", "100%", "--json")
    assert (resumed.status, resumed.document["failed"], resumed.document["completed"]) == (3, BAD, GOOD)


def test_fewer_failures_do_not_end_it(dmedia: Dmedia, sources: Path) -> None:
    ran = dmedia("resize", "in", "-o", "out", "--width", "9", "--max-failures", str(BAD + 1), "--json")
    assert (ran.status, ran.document["status"], ran.document["completed"]) == (3, "completed", GOOD)


def test_failures_that_the_plan_knows_count_and_the_job_stays(dmedia: Dmedia, sources: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/b00.jpg").write_bytes(b"somebody else's")
    command = ("resize", "in/b00.jpg", "in/b01.jpg", "-o", "out", "--width", "9", "--max-failures", "1")
    for way in ((), ("--detach",)):
        assert dmedia(*command, *way).status in ((0, 7) if way else (7,))  # a launcher of its own may still be at it
        stopped = wait_until(lambda: interrupted(dmedia))
        assert (stopped["failed"], stopped["pending"]) == (1, 1)
        assert "--max-failures" in str(stopped["warnings"])
    resumed = dmedia("resume", "last", "--json")
    assert (resumed.status, resumed.document["completed"], resumed.document["warnings"]) == (3, 1, [])
