"""Plans whose renditions go into a bucket: what stands there is told by one listing, by versions and by marks."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dmedia.errors import CollisionError, NoInputError, PreflightError, UsageError
from dmedia.model import FileReport, FileResult, FileStatus, Inputs, JobSpec, Output, Policies
from dmedia.operations.convert import Convert
from dmedia.planning import plan_job, standing_in_store
from dmedia.record import home
from dmedia.record.writer import RecordWriter
from dmedia.storage.stores import Terms, store_of
from tests.planning.test_planning import planned, plant
from tests.servers.processes import Bucket, ProxyServer
from tests.servers.proxy import Rule
from tests.storage.conftest import Leads, lead

__all__ = ["lead"]

WEBP = Convert(format="webp")


@pytest.fixture
def photos(bucket: Bucket, lead: Leads) -> Bucket:
    """An empty bucket that this process reads and writes."""
    lead(bucket.server.environment())
    return bucket


def ask(bucket: Bucket, *keys: str, out: str = "out", **more: Any) -> JobSpec:
    policies = Policies(overwrite=more.pop("overwrite", False), portable_names=more.pop("portable_names", False))
    given = tuple(bucket.url(key).encode() for key in keys)
    output = out.encode() if "/" in out else bucket.url(out).encode()
    return JobSpec("convert", more.pop("parameters", WEBP), Inputs(given, recursive=True), output, policies, **more)


def publish(bucket: Bucket, location: bytes, content: bytes, job: str) -> Output:
    """What a worker does with a rendition."""
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.flush()
        found = store_of(location).put(file.fileno(), location, Terms(job, replaces=True, content_type="image/webp"))
    digest = hashlib.sha256(content).hexdigest()
    return Output(location, 3, 2, "webp", len(content), found.mtime_ns, digest, version=found.version)


def run(bucket: Bucket, spec: JobSpec, *, ends: bool = True) -> list[FileReport]:
    """Plan a job and do what is pending as workers would; without an end its launcher dies before it notes anything."""
    with RecordWriter.create(spec) as record:
        plan_job(record)
        record.life.start(None, None)
        done = [
            FileResult(task.number, (publish(bucket, task.rendition, b"of " + task.source, record.job),))
            for task in record.pending(1000)
        ]
        if ends:
            record.commit(done, [])
            record.life.finish()
        return list(record.files())


def statuses(spec: JobSpec) -> list[str]:
    return [str(file.status) for file in planned(spec)[1]]


def codes(spec: JobSpec) -> list[str]:
    return [file.failure.code if file.failure else "" for file in planned(spec)[1]]


def test_an_object_whose_key_has_dots_that_would_lead_out_fails_alone_and_is_done_when_it_is_named(
    photos: Bucket,
) -> None:
    for key in ("in/a.jpg", "in/odd/../dots.jpg", "in/./b.jpg"):
        photos.put(key, b"\xff\xd8\xff")
    _, files, _ = planned(ask(photos, "in"))
    seen = {file.source.rpartition(b"/")[2]: file.failure for file in files}
    failure = seen.pop(b"dots.jpg")
    assert failure is not None
    assert (failure.code, "'odd/..' leads out" in failure.message) == ("permission_denied", True)
    assert "Name the object by itself" in str(failure.hint)
    assert seen == {b"a.jpg": None, b"b.jpg": None}
    assert codes(ask(photos, "in/odd/../dots.jpg")) == [""]


def test_a_plan_for_a_store_has_no_forecast_and_says_so(photos: Bucket) -> None:
    photos.put("in/a.jpg", b"\xff\xd8\xff")
    plan, files, _ = planned(ask(photos, "in"))
    assert (plan.forecast_bytes, plan.free_bytes, plan.bytes_in) == (None, None, 3)
    assert plan.no_forecast.startswith(f"no disk forecast for {photos.url('out')}: ")
    assert [file.rendition for file in files] == [photos.url("out/a.webp").encode()]
    assert photos.keys() == ["in/a.jpg"]  # what was put there to see whether that works is gone


def test_a_second_identical_job_finds_all_up_to_date_by_one_listing(
    bucket: Bucket, s3_proxy: ProxyServer, lead: Leads
) -> None:
    for number in range(30):
        bucket.put(f"in/{number}.jpg", b"%d" % number)
    lead(bucket.server.environment(s3_proxy.address))
    spec = ask(bucket, "in/")
    run(bucket, spec)
    s3_proxy.obey()
    with RecordWriter.create(spec, ephemeral=True) as record:
        plan = plan_job(record)
    assert (plan.skipped, plan.pending) == (30, 0)
    asked = s3_proxy.requests()
    assert {request["method"] for request in asked} == {"GET"}
    assert len(asked) == 2 * 2  # pages of twenty: of the sources, and of what stands at the output


def test_a_source_or_rendition_that_was_changed_is_not_up_to_date(photos: Bucket) -> None:
    for name in "abcd":
        photos.put(f"in/{name}.jpg", b"one")
    spec = ask(photos, "in")
    run(photos, spec)
    photos.put("in/a.jpg", b"two")
    photos.put("out/b.webp", b"mine")
    photos.client.delete_object(Bucket=photos.name, Key="out/c.webp")
    photos.put("in/d.jpg", b"one")  # the same bytes once more are the same version
    assert statuses(spec) == ["pending", "failed", "pending", "skipped"]
    assert codes(spec) == ["", "output_exists", "", ""]
    assert statuses(replace(spec, policies=Policies(overwrite=True))) == ["pending", "pending", "pending", "skipped"]
    assert statuses(replace(spec, parameters=Convert(format="webp", quality=5)))[3] == "pending"


def test_what_stands_there_is_noted_for_the_workers(photos: Bucket) -> None:
    photos.put("in/b.jpg", b"one")
    run(photos, ask(photos, "in"))
    photos.put("in/a.jpg", b"one")
    photos.put("in/b.jpg", b"two")
    with RecordWriter.create(ask(photos, "in")) as record:
        plan_job(record)
        noted = [(task.replaces, task.renews, bool(task.version)) for task in record.pending(9)]
    assert noted == [(False, False, True), (False, True, True)]


def test_what_a_dead_worker_has_put_late_is_as_written_under_another_version(photos: Bucket) -> None:
    for name in "abcd":
        photos.put(f"in/{name}.jpg", b"one")
    spec = ask(photos, "in")
    run(photos, spec)
    for name in "abcd":
        there = photos.client.head_object(Bucket=photos.name, Key=f"out/{name}.webp")
        written, marks = photos.get(f"out/{name}.webp"), dict(there["Metadata"])
        if name == "b":
            written = written.swapcase()
            marks["dmedia-sha256"] = hashlib.sha256(written).hexdigest()
        if name == "c":
            del marks["dmedia-job"]
        put_under_another_version(photos, f"out/{name}.webp", written, marks)
    assert codes(spec) == ["", "output_exists", "output_exists", ""]
    assert statuses(spec) == ["skipped", "failed", "failed", "skipped"]


def put_under_another_version(bucket: Bucket, key: str, content: bytes, metadata: dict[str, str]) -> None:
    """Let an object have an ETag that is not its bytes' MD5, as where stores encrypt or number."""
    place = {"Bucket": bucket.name, "Key": key}
    upload = {**place, "UploadId": bucket.client.create_multipart_upload(**place, Metadata=metadata)["UploadId"]}
    part = {"PartNumber": 1, "ETag": bucket.client.upload_part(**upload, PartNumber=1, Body=content)["ETag"]}
    bucket.client.complete_multipart_upload(**upload, MultipartUpload={"Parts": [part]})


