"""Questions after many locations: a store's answer is nearly all of it on the way, so several are asked at once."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

AT_ONCE = 16
"""Locations that are asked after at once: an answer takes some 20 to 100 ms."""

ASKED_AHEAD = 256
"""Questions that are put before the first answer is needed: enough that none of the 16 waits for a slow one."""

MOST_AHEAD = 4_096
"""Locations that are kept in memory for their order's sake, while an answer to one before them is awaited."""


def at_once(
    ask: Callable[[Asked], Answer], several: Iterable[Asked], known: Callable[[Asked], Answer | None] = lambda _: None
) -> Iterator[tuple[Asked, Answer]]:
    """Ask after many locations, several at once.

    Parameters
    ----------
    ask : callable
        What is asked of each; from threads.
    several : iterable
        The locations, or what holds them.
    known : callable, optional
        Answers at once what need not be asked; ``None`` where it must be. What is known holds up no question.

    Yields
    ------
    tuple
        Each one and the answer, in their order; some are asked after in advance.
    """
    from concurrent.futures import ThreadPoolExecutor

    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="dmedia look")
    ahead: deque[tuple[Asked, Answer | Future[Answer]]] = deque()
    open_questions = 0
    try:
        for one in several:
            answer = known(one)
            if answer is None:
                open_questions += 1
                ahead.append((one, pool.submit(ask, one)))
            else:
                ahead.append((one, answer))
            while ahead and (_is_told(ahead[0][1]) or open_questions >= ASKED_AHEAD or len(ahead) >= MOST_AHEAD):
                open_questions -= isinstance(ahead[0][1], Future)
                yield _told(*ahead.popleft())
        while ahead:
            yield _told(*ahead.popleft())
    finally:
        pool.shutdown(cancel_futures=True)


def _is_told(answer: object) -> bool:
    return not isinstance(answer, Future) or answer.done()


def _told(one: Asked, answer: Answer | Future[Answer]) -> tuple[Asked, Answer]:
    return one, answer.result() if isinstance(answer, Future) else answer
