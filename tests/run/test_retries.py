"""A failure that may pass is tried again, after a while and not for ever; no other is."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.command import Dmedia, below
from tests.media_making import jpeg


@pytest.fixture
def sabotaged(dmedia: Dmedia, tmp_path: Path) -> Dmedia:
    """A command line in whose slots the disk fails under some files."""
    (tmp_path / "in").mkdir()
    for name in ("good.jpg", "flaky.jpg", "broken.jpg", "crash.jpg"):
        (tmp_path / "in" / name).write_bytes(jpeg())
    (tmp_path / "in/words.jpg").write_bytes(b"these are words " * 40)
    dmedia.sabotage()
    return dmedia


def test_each_class_of_failure_has_its_number_of_attempts(sabotaged: Dmedia, tmp_path: Path) -> None:
    started_s = time.monotonic()
    ran = sabotaged("resize", "in", "-o", "out", "--width", "9", "--retry-wait", "0.2", "--json")
    assert time.monotonic() - started_s > 0.2 * (1 + 4 + 16)
    assert (ran.status, ran.document["errors"]) == (3, {"io_error": 1, "decoder_crash": 1, "unsupported_format": 1})
    attempts = {name: (file["status"], file["attempts"]) for name, file in sabotaged.files().items()}
    assert attempts == {
        "good.jpg": ("completed", 1),
        "flaky.jpg": ("completed", 3),
        "broken.jpg": ("failed", 4),
        "crash.jpg": ("failed", 2),
        "words.jpg": ("failed", 1),
    }
    assert below(tmp_path / "out") == ["flaky.jpg", "good.jpg"]


def test_no_retries_are_no_retries_and_a_later_launcher_may_be_told_otherwise(sabotaged: Dmedia) -> None:
    first = sabotaged("resize", "in", "-o", "out", "--width", "9", "--retries", "0", "--json")
    assert (first.status, first.document["failed"]) == (3, 4)
    assert {file["attempts"] for file in sabotaged.files().values()} == {1}
    again = sabotaged("retry", "last", "--code", "io_error", "--retries", "1", "--retry-wait", "0", "--json")
    assert (again.status, again.document["completed"]) == (3, 2)
    assert {name: file["attempts"] for name, file in sabotaged.files().items() if name[0] in "fb"} == {
        "flaky.jpg": 3,
        "broken.jpg": 3,
    }


@pytest.mark.parametrize("words", [["--retries", "-1"], ["--retry-wait", "soon"], ["--max-failures", "0"],
                                   ["--max-failures", "120%"], ["--min-free", "much"]])  # fmt: skip
def test_what_makes_no_sense_is_refused(dmedia: Dmedia, tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    refused = dmedia("resize", "a.jpg", "-o", "out", "--width", "9", *words)
    assert refused.status == 2
    assert words[0] in refused.err
    assert not (tmp_path / "out").exists()
