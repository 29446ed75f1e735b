"""Programs rely on status documents."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import pytest

from dmedia.model import Failure, FileReport, FileStatus, JobReport, JobState, Output
from dmedia.report.documents import file_document, job_document

RUNNING = JobReport(
    id="batch-1703123456-abc123",
    operation="resize",
    state=JobState.RUNNING,
    planning=False,
    total=20,
    completed=13,
    failed=0,
    skipped=0,
    cancelled=0,
    processing=4,
    warned=0,
    created_at=1703123456.0,
    started_at=1703123457.5,
    ended_at=None,
    elapsed_s=30.9,
    bytes_in=1000,
    bytes_out=100,
    files_per_s=0.5,
    eta_s=14.0,
    output_directory=b"/out",
    base=b"/photos",
    parameters={"width": 800},
    preset=None,
    errors={},
    ignored={"txt": 3},
    warnings=(),
    scheduler="inproc://1",
    dashboard=None,
)


def test_the_eight_promised_keys_come_first_with_the_promised_values() -> None:
    document = job_document(RUNNING)
    assert list(document.items())[:8] == [
        ("id", "batch-1703123456-abc123"),
        ("operation", "resize"),
        ("status", "running"),
        ("progress", 65),
        ("completed", 13),
        ("failed", 0),
        ("total", 20),
        ("duration", "running"),
    ]
    json.dumps(document)


def test_the_keys_after_the_eight_are_those_of_the_design() -> None:
    assert " ".join(list(job_document(RUNNING))[8:]) == (
        "planning skipped cancelled processing pending created_at started_at ended_at eta_s files_per_s bytes_in "
        "bytes_out output_directory base parameters preset shard errors ignored warned gps_removed warnings scheduler "
        "dashboard"
    )


@pytest.mark.parametrize("state", [JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED])
def test_an_ended_job_has_whole_seconds_as_duration_and_full_progress(state: JobState) -> None:
    document = job_document(replace(RUNNING, state=state, elapsed_s=45.9))
    assert (document["duration"], document["progress"]) == ("45s", 100)


def test_an_interrupted_job_has_its_time_up_to_the_last_heartbeat() -> None:
    document = job_document(replace(RUNNING, state=JobState.INTERRUPTED))
    assert (document["duration"], document["progress"]) == ("30s", 65)


@pytest.mark.parametrize(
    ("completed", "failed", "skipped", "total", "progress"),
    [(2, 0, 0, 3, 66), (999, 0, 0, 1000, 99), (1, 1, 1, 3, 99), (0, 0, 0, 0, 0), (199, 0, 0, 20000, 0)],
)
def test_progress_is_floored_and_a_running_job_never_shows_100(
    completed: int, failed: int, skipped: int, total: int, progress: int
) -> None:
    report = replace(RUNNING, completed=completed, failed=failed, skipped=skipped, processing=0, total=total)
    assert job_document(report)["progress"] == progress


def test_a_job_that_is_being_planned_shows_no_progress() -> None:
    assert job_document(replace(RUNNING, state=JobState.QUEUED, planning=True))["progress"] == 0


def test_times_are_iso_8601_in_utc() -> None:
    assert job_document(RUNNING)["started_at"] == "2023-12-21T01:50:57.500Z"


FAILED = FileReport(
    number=3,
    source=b"/photos/a.jpg",
    status=FileStatus.FAILED,
    rendition=b"/out/a.webp",
    failure=Failure("unsupported_format", "Unsupported format: text", "open", "name a picture"),
    attempts=1,
)


def test_a_file_begins_with_path_status_and_error() -> None:
    document = file_document(FAILED)
    assert list(document.items())[:3] == [
        ("path", "/photos/a.jpg"),
        ("status", "failed"),
        ("error", "Unsupported format: text"),
    ]
    assert " ".join(list(document)[3:]) == (
        "code stage hint attempts seconds worker decoder bytes_in outputs warnings gps_removed"
    )


def test_a_completed_file_has_no_error_and_names_its_renditions() -> None:
    output = Output(b"/out/a.webp", 800, 600, "webp", 1234, 5, "ab" * 32)
    document = file_document(replace(FAILED, status=FileStatus.COMPLETED, failure=None, outputs=(output,)))
    assert document["error"] is None
    assert document["outputs"] == [
        {"path": "/out/a.webp", "width": 800, "height": 600, "format": "webp", "bytes": 1234, "sha256": "ab" * 32}
    ]


def test_a_path_that_is_not_utf8_is_shown_and_carried_exactly() -> None:
    document = file_document(replace(FAILED, source=b"/photos/\xff.jpg"))
    assert document["path"] == "/photos/�.jpg"
    assert base64.b64decode(document["path_b64"]) == b"/photos/\xff.jpg"
    assert "path_b64" not in file_document(FAILED)


def test_a_signed_url_is_told_without_its_signature() -> None:
    document = file_document(replace(FAILED, source=b"https://h/a.jpg?w=1&X-Amz-Signature=abc"))
    assert document["path"] == "https://h/a.jpg?w=1&X-Amz-Signature=..."
    assert "path_b64" not in document


def test_a_rendition_has_its_version_in_a_store_and_its_quality_where_they_are_known() -> None:
    plain = Output(b"s3://b/a.webp", 800, 600, "webp", 1234, 0, "ab" * 32, version="etag")
    output = replace(plain, quality=80, ssim=0.98, identical=True)
    document = file_document(replace(FAILED, status=FileStatus.COMPLETED, failure=None, outputs=(output,)))
    (told,) = document["outputs"]
    assert (told["path"], told["version"]) == ("s3://b/a.webp", "etag")
    assert (told["quality"], told["ssim"], told["identical"]) == (80, 0.98, True)
