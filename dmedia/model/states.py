"""Where files and jobs stand."""

from __future__ import annotations

from enum import StrEnum


class FileStatus(StrEnum):
    """Where one file of a job stands."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


class JobState(StrEnum):
    """Where a job stands. ``INTERRUPTED`` is never stored: readers see it when the launcher is gone."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


class Standing(StrEnum):
    """What stood at a rendition's path when the job was planned."""

    NOTHING = "nothing"
    OURS = "ours"
    FOREIGN = "foreign"


class OnCollision(StrEnum):
    """What to do when two tasks would write the same rendition."""

    ERROR = "error"
    KEEP_EXT = "keep-ext"
    NUMBER = "number"


class Manifest(StrEnum):
    """What is written beside the renditions when a job has ended."""

    SRCSET = "srcset"
    CHECKSUMS = "checksums"


ENDED = frozenset({JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED})
