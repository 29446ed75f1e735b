"""The succession of a slot's child processes: one lives at a time, and when it has ended the next takes its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dmedia.run.child import Child

if TYPE_CHECKING:
    from dmedia.model import WorkOrder

MOST_FILES = 10_000
"""Files after which a child process makes room for a new one: what libraries lose of memory is found again."""


class Succession:
    """One child process after the other. One thread at a time begins and ends them; `kill` may be called by any.

    Parameters
    ----------
    order : WorkOrder
        What all of their tasks have in common.
    scratch : str or None
        Directory in which their libraries may put files aside.

    Attributes
    ----------
    is_over : bool
        Whether it was killed: no process is used any more.
    """

    def __init__(self, order: WorkOrder, scratch: str | None) -> None:
        self.is_over = False
        self._order, self._scratch = order, scratch
        self._child: Child | None = None

    def living(self) -> Child:
        """Find the living child process, or start one.

        Raises
        ------
        OSError
            When the system cannot give one now; the next call tries again.
        """
        child = self._child
        if child is None or not child.is_alive():
            self.end()
            self._child = child = Child(self._order, self._scratch, MOST_FILES)
            if self.is_over:  # meanwhile, by another thread that did not know of this process
                child.kill()
        return child

    def end(self, *, at_once: bool = False) -> int:
        """Let the living process end and reap it.

        Parameters
        ----------
        at_once : bool
            Whether it is killed.

        Returns
        -------
        int
            Its exit status (negative: the signal that ended it); 0 where none lives.
        """
        child, self._child = self._child, None
        if child is None:
            return 0
        if at_once:
            child.kill()
        return child.end()

    def kill(self) -> Child | None:
        """End the succession with its living process, now.

        Returns
        -------
        Child or None
            That process, which whoever uses it reaps.
        """
        self.is_over = True
        if (child := self._child) is not None:
            child.kill()
        return child
