"""What a future's end says about its files: usually nothing."""

from __future__ import annotations

from concurrent.futures import CancelledError

import pytest

from dmedia.model import FileResult, Task
from dmedia.run.collect import WORKER_ERRORS_ALLOWED, Judge, Outcome

TASKS = tuple(Task(number, b"/a", b"/b", 1) for number in range(3))


def judged(judge: Judge, status: str, ended_with: object) -> tuple[list[int], list[int], list[object]]:
    outcome = Outcome()
    judge.judge(outcome, TASKS, status, ended_with)
    codes: list[object] = [result.failure.code if result.failure else None for result in outcome.results]
    return [result.number for result in outcome.results], [task.number for task in outcome.lost], codes


def test_results_are_taken_and_what_was_not_tried_is_pending_again() -> None:
    assert judged(Judge(), "finished", [FileResult(0), FileResult(1)]) == ([0, 1], [2], [None, None])


@pytest.mark.parametrize(
    ("status", "ended_with"), [("cancelled", CancelledError("x")), ("lost", None), ("error", CancelledError("x"))]
)
def test_a_lost_future_is_never_charged(status: str, ended_with: object) -> None:
    judge = Judge()
    for _ in range(20):
        assert judged(judge, status, ended_with) == ([], [0, 1, 2], [])


def test_a_worker_that_cannot_run_a_chunk_is_believed_after_a_few_tries() -> None:
    judge = Judge()
    error = (KeyError, KeyError("no plugin"), None)
    for _ in range(WORKER_ERRORS_ALLOWED - 1):
        assert judged(judge, "error", error) == ([], [0, 1, 2], [])
    assert judged(judge, "error", error) == ([0, 1, 2], [], ["internal"] * 3)