def test_what_a_dead_launcher_did_not_note_is_ours_by_its_mark(photos: Bucket) -> None:
    photos.put("in/a.jpg", b"one")
    photos.put("in/b.jpg", b"one")
    spec = ask(photos, "in")
    run(photos, spec, ends=False)
    publish(photos, photos.url("out/b.webp").encode(), b"of another home", "batch-1-zzzzzz")
    assert codes(spec) == ["", "output_exists"]


def test_renditions_of_files_go_to_a_bucket_and_are_up_to_date_there(photos: Bucket, tmp_path: Path) -> None:
    plant(tmp_path, "in/a.jpg", "in/x/b.jpg")
    spec = replace(ask(photos), inputs=Inputs((bytes(tmp_path / "in"),), recursive=True))
    run(photos, spec)
    assert photos.keys() == ["out/a.webp", "out/x/b.webp"]
    assert statuses(spec) == ["skipped", "skipped"]


def test_renditions_of_objects_go_to_a_directory_and_are_up_to_date_there(photos: Bucket, tmp_path: Path) -> None:
    photos.put("in/a.jpg", b"one")
    photos.put("in/b.jpg", b"one")
    spec = ask(photos, "in", out=str(tmp_path / "out"))
    with RecordWriter.create(spec) as record:
        plan = plan_job(record)
        assert plan.free_bytes
        record.life.start(None, None)
        for task in record.pending(9):
            path = Path(task.rendition.decode())
            path.write_bytes(b"rendition")
            output = Output(task.rendition, 1, 1, "webp", 9, path.stat().st_mtime_ns, "00" * 32)
            record.commit([FileResult(task.number, (output,))], [])
        record.life.finish()
    assert statuses(spec) == ["skipped", "skipped"]
    photos.put("in/b.jpg", b"two")
    assert statuses(spec) == ["skipped", "pending"]


