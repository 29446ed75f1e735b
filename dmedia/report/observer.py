"""Who watches a job from within its launcher."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from dmedia.model import JobReport

T = TypeVar("T")


class Observer(Protocol):
    """Is told how a job goes; what it does about it never changes the job."""

    def found(self, total: int) -> None:
        """Hear how many sources were found so far."""

    def planned(self, report: JobReport) -> None:
        """Hear that the plan is complete."""

    def progress(self, report: JobReport) -> None:
        """Look at the job, several times a second while it runs."""

    def say(self, words: str) -> None:
        """Hear what the record does not tell."""

    def close(self) -> None:
        """Stop watching."""


class Silence:
    """Shows nothing."""

    def found(self, total: int) -> None:
        """Show nothing."""

    def planned(self, report: JobReport) -> None:
        """Show nothing."""

    def progress(self, report: JobReport) -> None:
        """Show nothing."""

    def say(self, words: str) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Show nothing."""


def tell(look: Callable[[T], None], what: T) -> None:
    """Let an observer look; one whose terminal or pipe is gone sees nothing, and the job goes on."""
    with contextlib.suppress(OSError):
        look(what)
