"""As many failed files as a person said end a launcher's work; what is left can be done later."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command import Dmedia
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


@pytest.mark.parametrize(("limit", "least"), [("5", 5), ("10%", 31)])
def test_max_failures_ends_the_job_which_can_be_resumed(dmedia: Dmedia, sources: Path, limit: str, least: int) -> None:
    command = ("resize", "in", "-o", "out", "--width", "9", "-j", "1")
    ran = dmedia(*command, "--max-failures", limit)
    assert ran.status == 7
    assert "--max-failures" in ran.err
    assert "dmedia resume batch-" in ran.err
    stopped = dmedia("status", "last", "--json").document
    assert stopped["status"] == "interrupted"
    assert least <= stopped["failed"] < BAD
    assert stopped["pending"] == BAD + GOOD - stopped["failed"] - stopped["completed"]
    resumed = dmedia("resume", "last", "--max-failures", "100%", "--json")
    assert (resumed.status, resumed.document["failed"], resumed.document["completed"]) == (3, BAD, GOOD)


def test_fewer_failures_do_not_end_it(dmedia: Dmedia, sources: Path) -> None:
    ran = dmedia("resize", "in", "-o", "out", "--width", "9", "--max-failures", str(BAD + 1), "--json")
    assert (ran.status, ran.document["status"], ran.document["completed"]) == (3, "completed", GOOD)
