"""Progress as a bar on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

from dmedia.model import JobState
from dmedia.report.dashboard_link import dashboard_link
from dmedia.report.summary import clock, files

if TYPE_CHECKING:
    from dmedia.model import JobReport


class Bar:
    """A progress bar with files, rate, failures, time left and the dashboard's address."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._progress = Progress(
            SpinnerColumn(finished_text=" "),
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.percentage:>3.0f}%"),
            TextColumn("{task.fields[files]}"),
            TextColumn("[red]{task.fields[failed]}[/red]"),
            TextColumn("[cyan]{task.fields[left]}[/cyan]"),
            console=self._console,
            transient=True,
            expand=True,
        )
        self._task = self._progress.add_task("planning", total=None, files="", failed="", left="")
        self._dashboard_shown = False
        self._warned: set[str] = set()
        self._progress.start()

    def found(self, total: int) -> None:
        """Show how many sources there are so far."""
        self._progress.update(self._task, files=f"{files(total)} found")

    def planned(self, report: JobReport) -> None:
        """Show what is going to be done."""
        self._console.print(
            f"[bold]{report.id}[/bold]: {files(report.total)}, {report.pending:,} to do",
            highlight=False,
            soft_wrap=True,
        )
        self._progress.update(
            self._task,
            description="starting",
            total=report.total,
            completed=report.done,
            files="",
        )

    def progress(self, report: JobReport) -> None:
        """Show how far the job is."""
        if report.dashboard and not self._dashboard_shown:
            self._dashboard_shown = True
            self._console.print(f"dashboard: {dashboard_link(report)}", highlight=False, soft_wrap=True)
        for warning in report.warnings:
            if warning not in self._warned:
                self._warned.add(warning)
                self._console.print(f"[yellow]warning:[/yellow] {escape(warning)}", highlight=False, soft_wrap=True)
        rate = f" {report.files_per_s:.1f}/s" if report.files_per_s else ""
        self._progress.update(
            self._task,
            description="paused" if report.state is JobState.PAUSED else report.operation,
            total=report.total,
            completed=report.done,
            files=f"{report.done:,}/{report.total:,}{rate}",
            failed=f"{report.failed:,} failed" if report.failed else "",
            left=f"{clock(report.eta_s)} left" if report.eta_s is not None else "",
        )

    def say(self, words: str) -> None:
        """Say what the record does not tell."""
        self._console.print(words, highlight=False, soft_wrap=True)

    def close(self) -> None:
        """Take the bar away."""
        self._progress.stop()
