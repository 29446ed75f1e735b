"""What the programs of the tests begin with: a job on the cluster of a Dask client that they have."""

from __future__ import annotations

import functools
import os
from typing import Any

from dmedia.model import Inputs, JobSpec
from dmedia.operations.convert import Convert
from dmedia.run.job import run_job
from dmedia.run.threaded import ThreadedLauncher, start_in_thread


def spec(source: str = "in", into: str = "out", **parameters: Any) -> JobSpec:
    chosen = Convert(**{"format": "webp", **parameters})
    return JobSpec("convert", chosen, Inputs(paths=(os.fsencode(source),)), os.fsencode(os.path.abspath(into)))


def begin(client: Any, source: str = "in", into: str = "out", **more: Any) -> ThreadedLauncher:
    waits = {key: more.pop(key) for key in ("limit_s", "worker_wait_s") if key in more}
    return start_in_thread(functools.partial(run_job, spec(source, into, **more)), client, **waits)
