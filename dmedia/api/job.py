"""The handle of a job: what a program can know of it and ask of it, whoever runs it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Unpack, get_args

from dmedia.api.place import read_place
from dmedia.errors import ErrorCode, ParameterError, UsageError
from dmedia.model import ENDED, FileStatus, JobState
from dmedia.record.reader import read_files, read_job
from dmedia.record.requests import request, withdraw
from dmedia.report.documents import file_document, job_document
from dmedia.words import nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from typing import Any

    from dmedia.api.options import PlaceOptions
    from dmedia.report.shapes import FileDocument, FileEvent, JobDocument, JobEvent

SHORTEST_LOOK_S, LONGEST_LOOK_S = 0.05, 0.5
"""Seconds between two looks at a job that is waited for: a short job is noticed at once, a long one costs nothing."""

OVER = ENDED | {JobState.INTERRUPTED}
"""Nobody works on such a job."""


class Job:
    """A batch job.

    Parameters
    ----------
    id : str
        Its id, the beginning of one, or ``last``.
    client : distributed.Client, optional
        A connected client on which the job goes on when it is resumed or retried; without one, a launcher of its own
        does that.
    **place : PlaceOptions
        Where such a launcher works: ``scheduler``, ``scheduler_file`` or ``cluster``, with ``workers``; or how many
        ``slots`` it has on this machine. Without a word it works where the job ran.

    Attributes
    ----------
    id : str
        The whole id.

    Raises
    ------
    UnknownJobError
        When there is no such job.
    """

    def __init__(
        self,
        id: str,  # noqa: A002 - what users call it
        client: Any = None,
        **place: Unpack[PlaceOptions],
    ) -> None:
        from dmedia.record.home import find_job

        if not isinstance(id, str):
            raise ParameterError(f"id is {id!r}: it is a text, such as batch-1703123456-abc123, or 'last'")
        self._arguments = read_place(place, client)
        self.id = find_job(id)
        self._client = client

    def __repr__(self) -> str:
        return f"Job({self.id!r})"

    def status(self) -> JobDocument:
        """Tell where the job stands: the document of ``dmedia status JOB --json``."""
        return job_document(read_job(self.id))

    def files(self, *statuses: str) -> Iterator[FileDocument]:
        """Tell of the job's files, in the order of the plan.

        Parameters
        ----------
        *statuses : str
            Which, such as ``"completed"``; none for all.

        Yields
        ------
        dict
            A file's document.

        Raises
        ------
        UsageError
            When a file cannot have such a status.
        """
        for status in statuses:
            if status not in list(FileStatus):
                raise UsageError(f"No file is {status!r}: {nearest(str(status), map(str, FileStatus))}")
        return map(file_document, read_files(self.id, set(map(FileStatus, statuses)) or None))

    def failed(self) -> list[FileDocument]:
        """Tell of the files that failed, each with ``error``, ``code`` and ``hint``."""
        return list(self.files(FileStatus.FAILED))

    def wait(self, timeout_s: float | None = None) -> JobDocument:
        """Wait until nobody works on the job any more.

        Parameters
        ----------
        timeout_s : float, optional
            Seconds to wait at most; the job goes on all the same.

        Returns
        -------
        dict
            Its status, which is ``completed``, ``failed``, ``cancelled`` or ``interrupted``.

        Raises
        ------
        TimeoutError
            When it is not over by then.
        """
        until_s = None if timeout_s is None else time.monotonic() + timeout_s
        look_s = SHORTEST_LOOK_S
        while (report := read_job(self.id)).state not in OVER:
            if until_s is not None and time.monotonic() >= until_s:
                raise TimeoutError(f"{self.id} is {report.state} after {timeout_s:g} s, at {report.progress} %")
            time.sleep(look_s)
            look_s = min(LONGEST_LOOK_S, look_s * 1.2)
        return job_document(report)

    def events(self) -> Iterator[FileEvent | JobEvent]:
        """Tell what happens to the job until nobody works on it any more.

        Yields
        ------
        dict
            ``{"event": "file", "file": ...}`` once for each file as its outcome is known, those known already first;
            ``{"event": "job", "job": ...}`` when state or counters have changed, and at the end.
        """
        from dmedia.model import FileReport
        from dmedia.record.happenings import follow

        for report in follow(self.id):
            if isinstance(report, FileReport):
                yield {"event": "file", "file": file_document(report)}
            else:
                yield {"event": "job", "job": job_document(report)}

    def cancel(self) -> None:
        """Ask for the job's end: files being worked on are given up within seconds, the rest is marked cancelled."""
        request(self.id, "cancel")

    def pause(self) -> None:
        """Ask the job to wait; files being worked on may end."""
        request(self.id, "pause")

    def resume(self) -> None:
        """Let a job go on that was paused, interrupted or cancelled.

        Raises
        ------
        DmediaError
            When somebody works on it (`JobHeldError`), or its launcher refuses it.
        """
        from dmedia.api.start import go_on

        read_job(self.id)
        if not withdraw(self.id, "pause"):
            go_on(self.id, "resume", (), self._client, self._arguments)

    def retry(self, *codes: str) -> None:
        """Try the failed files again.

        Parameters
        ----------
        *codes : str
            Only those that failed for these reasons; none for all.

        Raises
        ------
        UsageError
            When there is no such file.
        DmediaError
            When somebody works on the job (`JobHeldError`), or its launcher refuses it.
        """
        from dmedia.api.start import go_on

        refuse_nothing_failed(self.id, codes)
        go_on(self.id, "retry", codes, self._client, self._arguments)


def refuse_nothing_failed(job: str, codes: Collection[str]) -> None:
    """Refuse a job that has no such failed file, or that is to be resumed first: only failed files are tried again.

    Parameters
    ----------
    job : str
        Its id.
    codes : collection of str
        Reasons of failure; none for all.

    Raises
    ------
    UsageError
        It says which, or that there is no such reason.
    """
    for code in codes:
        if code not in get_args(ErrorCode):
            raise UsageError(f"No file fails for the reason {code!r}: {nearest(str(code), get_args(ErrorCode))}")
    report = read_job(job)
    if report.state is JobState.INTERRUPTED:
        raise UsageError(f"{job} was interrupted before its end: retry is for failed files", f"dmedia resume {job}")
    if report.failed and (not codes or set(codes) & set(report.errors)):
        return
    known = f"; its failures are {', '.join(report.errors)}" if report.errors else ""
    reason = f" for the reason {' or '.join(codes)}" if codes else ""
    raise UsageError(f"Nothing to try again: no file of {job} has failed{reason}{known}")
