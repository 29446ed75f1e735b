"""What a future's end says about its files: usually nothing."""

from __future__ import annotations

from concurrent.futures import CancelledError

import pytest

from dmedia.model import FileResult, Task
from dmedia.run.collect import Outcome, judge
from dmedia.run.wire import pack_results

TASKS = tuple(Task(number, b"/a", b"/b", 1) for number in range(3))


def judged(status: str, ended_with: object) -> Outcome:
    outcome = Outcome()
    judge(outcome, TASKS, status, ended_with)
    return outcome


def test_results_are_taken_and_what_was_not_tried_is_pending_again() -> None:
    outcome = judged("finished", pack_results([FileResult(0), FileResult(1)]))
    assert ([result.number for result in outcome.results], outcome.lost) == ([0, 1], [TASKS[2]])


@pytest.mark.parametrize(
    ("status", "ended_with"), [("cancelled", CancelledError("x")), ("lost", None), ("error", CancelledError("x"))]
)
def test_a_lost_future_is_never_charged(status: str, ended_with: object) -> None:
    outcome = judged(status, ended_with)
    assert (outcome.results, outcome.lost, outcome.refused) == ([], list(TASKS), [])


def test_an_error_is_the_workers_and_never_a_files() -> None:
    outcome = judged("error", (KeyError, KeyError("no plugin"), None))
    assert (outcome.results, outcome.lost, outcome.refused) == ([], [], list(TASKS))
    assert "no plugin" in outcome.refusal


def test_an_answer_that_cannot_be_read_is_the_workers_and_never_a_files() -> None:
    outcome = judged("finished", b"what another version would say")
    assert (outcome.results, outcome.lost, outcome.refused) == ([], [], list(TASKS))
    assert "cannot be read" in outcome.refusal
