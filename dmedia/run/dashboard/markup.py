"""The words and bars of the page as HTML. All that comes from outside, file names above all, goes through `_text`."""

from __future__ import annotations

import html
import time
from typing import TYPE_CHECKING, Any, Literal

from dmedia.report.summary import clock, printable, size

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dmedia.run.dashboard.board import JobOnBoard
    from dmedia.run.dashboard.documents import WorkerOnBoard
    from dmedia.run.dashboard.shapes import FailureShown, WorkerShown

STATUSES = ("completed", "skipped", "failed", "cancelled", "processing", "pending")
"""Parts of a job's bar from left to right, and their colours in ``dashboard.css``."""

NARROWEST_PERCENT = 0.4
"""Of a bar: one failed file in a million is still seen."""

LONGEST_DIRECTORY = 14
"""Characters of a directory's name: the file's own name is what tells."""

STATE_WORDS = {"skipped": "up to date", "processing": "at work", "completed": "done"}
"""Words of the page where they are shorter than the document's."""


def cards(jobs: Sequence[JobOnBoard], counted: Sequence[JobOnBoard], workers: Sequence[WorkerOnBoard]) -> str:
    """Show sums over the jobs that are counted, see `Board.shown`, and say which they are."""
    failed, total = _sum(counted, "failed"), _sum(counted, "total")
    files_per_s = sum(job.rates["files_per_s"] or 0.0 for job in counted)
    left = [job.document["eta_s"] for job in counted if job.active and job.document["eta_s"] is not None]
    shown = (
        ("jobs", "Jobs at work", f"{sum(job.active for job in jobs):,}", f"{len(jobs):,} known"),
        ("done", "Files done", f"{_sum(counted, 'completed'):,}", f"of {total:,}"),
        ("failed" if failed else "unharmed", "Failed", f"{failed:,}", _percent(failed, total)),
        ("rate", "Files per second", rate(files_per_s), f"{_plural(len(workers), 'worker')}"),
        ("left", "Time left", clock(max(left)) if left else "-", "at the rate so far" if left else ""),
        ("read", "Read", size(_sum(counted, "bytes_in")), _per_second(counted, "bytes_in_per_s")),
        ("written", "Written", size(_sum(counted, "bytes_out")), _per_second(counted, "bytes_out_per_s")),
    )
    return f'<p class="scope">{_scope(counted)}</p><div class="cards">{"".join(map(_card, shown))}</div>'


def job_rows(jobs: Sequence[JobOnBoard]) -> str:
    """Show each job: its bar, its counts, its rate and the time left."""
    if not jobs:
        return '<p class="empty">No job has been told of yet. One that is started on this scheduler appears here.</p>'
    return '<div class="jobs">' + "".join(_job_row(job) for job in jobs) + "</div>"


def worker_rows(workers: Sequence[WorkerShown]) -> str:
    """Show each worker: its rate, how many of its slots are busy, and what it is working on."""
    if not workers:
        return '<p class="empty">The scheduler has no workers.</p>'
    most = max((worker["files_per_s"] for worker in workers), default=0.0) or 1.0
    return (
        f'<table class="workers">{_head("Worker", "Files/s", "At work", "Longest at work on")}'
        + "".join(
            f'<tr><td class="name" title="{_text(worker["address"])}">{_text(_short(worker["name"]))}</td>'
            f'<td class="rate"><span class="track"><span style="width:{100 * worker["files_per_s"] / most:.0f}%">'
            f"</span></span><b>{rate(worker['files_per_s'])}</b></td>"
            f'<td class="number">{worker["processing"]:,}</td><td class="path">{_files(worker)}</td></tr>'
            for worker in workers
        )
        + "</table>"
    )


def failure_rows(failures: Sequence[FailureShown]) -> str:
    """Show the latest failures, newest first."""
    if not failures:
        return '<p class="empty">No file has failed.</p>'
    return (
        f'<table class="failures">{_head("When", "Reason", "File", "What happened")}'
        + "".join(
            f'<tr><td class="when">{_ago(entry["at"])}</td><td><span class="code">{_text(entry["code"])}</span></td>'
            f'<td class="path" title="{_text(entry["path"])}">{_name(entry["path"])}</td>'
            f'<td class="error" title="{_text(entry["error"])}">{_text(entry["error"])}</td></tr>'
            for entry in failures
        )
        + "</table>"
    )


def legend() -> str:
    """Name the colours of the bars."""
    return (
        '<p class="legend">'
        + "".join(f'<span><i class="{status}"></i>{_word(status)}</span>' for status in STATUSES)
        + "</p>"
    )


def rate(files_per_s: float) -> str:
    """Show files a second with as many digits as say something."""
    return (
        f"{files_per_s:,.0f}"
        if files_per_s >= 100
        else f"{files_per_s:.1f}"
        if files_per_s >= 1
        else f"{files_per_s:.2f}"
    )


