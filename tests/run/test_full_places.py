"""A job waits for room, and says where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dmedia.errors import MediaError
from dmedia.media.faults import failure_of
from dmedia.model import Failure, FileResult, Task
from dmedia.record.writer import RecordWriter
from dmedia.run.collect import Outcome
from dmedia.run.fleet import Fleet
from dmedia.run.ledger import Ledger
from dmedia.run.room import Room
from dmedia.run.transport.staging import about_scratch, told
from dmedia.storage.faults import remote_fault
from tests.record.making import make_record

TASK = Task(0, b"s3://photos/in/a.jpg", b"s3://photos/out/a.webp", 1)
SLOT = MediaError("disk_full", "Disk full: No space left on device", "publish")
FETCH = about_scratch(MediaError("disk_full", "Disk full: No space left on device", "open"), "/tmp/x")


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RecordWriter]:
    monkeypatch.setenv("DMEDIA_HOME", str(tmp_path / "home"))
    with make_record(1) as record:
        yield record


@pytest.mark.parametrize(
    ("failure", "place"),
    [
        (failure_of(remote_fault(507, "s3://photos says QuotaExceeded", "publish"), TASK), "s3://photos/out"),
        (failure_of(FETCH, TASK), "the workers' directories for temporary files"),
        (told(FileResult(0, failure=failure_of(SLOT, TASK)), "/tmp/x").failure, "the workers' directories"),
    ],
    ids=["its store", "the scratch, fetching", "the scratch, in a slot"],
)
def test_what_is_full_is_named(failure: Failure, place: str, record: RecordWriter) -> None:
    room = Room(b"s3://photos/out", None)
    brake: Any = SimpleNamespace(room=room, gave_up=False)
    Ledger(record, brake, 0).enter(Outcome([FileResult(0, failure=failure)]), [], Fleet(1))
    assert f"writing to {place}" in str(room.shortage())
