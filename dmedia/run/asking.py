"""Asking a slot about a file: the question goes out, deadlines come, and then an answer or the slot's end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from dmedia.media.guard import LONGEST_DEADLINE_S
from dmedia.run.answers import Answer, Deadline, Description, Hindrance
from dmedia.run.fields import BreachError
from dmedia.run.messages import read
from dmedia.run.post_mortem import Death
from dmedia.run.questions import Assignment

if TYPE_CHECKING:
    from dmedia.run.child import Child
    from dmedia.run.questions import Question

START_LIMIT_S = 60.0
"""Seconds in which a slot begins a file: a new one loads its codecs first."""

OVERDUE_FACTOR, OVERDUE_S = 2.0, 5.0
"""A slot ends itself at its deadline. One that cannot, because it was stopped, or does not, because it was taken over,
is killed after so many times the deadline and so many seconds."""

MOST_DEADLINES = 100
"""Of one file. Every stage of the work tells one, and there are three."""


def ask(child: Child, question: Question, source: int, timeout_s: float | None) -> Answer | Description | Death:
    """Ask about one file, and wait for the answer no longer than the slot may take.

    Parameters
    ----------
    child : Child
        A slot's process.
    question : Question
        What is asked.
    source : int
        Descriptor of the file, which stays the caller's.
    timeout_s : float or None
        The deadline of every file; ``None`` where the slot tells it.

    Returns
    -------
    Answer, Description or Death
        To an `Assignment` an `Answer`, to an `Inquiry` a `Description`, or what is known of the slot's end.
    """
    begun_s, deadlines = time.monotonic(), 0
    until_s = begun_s + START_LIMIT_S
    asked = question.task if isinstance(question, Assignment) else question
    try:
        child.ask(question, source)
        while True:
            said = read(child.hear(until_s), asked)
            if isinstance(said, Answer | Description) and deadlines:
                return said
            if isinstance(said, Hindrance) and not deadlines:
                return Death(hindrance=said.reason)
            if not isinstance(said, Deadline) or deadlines >= MOST_DEADLINES:
                return Death(at_work=deadlines > 0, breach="it talks out of turn")
            if not deadlines:
                begun_s = time.monotonic()
            deadlines += 1
            until_s = begun_s + _patience_s(said.deadline_s, timeout_s)
    except TimeoutError:
        return Death(at_work=deadlines > 0, overdue=True, hindrance=f"nothing was heard for {START_LIMIT_S:g} s")
    except (EOFError, OSError):
        return Death(at_work=deadlines > 0)
    except BreachError as breach:
        return Death(at_work=deadlines > 0, breach=str(breach))


def _patience_s(deadline_s: float, timeout_s: float | None) -> float:
    """Tell how long a file may take on the worker's clock, whatever its slot claims."""
    return OVERDUE_FACTOR * min(deadline_s, timeout_s or LONGEST_DEADLINE_S) + OVERDUE_S