def _scope(counted: Sequence[JobOnBoard]) -> str:
    if not counted:
        return "&nbsp;"
    if counted[0].active:
        which = f"the {len(counted):,} jobs at work, together" if len(counted) > 1 else "the job at work"
    else:
        which = f"{_text(counted[0].document['id'])}, the last job at work"
    return f"Tiles and charts: {which}"


def _card(shown: tuple[str, str, str, str]) -> str:
    name, label, value, note = shown
    return f'<div class="card {name}"><span class="label">{label}</span><b>{value}</b><i>{note or "&nbsp;"}</i></div>'


def _job_row(job: JobOnBoard) -> str:
    document = job.document
    state = "planning" if document["planning"] else document["status"]
    name = _text(document["preset"] or document["operation"])
    right = _right(job)
    return (
        f'<div class="job {_text(state)}" data-job="{_text(document["id"])}">'
        f'<div class="line"><span class="what"><b>{name}</b> <span class="state {_text(state)}">{_text(state)}</span>'
        f'<span class="id">{_text(document["id"])}</span></span>'
        f'<span class="where" title="{_text(document["output_directory"])}">→ {_text(document["output_directory"])}'
        f'</span><span class="right">{right}</span></div>'
        f'{_bar(document)}<div class="counts">{_counts(document)}</div></div>'
    )


def _right(job: JobOnBoard) -> str:
    document = job.document
    if not job.active:
        took = "" if document["duration"] == "running" else f" in {_took(document['duration'])}"
        return f'<b class="progress">{document["progress"]} %</b>{took}'
    now = job.told["rates"]["files_per_s"]
    parts = [f'<b class="progress">{document["progress"]} %</b>']
    if now is not None:
        parts.append(f'<span class="rate">{rate(now)}</span> files/s')
    if document["eta_s"] is not None:
        parts.append(f'<span class="eta">{clock(document["eta_s"])}</span> left')
    return " · ".join(parts)


def _bar(document: Mapping[str, Any]) -> str:
    total = document["total"]
    if not total:
        return '<div class="bar"></div>'
    return (
        '<div class="bar">'
        + "".join(
            f'<span class="{status}" style="flex:{max(100 * document[status] / total, NARROWEST_PERCENT):.3f}"'
            f' title="{document[status]:,} {_word(status)}"></span>'
            for status in STATUSES
            if document[status]
        )
        + "</div>"
    )


def _counts(document: Mapping[str, Any]) -> str:
    parts = [
        f'<span class="{status}"><b>{document[status]:,}</b> {_word(status)}</span>'
        for status in STATUSES
        if document[status] or status == "completed"
    ]
    parts.append(f'<span class="total">of <b>{document["total"]:,}</b></span>')
    if document["bytes_in"]:
        parts.append(f'<span class="bytes">{size(document["bytes_in"])} → {size(document["bytes_out"])}</span>')
    parts += [f'<span class="warning">{_text(warning)}</span>' for warning in document["warnings"][:3]]
    return "".join(parts)


def _files(worker: WorkerShown) -> str:
    return "<br>".join(
        f'<span title="{_text(file["path"])}">{_name(file["path"])} <i>{_ago(file["since"], "")}</i></span>'
        for file in worker["files"][:2]
    )


def _name(path: str) -> str:
    """Show a path's end, which tells more than its beginning, where the whole is too long."""
    directory, slash, name = path.rpartition("/")
    last = directory.rpartition("/")[2]
    if len(last) > LONGEST_DIRECTORY:
        last = f"{last[: LONGEST_DIRECTORY - 1]}…"
    return f'<span class="directory">{_text(last + slash)}</span>{_text(name)}'


def _short(name: str) -> str:
    if name.isdigit():  # Dask counts the workers that it makes itself
        return f"worker {name}"
    return name.removeprefix("tcp://").removeprefix("tls://").removeprefix("inproc://")


def _ago(moment: str, word: str = " ago") -> str:
    from datetime import datetime

    return f"{clock(max(0.0, time.time() - datetime.fromisoformat(moment).timestamp()))}{word}"


def _took(duration: str) -> str:
    return clock(float(duration.removesuffix("s")))


def _word(status: str) -> str:
    return STATE_WORDS.get(status, status)


def _text(told: str) -> str:
    """Write what comes from outside as HTML, and what cannot be seen, or turns what follows, as a terminal shows it."""
    return html.escape(printable(told.encode("utf-8", "replace")))


def _head(*names: str) -> str:
    return "<tr>" + "".join(f"<th>{name}</th>" for name in names) + "</tr>"


def _sum(jobs: Iterable[JobOnBoard], key: str) -> int:
    return sum(job.document[key] for job in jobs)


def _per_second(jobs: Iterable[JobOnBoard], key: Literal["bytes_in_per_s", "bytes_out_per_s"]) -> str:
    return f"{size(sum(job.rates[key] or 0.0 for job in jobs))}/s"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if part and whole else ""


def _plural(count: int, word: str) -> str:
    return f"{count:,} {word}" + "s" * (count != 1)