def test_keys_are_the_same_only_when_their_bytes_are(photos: Bucket) -> None:
    for key in ("in/a.jpg", "in/A.jpg", "in/\u00e9.jpg", "in/e\u0301.jpg"):
        photos.put(key, b"one")
    assert len(statuses(ask(photos, "in"))) == 4
    with pytest.raises(CollisionError, match="4 renditions would share 2 paths"):
        planned(ask(photos, "in", portable_names=True))


def test_keys_that_are_no_names_of_files_get_some(photos: Bucket, tmp_path: Path) -> None:
    keys = ("in//a.jpg", "in/./b.jpg", "in/../c.jpg")
    for key in keys:
        photos.put(key, b"one")
    _, files, _ = planned(ask(photos, *keys, out=str(tmp_path / "out")))
    renditions = {file.source.rpartition(b"/")[2]: (file.rendition, file.status) for file in files}
    out = bytes(tmp_path / "out")
    assert renditions[b"a.jpg"] == (out + b"/a.webp", FileStatus.PENDING)
    assert renditions[b"b.jpg"] == (out + b"/b.webp", FileStatus.PENDING)
    assert renditions[b"c.jpg"][1] is FileStatus.FAILED
    photos.put("in/a.jpg", b"one")
    with pytest.raises(CollisionError):
        planned(ask(photos, *keys, "in/a.jpg", out=str(tmp_path / "out")))


def test_a_key_that_is_too_long_fails_by_itself(photos: Bucket) -> None:
    photos.put("in/" + "a" * 1000 + ".jpg", b"one")
    photos.put("in/b.jpg", b"one")
    spec = ask(photos, "in", out=photos.url("a-long-directory-name"))
    _, files, _ = planned(spec)
    assert sorted(str(file.status) for file in files) == ["failed", "pending"]
    assert "File name too long: a key of" in next(file.failure.message for file in files if file.failure)


def test_a_rendition_over_a_source_is_refused(photos: Bucket) -> None:
    photos.put("a.jpg", b"one")
    photos.put("x/b.webp", b"one")
    with pytest.raises(CollisionError, match=r"would overwrite a source of this job: s3://.*/x/b\.webp"):
        planned(ask(photos, "", out=photos.url()))
    assert photos.keys() == ["a.jpg", "x/b.webp"]


def test_a_bucket_with_very_many_others_is_not_listed_to_its_end(
    bucket: Bucket, s3_proxy: ProxyServer, lead: Leads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing_in_store, "LEAST_LISTED", 40)
    monkeypatch.setattr(standing_in_store, "BATCH", 20)
    for number in range(120):
        bucket.put(f"out/{number:03}.txt", b"other")
    bucket.put("in/a.jpg", b"one")
    bucket.put("in/b.jpg", b"one")
    bucket.put("out/b.webp", b"mine")
    lead(bucket.server.environment(s3_proxy.address))
    s3_proxy.obey()
    assert codes(ask(bucket, "in/")) == ["", "output_exists"]
    assert len(s3_proxy.requests("HEAD")) >= 2
    assert len([seen for seen in s3_proxy.requests("GET") if "prefix=out" in seen["path"]]) < 4


