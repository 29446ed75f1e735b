"""The summary says what happened, in words a person can act on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dmedia.model import Failure, FileReport, FileStatus, JobState
from dmedia.report.summary import clock, size, summarise

from .test_documents import FAILED, RUNNING

ENDED = replace(RUNNING, state=JobState.COMPLETED, processing=0, completed=20, ended_at=1.0, ignored={}, elapsed_s=12.0)


def test_a_clean_job_is_two_lines() -> None:
    assert list(summarise(ENDED, [], [])) == [
        "batch-1703123456-abc123: completed, 20 done of 20 files in 12s",
        "  1.0 kB became 100 B (-90 %); renditions are in /out",
    ]


def test_failures_are_grouped_by_reason_with_examples_a_hint_and_the_command_that_names_all() -> None:
    files = [replace(FAILED, source=b"/photos/%d.jpg" % n) for n in range(5)]
    report = replace(ENDED, completed=14, failed=6, errors={"timeout": 1, "unsupported_format": 5})
    timeout = Failure("timeout", "Timeout: not done after 3 s", "run")
    late = FileReport(9, b"/photos/z.jpg", FileStatus.FAILED, b"", timeout)
    text = "\n".join(summarise(report, iter([*files, late]), []))
    assert "14 done, 6 failed of 20 files" in text
    assert text.index("5 failed: unsupported_format") < text.index("1 failed: timeout")
    assert "/photos/2.jpg: Unsupported format: text" in text
    assert "/photos/3.jpg" not in text
    assert "and 2 more: dmedia status batch-1703123456-abc123 --failed" in text
    assert "hint: name a picture" in text
    assert "/photos/z.jpg: Timeout: not done after 3 s" in text


def test_ignored_files_and_warnings_are_told() -> None:
    text = "\n".join(summarise(replace(ENDED, ignored={"txt": 3, "": 1}, warnings=("low disk",)), [], []))
    assert "ignored: 3 .txt, 1 without extension" in text
    assert "warning: low disk" in text


@pytest.mark.parametrize(
    ("size_bytes", "text"), [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (123_456, "123 kB"), (5e15, "5000.0 TB")]
)
def test_sizes_are_shown_in_powers_of_1000(size_bytes: float, text: str) -> None:
    assert size(size_bytes) == text


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0s"), (59, "59s"), (185, "3m 05s"), (7800, "2h 10m")])
def test_durations_are_shown_in_at_most_two_units(seconds: float, text: str) -> None:
    assert clock(seconds) == text
