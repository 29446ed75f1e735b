"""Who watches a job from within its launcher."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from dmedia.model import JobReport


class Observer(Protocol):
    """Is told how a job goes; what it does about it never changes the job."""

    def found(self, total: int) -> None:
        """Hear how many sources were found so far."""

    def planned(self, report: JobReport) -> None:
        """Hear that the plan is complete, and the job has an id."""

    def progress(self, report: JobReport) -> None:
        """Look at the job, several times a second while it runs."""

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

    def close(self) -> None:
        """Show nothing."""
