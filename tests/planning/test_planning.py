"""A plan from real files: names, collisions, what stands there, disk and permissions."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dmedia.catalog import Catalog
from dmedia.errors import CollisionError, NoInputError, PreflightError, StoppedError, UsageError
from dmedia.model import (
    FileReport,
    FileResult,
    FileStatus,
    Inputs,
    JobSpec,
    OnCollision,
    Output,
    Plan,
    Policies,
    Recipe,
    Source,
)
from dmedia.operations.compress import Compress
from dmedia.operations.convert import Convert
from dmedia.operations.parameters import Parameters
from dmedia.operations.resize import Resize
from dmedia.planning import plan_job, preflight
from dmedia.record import home, reader
from dmedia.record.writer import RecordWriter
from dmedia.storage import local

WEBP = Convert(format="webp")


def plant(root: Path, *names: str, content: bytes = b"\xff\xd8\xff") -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def ask(root: Path, *paths: str, out: str = "out", parameters: Parameters = WEBP, **more: Any) -> JobSpec:
    policies = Policies(
        overwrite=more.pop("overwrite", False),
        on_collision=OnCollision(more.pop("on_collision", "error")),
        portable_names=more.pop("portable_names", False),
        name_template=more.pop("name_template", "{dir}/{stem}.{ext}"),
    )
    given = tuple(os.fsencode(root / path) for path in paths)
    inputs = Inputs(paths=given, recursive=more.pop("recursive", True), **more)
    return JobSpec("convert", parameters, inputs, os.fsencode(root / out), policies)


def planned(spec: JobSpec) -> tuple[Plan, list[FileReport], RecordWriter]:
    record = RecordWriter.create(spec)
    try:
        plan = plan_job(record)
        return plan, list(record.files()), record
    except BaseException:
        record.discard()
        raise
    finally:
        record.close()


def renditions(spec: JobSpec) -> list[str]:
    out = os.fsdecode(spec.output_directory)
    return [os.path.relpath(os.fsdecode(file.rendition), out) for file in planned(spec)[1]]


def run(spec: JobSpec, content: bytes = b"rendition") -> list[FileReport]:
    """Plan a job and do what is pending as a slot would: the rendition is written and recorded."""
    with RecordWriter.create(spec) as record:
        plan_job(record)
        record.life.start(None, None)
        for task in record.pending(1000):
            os.makedirs(os.path.dirname(task.rendition), exist_ok=True)
            Path(os.fsdecode(task.rendition)).write_bytes(content)
            found = os.stat(task.rendition)
            output = Output(task.rendition, 1, 1, "webp", found.st_size, found.st_mtime_ns, "00" * 32)
            record.commit([FileResult(task.number, (output,), bytes_in=task.size_bytes)], [])
        record.life.finish()
        return list(record.files())


def test_the_tree_is_mirrored_and_counted(tmp_path: Path) -> None:
    plant(tmp_path, "in/a.jpg", "in/sub/a.jpg", "in/sub/b.PNG", "in/notes.txt", "in/film.mp4")
    spec = ask(tmp_path, "in")
    told: list[int] = []
    with RecordWriter.create(spec) as record:
        plan = plan_job(record, told.append)
        assert [os.path.relpath(os.fsdecode(file.rendition), tmp_path) for file in record.files()] == [
            "out/a.webp",
            "out/sub/a.webp",
            "out/sub/b.webp",
        ]
        report = reader.read_job(record.job)
    assert (plan.total, plan.pending, plan.skipped, plan.failed) == (3, 3, 0, 0)
    assert plan.ignored == report.ignored == {"txt": 1, "mp4": 1}
    assert plan.bytes_in == 9
    assert plan.free_bytes is not None
    assert plan.free_bytes > 0
    assert told[-1] == 3
    assert (report.total, report.planning, report.base) == (3, False, bytes(tmp_path / "in"))
    assert os.listdir(tmp_path / "out") == []


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    plant(tmp_path, "in/a.jpg", "in/b.jpg")
    spec = ask(tmp_path, "in", out="new/out")
    before = os.stat(tmp_path).st_mtime_ns
    with RecordWriter.create(spec, ephemeral=True) as record:
        plan_job(record)
        listed = [(file.source, file.rendition, file.status) for file in record.files()]
    assert listed == [
        (bytes(tmp_path / f"in/{name}.jpg"), bytes(tmp_path / f"new/out/{name}.webp"), FileStatus.PENDING)
        for name in "ab"
    ]
    assert os.stat(tmp_path).st_mtime_ns == before
    assert sorted(os.listdir(tmp_path)) == ["in"]


def test_a_plan_that_was_not_finished_is_begun_again(tmp_path: Path) -> None:
    plant(tmp_path, "in/a.jpg", "in/b.jpg")
    spec = ask(tmp_path, "in")
    record = RecordWriter.create(spec)
    plan_job(record)
    record.close()
    with RecordWriter.open(record.job) as again:
        assert plan_job(again).total == 2


def test_a_name_template_and_names_of_a_listing_are_used(tmp_path: Path) -> None:
    plant(tmp_path, "in/a.jpg", "in/b.jpg", "in/c.jpg")
    (tmp_path / "list.csv").write_text(f"source,name\n{tmp_path}/in/a.jpg,first\n{tmp_path}/in/b.jpg,\n")
    spec = ask(tmp_path, listing=os.fsencode(tmp_path / "list.csv"), name_template="x/{stem}.{ext}")
    assert renditions(spec) == ["x/first.webp", "x/b.webp"]


def test_a_name_that_leads_out_fails_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(tmp_path, "in/a.jpg", "in/b.jpg")

    class Misled(Catalog):
        def sources(self, takes: Callable[[Source], bool] | None = None) -> Iterator[Source]:
            for source, name in zip(super().sources(takes), ("../../b", "sub/b"), strict=True):
                yield replace(source, name=name)

    monkeypatch.setattr("dmedia.planning.plan.Catalog", Misled)
    plan, files, _ = planned(ask(tmp_path, "in"))
    assert (plan.failed, plan.pending) == (1, 1)
    assert [os.path.basename(file.rendition) for file in files] == [b"unnamed.webp", b"b.webp"]
    assert files[0].failure
    assert files[0].failure.code == "permission_denied"


def test_colliding_renditions_are_counted_by_kind_and_nothing_is_written(tmp_path: Path) -> None:
    plant(tmp_path, *(f"in/{n}.{ext}" for n in range(12) for ext in ("jpg", "png")))
    plant(tmp_path, "in/x.dng", "in/x.jpg", "in/y.gif", "in/y.jpg", "in/y.png", "in/alone.jpg")
    spec = ask(tmp_path, "in")
    with pytest.raises(CollisionError) as caught:
        planned(spec)
    message = caught.value.message
    assert "12 pairs jpg + png" in message
    assert "1 pair dng + jpg" in message
    assert "1 group gif + jpg + png" in message
    assert "29 renditions would share 14 paths" in message
    assert f"{tmp_path}/in/0.jpg and {tmp_path}/in/0.png -> {tmp_path}/out/0.webp" in message
    for word in ("--on-collision keep-ext", "number", "--name"):
        assert word in (caught.value.hint or "")
    assert not (tmp_path / "out").exists()
    assert list(home.job_ids()) == []


def test_many_files_of_one_name_are_counted_not_listed(tmp_path: Path) -> None:
    plant(tmp_path, *(f"in/{n}/a.jpg" for n in range(30)))
    with pytest.raises(CollisionError, match="share one path: 1 group of 30 files") as caught:
        planned(ask(tmp_path, "in", name_template="{stem}.{ext}"))
    assert caught.value.message.count("a.jpg") == 4


def test_colliding_renditions_keep_their_extension(tmp_path: Path) -> None:
    plant(tmp_path, "in/a.jpg", "in/a.PNG", "in/b.jpg")
    assert renditions(ask(tmp_path, "in", on_collision="keep-ext")) == ["a.PNG.webp", "a.jpg.webp", "b.webp"]


def test_a_kept_extension_that_collides_is_kept_apart_too(tmp_path: Path) -> None:
    plant(tmp_path, "in/a.jpg", "in/a.png", "in/a.png.gif")
    assert renditions(ask(tmp_path, "in", on_collision="keep-ext")) == ["a.jpg.webp", "a.png.webp", "a.png.gif.webp"]


def test_a_file_without_extension_keeps_its_name(tmp_path: Path) -> None:
    plant(tmp_path, "in/a.jpg", "in/a")
    assert renditions(ask(tmp_path, "in", on_collision="keep-ext")) == ["a.webp", "a.jpg.webp"]


def test_what_extensions_cannot_keep_apart_is_refused(tmp_path: Path) -> None:
    plant(tmp_path, "in/1/a.jpg", "in/2/a.jpg")
    with pytest.raises(CollisionError, match="although the source's extension was kept: 1 pair jpg"):
        planned(ask(tmp_path, "in", on_collision="keep-ext", name_template="{stem}.{ext}"))


def test_colliding_renditions_are_numbered_in_order_past_taken_names(tmp_path: Path) -> None:
    plant(tmp_path, "in/a-2.jpg", "in/a.gif", "in/a.jpg", "in/a.png", "in/b.jpg")
    spec = ask(tmp_path, "in", on_collision="number")
    expected = ["a-2.webp", "a.webp", "a-3.webp", "a-4.webp", "b.webp"]
    assert renditions(spec) == renditions(spec) == expected


def test_more_collisions_than_a_page_are_numbered(tmp_path: Path) -> None:
    plant(tmp_path, *(f"in/{n}/a.jpg" for n in range(1100)))
    found = renditions(ask(tmp_path, "in", on_collision="number", name_template="{stem}.{ext}"))
    assert sorted(found) == sorted(["a.webp", *(f"a-{n}.webp" for n in range(2, 1101))])


def test_portable_names_collide_by_case_and_unicode_form(tmp_path: Path) -> None:
    plant(tmp_path, "in/A.jpg", "in/a.png", "in/\u00e9.jpg", "in/e\u0301.png")
    if len(os.listdir(tmp_path / "in")) == 4:
        assert len(set(renditions(ask(tmp_path, "in")))) == 4
    with pytest.raises(CollisionError, match="2 pairs jpg \\+ png"):
        planned(ask(tmp_path, "in", portable_names=True))


def test_a_name_that_is_too_long_fails_alone(tmp_path: Path) -> None:
    plant(tmp_path, "in/" + "x" * 251 + ".jpg", "in/b.jpg")
    plan, files, _ = planned(ask(tmp_path, "in"))
    assert (plan.failed, plan.pending) == (1, 1)
    assert files[1].failure
    assert files[1].failure.message.startswith("File name too long: 256 bytes")


def test_a_name_that_becomes_too_long_fails_alone(tmp_path: Path) -> None:
    plant(tmp_path, "in/" + "x" * 250 + ".jpg", "in/" + "x" * 250 + ".png", "in/b.jpg")
    plan, files, _ = planned(ask(tmp_path, "in", on_collision="keep-ext", parameters=Convert(format="png")))
    assert (plan.failed, plan.pending) == (2, 1)
    assert files[1].failure


def test_names_that_are_no_text_are_planned(tmp_path: Path) -> None:
    plant(tmp_path, os.fsdecode(b"in/\xff\xfe.jpg"), "in/new\nline.jpg", "in/{braces}.jpg")
    assert sorted(map(os.fsencode, renditions(ask(tmp_path, "in")))) == [
        b"new\nline.webp",
        b"{braces}.webp",
        b"\xff\xfe.webp",
    ]


def test_a_missing_source_is_left_to_its_slot(tmp_path: Path) -> None:
    plant(tmp_path, "in/a.jpg")
    plan, files, _ = planned(ask(tmp_path, "in/a.jpg", "in/none.jpg"))
    assert (plan.pending, plan.bytes_in) == (2, 3)
    assert files[1].status is FileStatus.PENDING


def test_no_input_counts_what_was_ignored(tmp_path: Path) -> None:
    plant(tmp_path, "in/a.txt", "in/b.txt", "in/c", content=b"text")
    with pytest.raises(NoInputError, match=r"ignored 3 files: 2 \.txt, 1 without extension") as caught:
        planned(ask(tmp_path, "in"))
    assert caught.value.hint == "A file that is named by itself is always taken."
    assert list(home.job_ids()) == []


def test_no_input_names_the_option_that_finds_some(tmp_path: Path) -> None:
    plant(tmp_path, "in/sub/a.jpg", "other/notes.txt")
    with pytest.raises(NoInputError) as caught:
        planned(ask(tmp_path, "other", "in", recursive=False))
    assert f"{tmp_path}/in has some in its subdirectories: add -r" in (caught.value.hint or "")
    with pytest.raises(NoInputError) as caught:
        planned(ask(tmp_path, "empty/*.jpg", recursive=False))
    assert caught.value.hint is None


def test_a_second_identical_job_has_nothing_to_do(tmp_path: Path) -> None:
    plant(tmp_path, "in/a.jpg", "in/sub/b.jpg")
    first = run(ask(tmp_path, "in"))
    for _ in range(3):  # what is up to date is found in records of jobs that did nothing, too
        files = run(ask(tmp_path, "in"))
        assert [file.status for file in files] == [FileStatus.SKIPPED] * 2
        assert [file.outputs for file in files] == [file.outputs for file in first]


def test_a_changed_source_parameter_or_rendition_is_done_again(tmp_path: Path) -> None:
    plant(tmp_path, "in/a.jpg", "in/b.jpg", "in/c.jpg", "in/d.jpg")
    run(ask(tmp_path, "in"))
    plant(tmp_path, "in/a.jpg", content=b"\xff\xd8\xff changed")
    os.utime(tmp_path / "in/b.jpg", ns=(1, 1))
    (tmp_path / "out/c.webp").unlink()
    plan, files, _ = planned(ask(tmp_path, "in"))
    assert [file.status.value for file in files] == ["pending", "pending", "pending", "skipped"]
    plan, _, _ = planned(ask(tmp_path, "in", parameters=Convert(format="webp", quality=3)))
    assert (plan.pending, plan.skipped, plan.failed) == (4, 0, 0)


def test_a_rendition_that_somebody_changed_is_foreign(tmp_path: Path) -> None:
    plant(tmp_path, "in/a.jpg", "in/b.jpg")
    run(ask(tmp_path, "in"))
    (tmp_path / "out/a.webp").write_bytes(b"somebody's")
    plan, files, _ = planned(ask(tmp_path, "in"))
    assert (plan.skipped, plan.failed) == (1, 1)
    assert files[0].failure
    assert (files[0].failure.code, files[0].failure.stage) == ("output_exists", "plan")
    assert "--overwrite" in (files[0].failure.hint or "")
    plan, _, _ = planned(ask(tmp_path, "in", overwrite=True))
    assert (plan.pending, plan.failed) == (1, 0)


def test_a_rendition_of_another_home_is_not_said_to_be_somebody_elses_for_sure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(tmp_path, "in/a.jpg")
    run(ask(tmp_path, "in"))
    monkeypatch.setenv("DMEDIA_HOME", str(tmp_path / "another"))
    _, (file,), _ = planned(ask(tmp_path, "in"))
    assert file.failure
    assert "another DMEDIA_HOME" in file.failure.message
    assert "DMEDIA_HOME" in (file.failure.hint or "")


def test_reading_many_renditions_shows_life_and_can_be_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(tmp_path, *(f"in/{number:03}.jpg" for number in range(100)))
    run(ask(tmp_path, "in"))
    for path in (tmp_path / "out").iterdir():
        os.utime(path, ns=(1, 1))  # so that only their bytes tell

    def read_slowly(path: bytes) -> str:
        time.sleep(0.01)
        return "00" * 32

    monkeypatch.setattr(local, "checksum", read_slowly)
    spec = ask(tmp_path, "in")
    beats: set[float] = set()

    def found(total: int) -> None:
        """Another connection sees the heartbeat as it goes, and nothing holds the record meanwhile."""
        with closing(sqlite3.connect(home.record_path(next(home.job_ids())), timeout=0)) as connection:
            beats.add(connection.execute("SELECT heartbeat FROM state").fetchone()[0])
            connection.execute("BEGIN IMMEDIATE")
        if len(beats) > 2:
            raise StoppedError(2)

    with RecordWriter.create(spec) as record:
        with pytest.raises(StoppedError):
            plan_job(record, found)
        record.discard()
    with RecordWriter.create(spec) as record:
        assert plan_job(record).skipped == 100


def test_links_and_directories_in_the_way_are_foreign(tmp_path: Path) -> None:
    plant(tmp_path, "in/a.jpg", "in/b.jpg", "in/c.jpg", "out/b.webp/x")
    os.symlink("nowhere", tmp_path / "out/a.webp")
    plan, files, _ = planned(ask(tmp_path, "in"))
    assert plan.failed == 2
    plan, files, _ = planned(ask(tmp_path, "in", overwrite=True))
    assert plan.failed == 1
    assert files[1].failure
    assert "a directory" in files[1].failure.message


def test_a_rendition_over_a_source_is_refused_however_it_is_reached(tmp_path: Path) -> None:
    plant(tmp_path, "in/a.webp", "in/b.webp")
    with pytest.raises(CollisionError, match="1 rendition would overwrite a source"):
        planned(ask(tmp_path, "in/a.webp", out="in"))
    os.symlink(tmp_path / "in", tmp_path / "link")
    with pytest.raises(CollisionError, match="would overwrite a source"):
        planned(ask(tmp_path, "in/a.webp", "in/b.webp", out="link", overwrite=True))
    (tmp_path / "links").mkdir()
    os.symlink(tmp_path / "in/a.webp", tmp_path / "links/a.webp")
    with pytest.raises(CollisionError, match="would overwrite a source"):
        planned(ask(tmp_path, "links/a.webp", out="in", overwrite=True))
    assert sorted(os.listdir(tmp_path / "in")) == ["a.webp", "b.webp"]


def test_a_rendition_beside_its_source_is_fine(tmp_path: Path) -> None:
    plant(tmp_path, "in/a.jpg")
    assert renditions(ask(tmp_path, "in/a.jpg", out="in")) == ["a.webp"]


@pytest.mark.parametrize("out", ["file", "file/below/it"])
def test_an_output_directory_that_is_a_file_is_refused(out: str, tmp_path: Path) -> None:
    plant(tmp_path, "in/a.jpg", "file")
    with pytest.raises(PreflightError, match=f"{tmp_path}/file is not a directory"):
        planned(ask(tmp_path, "in", out=out))


def test_an_output_directory_without_permission_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(tmp_path, "in/a.jpg")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(PreflightError, match=f"no permission in {tmp_path}"):
        planned(ask(tmp_path, "in", out="new/out"))


def test_a_write_test_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(tmp_path, "in/a.jpg")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(PreflightError, match="cannot be written: No space left on device"):
        preflight.make_directory(bytes(tmp_path / "new/out"), "batch-1-abcdef")
    assert sorted(os.listdir(tmp_path)) == ["in"]


def test_a_disk_too_small_is_refused_with_both_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(tmp_path, "in/a.jpg", content=bytes(100_000))
    monkeypatch.setattr(preflight, "free_bytes", lambda path: 99_000)
    with pytest.raises(PreflightError, match=r"about 100 kB are needed, 99\.0 kB are free"):
        planned(ask(tmp_path, "in"))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        (Convert(format="webp"), (1.0, float("inf"))),
        (Convert(format="png", width=100, height=50), (8.0, 15_000)),
        (Convert(format="jpg", width=100), (1.5, 12_000)),
        (Resize(height=100, format="jpg"), (1.5, 12_000)),
        (Resize(height=100, fit="outside"), (1.5, float("inf"))),
        (Resize(height=100, max_bytes=500), (1.5, 500.0)),
        (Resize(height=100, fit="outside", max_bytes=500), (1.5, 500.0)),
    ],
)
def test_a_forecast_takes_the_smaller_of_ratio_and_box(parameters: Parameters, expected: tuple[float, float]) -> None:
    assert preflight.most_bytes(Recipe("", "", "x", parameters)) == pytest.approx(expected)


def test_a_compressed_file_is_never_larger() -> None:
    assert preflight.most_bytes(Recipe("", "", "compress", Compress())) == (1.0, float("inf"))


def test_a_template_that_cannot_work_makes_nothing(tmp_path: Path) -> None:
    plant(tmp_path, "in/a.jpg")
    with pytest.raises(UsageError):
        planned(ask(tmp_path, "in", name_template="x"))
    assert list(home.job_ids()) == []
