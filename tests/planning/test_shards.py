"""Shards: launchers that share a catalog without speaking to each other."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from dmedia.api.request import read_spec
from dmedia.api.work import read_work
from dmedia.catalog import bounds
from dmedia.catalog.given import look
from dmedia.errors import CollisionError, NoInputError, ParameterError, UsageError
from dmedia.model import Inputs, JobSpec, OnCollision, Policies, Source
from dmedia.operations.convert import Convert
from dmedia.planning import plan_job
from dmedia.planning.naming import Naming
from dmedia.planning.shard import Shard, are_apart, read_shard
from dmedia.record import reader
from dmedia.record.writer import RecordWriter
from dmedia.run.sweeping import sweep_abandoned
from tests.planning.test_planning import ask, plant


def make_spec(shard: str | None, **policies: Any) -> JobSpec:
    inputs = Inputs(paths=(b"/in",), shard=shard)
    return JobSpec("convert", Convert(format="webp"), inputs, b"/out", Policies(**policies))


def shards_of(names: list[str], of: int, **policies: Any) -> dict[str, int]:
    """Tell by name into which shard each source falls, and that each falls into exactly one."""
    sources = [Source(b"/in/" + os.fsencode(name), b"/in", 1, 1) for name in names]
    found: dict[str, int] = {}
    for number in range(1, of + 1):
        spec = make_spec(f"{number}/{of}", **policies)
        for source in filter(Shard(spec, Naming(spec)).takes, sources):
            name = os.fsdecode(source.path[4:])
            assert name not in found
            found[name] = number
    assert len(found) == len(names)
    return found


@pytest.mark.parametrize("of", [1, 2, 7, 64])
def test_every_source_is_in_exactly_one_shard_and_shards_are_alike(of: int) -> None:
    names = [f"{number // 100}/photo-{number:05}.jpg" for number in range(3_200)]
    sizes = Counter(shards_of(names, of).values())
    expected = 3_200 / of
    assert all(abs(sizes[number] - expected) < 6 * expected**0.5 + 1 for number in range(1, of + 1))  # six sigma


def test_what_could_get_one_rendition_is_in_one_shard() -> None:
    found = shards_of(["a/x.jpg", "a/x.png", "a/X.JPG", "a/x.tiff", "b/x.jpg"], 1_000)
    assert len({found[name] for name in ("a/x.jpg", "a/x.png", "a/X.JPG", "a/x.tiff")}) == 1
    assert found["b/x.jpg"] != found["a/x.jpg"]


def test_without_the_directory_in_the_name_only_the_stem_decides() -> None:
    found = shards_of(["a/x.jpg", "b/c/x.png", "y.jpg"], 1_000, name_template="{stem}-small.{ext}")
    assert found["a/x.jpg"] == found["b/c/x.png"] != found["y.jpg"]


def test_composed_and_decomposed_names_are_in_one_shard() -> None:
    found = shards_of(["caf\N{LATIN SMALL LETTER E WITH ACUTE}.jpg", "cafe\N{COMBINING ACUTE ACCENT}.png"], 1_000)
    assert len(set(found.values())) == 1


def test_a_name_that_could_be_given_to_another_file_is_in_its_shard() -> None:
    found = shards_of(["a.jpg", "a.png", "a.jpg.png"], 1_000, on_collision=OnCollision.KEEP_EXT)
    assert len(set(found.values())) == 1


def test_the_shard_is_the_same_in_every_process_and_version() -> None:
    found = shards_of([f"{number}.jpg" for number in range(40)], 8)
    assert [name for name, shard in found.items() if shard == 3] == ["24.jpg", "39.jpg"]


@pytest.mark.parametrize("text", ["", "0/8", "9/8", "2", "2/", "/8", "-1/8", "2/8/1", "1.5/8", "02/8", "a/b", "2 / 8"])
def test_what_is_no_shard_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_shard(text)
    assert repr(text) in caught.value.message
    assert "2/8" in str(caught.value.hint)


def test_numbering_is_refused_because_it_needs_to_see_all_files() -> None:
    spec = make_spec("1/2", on_collision=OnCollision.NUMBER)
    with pytest.raises(UsageError, match="--on-collision number cannot be used with --shard"):
        Shard(spec, Naming(spec))


def test_jobs_of_two_shards_do_all_of_the_catalog_and_nothing_twice(tmp_path: Path) -> None:
    names = [f"{number // 10}/{number}.jpg" for number in range(60)]
    plant(tmp_path / "in", *names)
    planned: list[bytes] = []
    for shard in ("1/3", "2/3", "3/3"):
        with RecordWriter.create(ask(tmp_path, "in", shard=shard)) as record:
            plan_job(record)
            assert reader.read_job(record.job).shard == shard
            planned += [file.source for file in record.files()]
    assert sorted(planned) == sorted(os.fsencode(tmp_path / "in" / name) for name in names)


def test_launchers_at_work_on_other_shards_are_nothing_to_warn_of(tmp_path: Path) -> None:
    plant(tmp_path / "in", *(f"{number}.jpg" for number in range(20)))
    with (
        RecordWriter.create(ask(tmp_path, "in", shard="1/2")) as one,
        RecordWriter.create(ask(tmp_path, "in", shard="2/2")) as other,
        RecordWriter.create(ask(tmp_path, "in")) as all_of_it,
    ):
        for record in (one, other, all_of_it):
            plan_job(record)
        sweep_abandoned(one)
        warnings = reader.read_job(one.job).warnings
        assert [warning.split()[0] for warning in warnings] == [all_of_it.job]


def test_a_job_that_is_taken_up_again_keeps_its_shard(tmp_path: Path) -> None:
    with RecordWriter.create(ask(tmp_path, "in", shard="5/7")) as record:
        job = record.job
    with RecordWriter.open(job) as record:
        assert record.spec.inputs.shard == "5/7"


def test_programs_say_the_shard_as_people_do() -> None:
    work = read_work("convert", {"format": "webp"})
    assert read_spec("images", work, "out", {"shard": "2/8"}).inputs.shard == "2/8"
    with pytest.raises(UsageError, match="'9/8'"):
        read_spec("images", work, "out", {"shard": "9/8"})
    with pytest.raises(ParameterError, match="shard is 2"):
        read_spec("images", work, "out", {"shard": 2})  # type: ignore[typeddict-item]  # that is the mistake


def test_what_other_launchers_take_is_not_even_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(tmp_path / "in", *(f"{number:02}.jpg" for number in range(40)))
    looked: list[bytes] = []

    def note(path: bytes) -> tuple[int, tuple[int, int]]:
        if path.endswith(b".jpg"):
            looked.append(path)
        return look(path)

    monkeypatch.setattr(bounds, "look", note)
    with RecordWriter.create(ask(tmp_path, "in", shard="2/4")) as record:
        plan_job(record)
        assert looked == [file.source for file in record.files()]
    assert 0 < len(looked) < 30


def test_a_list_is_parted_like_a_directory(tmp_path: Path) -> None:
    plant(tmp_path / "in", *(f"{number:02}.jpg" for number in range(20)))
    (tmp_path / "list").write_text("".join(f"{tmp_path}/in/{number:02}.jpg\n" for number in range(20)))
    planned = []
    for shard in ("1/2", "2/2"):
        spec = ask(tmp_path, shard=shard, listing=os.fsencode(tmp_path / "list"))
        with RecordWriter.create(spec) as record:
            plan_job(record)
            planned.append([os.path.basename(file.source) for file in record.files()])
    assert sorted(planned[0] + planned[1]) == [b"%02d.jpg" % number for number in range(20)]
    with RecordWriter.create(ask(tmp_path, "in", shard="1/2")) as record:
        plan_job(record)
        assert [os.path.basename(file.source) for file in record.files()] == planned[0]


def test_the_limit_is_taken_before_the_parts(tmp_path: Path) -> None:
    plant(tmp_path / "in", *(f"{number:02}.jpg" for number in range(40)))
    planned: list[bytes] = []
    for shard in ("1/2", "2/2"):
        with RecordWriter.create(ask(tmp_path, "in", shard=shard, limit=20)) as record:
            plan_job(record)
            planned += [os.path.basename(file.source) for file in record.files()]
    assert sorted(planned) == [b"%02d.jpg" % number for number in range(20)]


def test_an_empty_shard_says_so(tmp_path: Path) -> None:
    plant(tmp_path / "in", "a.jpg")
    said = []
    for number in range(1, 5):
        with RecordWriter.create(ask(tmp_path, "in", shard=f"{number}/4")) as record:
            try:
                plan_job(record)
            except NoInputError as error:
                said.append(error.message)
    assert len(said) == 3
    assert all("is empty: the 1 files found are in the other shards" in text for text in said)


def test_a_source_of_another_shard_is_not_overwritten(tmp_path: Path) -> None:
    plant(tmp_path / "in", *(f"{number}.webp" for number in range(20)))
    spec = ask(tmp_path, "in", out="in", shard="1/2", overwrite=True, name_template="x{stem}.{ext}")
    with RecordWriter.create(spec) as record, pytest.raises(CollisionError, match="a source of another shard"):
        plan_job(record)


def test_two_shards_of_the_same_inputs_are_apart_and_no_others() -> None:
    one, other = Inputs(paths=(b"/in",), shard="1/8"), Inputs(paths=(b"/in",), shard="2/8")
    assert are_apart(one, other)
    assert not are_apart(one, one)
    assert not are_apart(one, Inputs(paths=(b"/in",), shard="2/9"))
    assert not are_apart(one, Inputs(paths=(b"/else",), shard="2/8"))
    assert not are_apart(one, Inputs(paths=(b"/in",)))
