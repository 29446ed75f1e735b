"""What earlier records of an output directory know."""

from __future__ import annotations

from pathlib import Path

import pytest

from dmedia.model import FileResult
from dmedia.operations.convert import Convert
from dmedia.record import earlier, home
from dmedia.record.earlier import EarlierRenditions
from dmedia.storage.stores import Identity
from tests.record.making import failed, make_files, make_older, make_record, output

OUT = b"/nowhere/out"
ASKED = Convert(format="webp", width=800)


def finished(start: int, count: int, mtime_ns: int = 7, **more: object) -> str:
    """A job that has written files of these numbers."""
    from dmedia.record.writer import RecordWriter
    from tests.record.making import fill, make_spec

    files = make_files(start + count)[start:]
    with fill(RecordWriter.create(make_spec(OUT, **more)), files) as record:
        record.life.start(None, None)
        record.commit([FileResult(file.number, (output(file.rendition, 500, mtime_ns),)) for file in files], [])
        record.life.finish()
    return record.job


def ask(numbers: range, mtime_ns: int = 7, **more: str) -> dict[int, bool]:
    """Which of these files are known as they stand, and whether of the same request."""
    lookup = EarlierRenditions(OUT, "convert", ASKED.digest(), **more)
    paths = {file.rendition: file.number for file in make_files(numbers.stop) if file.number in numbers}
    found = lookup.look_up(dict.fromkeys(paths, Identity(500, mtime_ns, "")), lambda: None)
    lookup.close()
    assert lookup.warnings == []
    return {paths[path]: rendition.same_request for path, rendition in found.items()}


def test_nothing_is_known_without_earlier_jobs() -> None:
    assert ask(range(3)) == {}


def test_a_rendition_is_known_only_as_it_was_written() -> None:
    finished(0, 2)
    assert ask(range(3)) == {0: True, 1: True}
    assert ask(range(3), mtime_ns=8) == {}


def test_another_request_is_told_from_the_same() -> None:
    finished(0, 2, parameters=Convert(format="webp"))
    assert ask(range(2)) == {0: False, 1: False}


@pytest.mark.parametrize("small", [0, 3, 5_000])
@pytest.mark.parametrize("kept_open", [1, 32])
def test_every_earlier_job_is_asked_however_many_and_large(
    small: int, kept_open: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(earlier, "SMALL", small)
    monkeypatch.setattr(earlier, "OPEN_RECORDS", kept_open)
    for number in range(8):
        finished(number * 2, 2 + number)
    assert ask(range(22)) == dict.fromkeys(range(23 - 1), True)


def test_an_older_record_still_knows_what_a_newer_wrote_elsewhere_in_time() -> None:
    finished(0, 3, mtime_ns=7)
    finished(0, 3, mtime_ns=9)
    assert ask(range(3), mtime_ns=7) == {0: True, 1: True, 2: True}


def test_failed_files_and_unfinished_plans_are_no_renditions() -> None:
    with make_record(2) as record:
        record.commit([failed(0)], [])
    from dmedia.record.writer import RecordWriter
    from tests.record.making import make_spec

    unfinished = RecordWriter.create(make_spec(OUT))
    assert ask(range(2)) == {}
    unfinished.close()


def test_the_new_job_is_no_earlier_one() -> None:
    job = finished(0, 1)
    assert ask(range(1), besides=job) == {}


@pytest.mark.parametrize("small", [0, 5_000])
def test_a_damaged_record_is_passed_over_with_a_warning(small: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(earlier, "SMALL", small)
    jobs = [finished(number, 1) for number in range(5)]
    for job in (jobs[4], jobs[2], jobs[1]):
        home.record_path(job).write_bytes(b"garbage" * 1000)
    lookup = EarlierRenditions(OUT, "convert", ASKED.digest())
    paths = {file.rendition: Identity(500, 7, "") for file in make_files(5)}
    for _ in range(2):
        assert sorted(lookup.look_up(paths, lambda: None)) == [make_files(4)[0].rendition, make_files(4)[3].rendition]
    assert len(lookup.warnings) == 3
    lookup.close()


def test_names_that_are_no_text_are_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dmedia.model import PlannedFile, Source
    from dmedia.record.writer import RecordWriter
    from tests.record.making import fill, make_spec

    path = b"/nowhere/out/\xff?#%20 \n.webp"
    for _ in range(2):
        file = PlannedFile(0, Source(b"/photos/\xfe.jpg", b"/photos", 1, 2), path)
        with fill(RecordWriter.create(make_spec(OUT)), [file]) as record:
            record.life.start(None, None)
            record.commit([FileResult(0, (output(path),))], [])
            record.life.finish()
    with make_record(0):
        lookup = EarlierRenditions(OUT, "convert", ASKED.digest())
        found = lookup.look_up({path: Identity(500, 7, "")}, lambda: None)
    assert found[path].source == b"/photos/\xfe.jpg"
    assert (found[path].size_bytes, found[path].mtime_ns) == (1, 2)
    lookup.close()


@pytest.mark.parametrize("small", [0, 5_000])
def test_a_record_of_before_versions_still_knows_its_renditions(small: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(earlier, "SMALL", small)
    older, newer = finished(0, 3), finished(3, 1)
    for job in (older, newer):
        make_older(home.record_path(job))
    assert ask(range(4)) == dict.fromkeys(range(4), True)


def test_a_rendition_in_a_store_is_known_by_its_version() -> None:
    from dmedia.model import Output, PlannedFile, Source
    from dmedia.record.writer import RecordWriter
    from tests.record.making import fill, make_spec

    path = b"s3://bucket/out/a.webp"
    source = Source(b"s3://bucket/a.jpg", b"s3://bucket", 10, 0, version="v1")
    with fill(RecordWriter.create(make_spec(b"s3://bucket/out")), [PlannedFile(0, source, path)]) as record:
        record.life.start(None, None)
        record.commit([FileResult(0, (Output(path, 8, 6, "webp", 500, 0, "ab" * 32, version="etag"),))], [])
        record.life.finish()
    lookup = EarlierRenditions(b"s3://bucket/out", "convert", ASKED.digest())
    for same in (Identity(500, 123, "etag"), Identity(500, 0, "etag")):
        found = lookup.look_up({path: same}, lambda: None)[path]
        assert (found.source, found.size_bytes, found.version) == (source.path, 10, "v1")
    for other in (Identity(500, 0, "other"), Identity(501, 0, "etag"), Identity(500, 0, "")):
        assert lookup.look_up({path: other}, lambda: None) == {}
    lookup.close()
