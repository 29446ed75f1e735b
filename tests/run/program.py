"""What the programs of the tests begin with: a job on the cluster of a Dask client that they have."""

from __future__ import annotations

import functools
import os
import threading
from dataclasses import dataclass
from typing import Any

from dmedia.model import Inputs, JobReport, JobSpec
from dmedia.operations.convert import Convert
from dmedia.record.reader import read_job
from dmedia.run.detached import create_job
from dmedia.run.job import Again, resume_job
from dmedia.run.threaded import start_in_thread


@dataclass(frozen=True)
class Begun:
    """A job and its launcher's thread, which is no longer known when the job is over."""

    job: str
    thread: threading.Thread | None

    def wait(self) -> JobReport:
        """Wait for the launcher's end."""
        if self.thread:
            self.thread.join()
        return read_job(self.job)


def spec(source: str = "in", into: str = "out", **parameters: Any) -> JobSpec:
    chosen = Convert(**{"format": "webp", **parameters})
    return JobSpec("convert", chosen, Inputs(paths=(os.fsencode(source),)), os.fsencode(os.path.abspath(into)))


def begin(client: Any, source: str = "in", into: str = "out", **more: Any) -> Begun:
    before = set(threading.enumerate())
    job = create_job(spec(source, into, **more))
    start_in_thread(functools.partial(resume_job, job, Again(frozenset())), client)
    threads = [thread for thread in set(threading.enumerate()) - before if thread.name == "dmedia-launcher"]
    return Begun(job, threads[0] if threads else None)
