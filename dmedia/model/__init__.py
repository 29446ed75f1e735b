"""Frozen records that cross a wire or a disk.

Everything here is plain data: it pickles small, and no codec, Dask type, open handle or exception is part of
it. Paths are bytes, because file names need not be UTF-8. Times are seconds since the epoch unless they end
in ``_ns``.
"""

from __future__ import annotations

from dmedia.model.info import MediaInfo
from dmedia.model.place import NotedPlace
from dmedia.model.reports import FileReport, JobReport
from dmedia.model.request import Inputs, JobSpec, Limits, Listed, Logo, Persistence, Policies, Recipe
from dmedia.model.result import Failure, FileResult, Output, Running
from dmedia.model.states import ENDED, FileStatus, JobState, Manifest, OnCollision, Standing
from dmedia.model.work import Place, Plan, PlannedFile, PlannedPlace, Source, Task, WorkOrder

__all__ = [
    "ENDED",
    "Failure",
    "FileReport",
    "FileResult",
    "FileStatus",
    "Inputs",
    "JobReport",
    "JobSpec",
    "JobState",
    "Limits",
    "Listed",
    "Logo",
    "Manifest",
    "MediaInfo",
    "NotedPlace",
    "OnCollision",
    "Output",
    "Persistence",
    "Place",
    "Plan",
    "PlannedFile",
    "PlannedPlace",
    "Policies",
    "Recipe",
    "Running",
    "Source",
    "Standing",
    "Task",
    "WorkOrder",
]