def test_a_format_that_is_kept_is_told_by_the_name_without_a_look_into_each_object(
    bucket: Bucket, s3_proxy: ProxyServer, lead: Leads
) -> None:
    from dmedia.operations.resize import Resize

    for name in ("a.jpg", "b.PNG", "c.heic"):
        bucket.put("in/" + name, b"one")
    lead(bucket.server.environment(s3_proxy.address))
    s3_proxy.obey()
    _, files, _ = planned(replace(ask(bucket, "in/"), operation="resize", parameters=Resize(width=9)))
    names = [file.rendition.rpartition(b"/")[2] for file in files]
    assert names == [b"a.jpg", b"b.png", b"c.jpg"]
    assert not [seen for seen in s3_proxy.requests("GET") if "/in/" in seen["path"]]


@pytest.fixture
def broken(bucket: Bucket, s3_proxy: ProxyServer, lead: Leads) -> Iterator[ProxyServer]:
    bucket.put("in/a.jpg", b"one")
    lead(bucket.server.environment(s3_proxy.address))
    yield s3_proxy
    assert bucket.keys() == ["in/a.jpg"]
    assert list(home.job_ids()) == []


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (Rule(path=".*prefix=out.*", status=503, times=99), "What stands in s3://.* cannot be listed: "),
        (Rule(path=".*prefix=out.*", status=403, times=99), "What stands in s3://.* cannot be listed: Permission"),
        (Rule(method="PUT", status=403, times=99), "The output directory s3://.* cannot be written: Permission denied"),
        (Rule(method="PUT", status=503, times=99), "The output directory s3://.* cannot be written: "),
    ],
)
def test_a_store_that_refuses_is_told_before_anything_is_written(
    bucket: Bucket, broken: ProxyServer, rule: Rule, message: str
) -> None:
    broken.obey(rule)
    with pytest.raises(PreflightError, match=message):
        planned(ask(bucket, "in/"))


def test_a_store_in_which_nothing_may_be_removed_can_be_written(
    bucket: Bucket, s3_proxy: ProxyServer, lead: Leads
) -> None:
    bucket.put("in/a.jpg", b"one")
    lead(bucket.server.environment(s3_proxy.address))
    s3_proxy.obey(Rule(method="DELETE", status=403, times=99))
    plan, _, _ = planned(ask(bucket, "in/"))
    assert "cannot be removed" in plan.warnings[0]


def test_an_output_bucket_that_is_not_there_is_named(photos: Bucket) -> None:
    photos.put("in/a.jpg", b"one")
    with pytest.raises(PreflightError, match="no bucket 'no-such-bucket'"):
        planned(ask(photos, "in", out="s3://no-such-bucket/out"))


def test_what_can_be_no_output_directory_is_refused(photos: Bucket) -> None:
    for out in ("https://host/out", "s3://bucket/a//b", "s3://bucket/a/../b", "ftp://host/out"):
        with pytest.raises(UsageError):
            planned(ask(photos, "in", out=out))


def test_nothing_to_do_in_an_empty_bucket_is_said(photos: Bucket) -> None:
    with pytest.raises(NoInputError, match=f"no image in the directory '{photos.url()}'"):
        planned(ask(photos, ""))


def test_a_dry_run_writes_nothing_there(photos: Bucket) -> None:
    photos.put("in/a.jpg", b"one")
    with RecordWriter.create(ask(photos, "in"), ephemeral=True) as record:
        assert plan_job(record).pending == 1
    assert photos.keys() == ["in/a.jpg"]
    assert list(home.job_ids()) == []


def test_a_long_listing_without_a_source_can_be_stopped(photos: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    from dmedia.errors import StoppedError
    from dmedia.planning import plan

    monkeypatch.setattr(plan, "BATCH_S", 0.0)
    for number in range(30):
        photos.put(f"in/{number}.txt", b"no media")

    def stop(total: int) -> None:
        raise StoppedError(2)

    for key in ("in/", "in/*.jpg"):
        with RecordWriter.create(ask(photos, key), ephemeral=True) as record, pytest.raises(StoppedError):
            plan_job(record, stop)


def test_dates_that_a_store_does_not_keep_are_warned_of(photos: Bucket) -> None:
    photos.put("in/a.jpg", b"\xff\xd8\xff")
    with RecordWriter.create(ask(photos, "in", parameters=Convert(format="webp", keep_dates=True))) as record:
        assert plan_job(record).warnings == ("--keep-dates does nothing in a store, which dates its objects itself",)
