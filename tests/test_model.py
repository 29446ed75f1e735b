"""The records that cross a wire or a disk."""

from __future__ import annotations

import dataclasses
import pickle

import pytest

from dmedia.model import FileResult, Inputs, JobReport, JobSpec, JobState, Limits, Output, Task, WorkOrder
from dmedia.operations.validation import validate


def report(**changes: object) -> JobReport:
    values: dict[str, object] = {field.name: None for field in dataclasses.fields(JobReport)}
    counts = dict.fromkeys(("total", "completed", "failed", "skipped", "cancelled", "processing"), 0)
    return JobReport(**{**values, **counts, "planning": False, "state": JobState.RUNNING, **changes})  # type: ignore[arg-type]  # built from a table


@pytest.mark.parametrize(
    ("changes", "progress"),
    [
        ({"total": 0}, 0),
        ({"total": 20, "completed": 13}, 65),
        ({"total": 3, "completed": 1, "failed": 1}, 66),
        ({"total": 1000, "completed": 999}, 99),
        ({"total": 4, "completed": 1, "failed": 1, "skipped": 1, "cancelled": 1}, 99),
        ({"total": 4, "completed": 4, "state": JobState.COMPLETED}, 100),
        ({"total": 4, "completed": 1, "cancelled": 3, "state": JobState.CANCELLED}, 100),
        ({"total": 4, "completed": 1, "state": JobState.INTERRUPTED}, 25),
        ({"total": 4, "completed": 1, "planning": True}, 0),
    ],
)
def test_progress_is_rounded_down_and_100_only_at_the_end(changes: dict[str, object], progress: int) -> None:
    assert report(**changes).progress == progress


def test_what_is_neither_done_nor_processing_is_pending() -> None:
    job = report(total=10, completed=1, failed=2, skipped=1, cancelled=1, processing=2)
    assert (job.done, job.pending) == (5, 3)


@pytest.mark.parametrize(
    "record",
    [
        Task(1, b"/\xff.jpg", b"/out/a.jpg", 5),
        WorkOrder("batch-1-abcdef", "resize", validate("resize", {"width": 5}), b"/out", Limits()),
        JobSpec("convert", validate("convert", {"format": "webp"}), Inputs(paths=(b"a",)), b"/out"),
        FileResult(1, outputs=(Output(b"/out/a.jpg", 1, 2, "jpg", 3, 4, "00"),)),
    ],
)
def test_records_survive_the_wire(record: object) -> None:
    assert pickle.loads(pickle.dumps(record)) == record


def test_a_task_is_small_on_the_wire() -> None:
    assert len(pickle.dumps(Task(1, b"/photos/a.jpg", b"/out/a.jpg", 5))) < 200
