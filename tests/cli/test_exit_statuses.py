"""Bad input gets a clear error that names the thing, what is wrong and what to do, and the right exit status."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.command import Dmedia
from tests.media_making import jpeg

USAGE = [
    (("resiz", "a.jpg"), "did you mean 'resize'?"),
    (("resize", "a.jpg", "-o", "out", "--widht", "3"), "--width"),
    (("resize", "a.jpg", "-o", "out"), "resize needs width, height or both"),
    (("resize", "a.jpg", "-o", "out", "--width", "0"), "width"),
    (("resize", "-o", "out", "--width", "9"), "No INPUT was given"),
    (("resize", "a.jpg", "--width", "9"), "--output"),
    (("convert", "a.jpg", "-o", "out", "--format", "wepb"), "did you mean 'webp'?"),
    (("convert", "a.jpg", "-o", "out", "--format", "jpg", "--quality", "101"), "quality"),
    (("convert", "a.jpg", "-o", "out", "--format", "jpg", "--background", "blu"), "blu"),
    (("watermark", "a.jpg", "-o", "out"), "watermark needs text"),
    (("apply", "social_medai", "a.jpg", "-o", "out"), "did you mean 'social_media'?"),
    (("convert", "a.jpg", "-o", "out", "--format", "jpg", "--name", "../{stem}.{ext}"), ".."),
    (("convert", "ftp://bucket/a.jpg", "-o", "out", "--format", "jpg"), "s3://"),
    (("status", "--files"), "name it"),
    (("resize", "a.jpg", "-o", "", "--width", "9"), "no name"),
    (("convert", "a.jpg", "-o", "out", "--format", "jpg", "--lossless"), "lossless"),
    (("convert", "a.jpg", "-o", "out", "--format", "jpg", "--max-pixels", "many"), "no size"),
]


@pytest.mark.parametrize(("arguments", "named"), USAGE)
def test_usage_errors_exit_with_2_and_name_the_cure(
    dmedia: Dmedia, tmp_path: Path, arguments: tuple[str, ...], named: str
) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    ran = dmedia(*arguments)
    assert (ran.status, ran.out) == (2, "")
    assert named in ran.err
    assert "Traceback" not in ran.err
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "home/jobs").exists() or not list((tmp_path / "home/jobs").iterdir())


def test_no_matching_input_exits_with_4_and_says_what_was_ignored(dmedia: Dmedia, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.txt").write_text("words")
    for given, said in (("in", "ignored 1 file: 1 .txt"), ("in/*.jpg", "No image found for resize")):
        ran = dmedia("resize", given, "-o", "out", "--width", "9")
        assert ran.status == 4
        assert said in ran.err
    assert not (tmp_path / "out").exists()


def test_an_output_that_is_a_file_exits_with_5(dmedia: Dmedia, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    (tmp_path / "out").write_text("a file")
    ran = dmedia("resize", "a.jpg", "-o", "out", "--width", "9")
    assert ran.status == 5
    assert "out" in ran.err


def test_a_scheduler_that_does_not_answer_exits_with_7_and_names_it(dmedia: Dmedia, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    ran = dmedia("resize", "a.jpg", "-o", "out", "--width", "9", "--scheduler", "tcp://127.0.0.1:9")
    assert ran.status == 7
    assert "tcp://127.0.0.1:9" in ran.err
    assert not (tmp_path / "out").exists()


def test_a_public_scheduler_without_encryption_is_refused(dmedia: Dmedia, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    ran = dmedia("resize", "a.jpg", "-o", "out", "--width", "9", "--scheduler", "tcp://8.8.8.8:8786")
    assert ran.status == 7
    assert "tls://" in ran.err


PLACES = [
    (("--scheduler", ""), 2, "'' is no address of a Dask scheduler"),
    (("--scheduler-file", ""), 2, "The scheduler file has no name"),
    (("--scheduler", "tcp://10.0.0.1"), 2, "is no address of a Dask scheduler"),
    (("--scheduler-file", "words.json"), 2, "words.json tells of no scheduler: it is not the JSON"),
    (("--scheduler-file", "place.json"), 2, "'nowhere' is no address of a Dask scheduler"),
    (("--scheduler-file", "public.json"), 7, "tcp://8.8.8.8:1 is a public address"),
    (("--scheduler", "tcp://8.8.8.8:1"), 7, "tcp://8.8.8.8:1 is a public address"),
    (("--scheduler", "tcp://no-host.invalid:1"), 7, "No Dask scheduler answers at tcp://no-host.invalid:1"),
    (("--scheduler", "tls://127.0.0.1:1"), 7, "tls://127.0.0.1:1 needs certificates"),
]


@pytest.mark.parametrize("detached", [(), ("--detach",)], ids=["waited for", "detached"])
@pytest.mark.parametrize(("place", "status", "said"), PLACES, ids=[place[1] or place[0] for place, *_ in PLACES])
def test_a_place_where_no_job_can_run_is_refused_before_there_is_one(
    dmedia: Dmedia, tmp_path: Path, place: tuple[str, ...], status: int, said: str, detached: tuple[str, ...]
) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    (tmp_path / "words.json").write_text("words")
    (tmp_path / "place.json").write_text('{"address": "nowhere"}')
    (tmp_path / "public.json").write_text('{"address": "tcp://8.8.8.8:1"}')
    ran = dmedia("resize", "a.jpg", "-o", "out", "--width", "9", *place, *detached)
    assert (ran.status, said in ran.err, "Traceback" in ran.err) == (status, True, False), ran.err
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "home").exists()


def test_a_place_is_judged_also_when_there_is_nothing_to_do(dmedia: Dmedia, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    job = ("resize", "a.jpg", "-o", "out", "--width", "9")
    assert dmedia(*job).status == 0
    ran = dmedia(*job, "--scheduler", "tcp://8.8.8.8:1")
    assert (ran.status, "is a public address" in ran.err) == (7, True)


def test_an_unknown_job_exits_with_10(dmedia: Dmedia) -> None:
    for command in ("status", "cancel"):
        ran = dmedia(command, "batch-1-aaaaaa")
        assert ran.status == 10
        assert "batch-1-aaaaaa" in ran.err


def test_an_error_is_a_json_document_too_where_one_was_asked_for(dmedia: Dmedia) -> None:
    ran = dmedia("resize", "missing/*.jpg", "-o", "out", "--width", "9", "--json")
    assert ran.status == 4
    assert json.loads(ran.out)["exit_status"] == 4


def test_status_without_any_job_is_no_error(dmedia: Dmedia) -> None:
    assert dmedia("status").out == "no jobs yet\n"
    assert dmedia("status", "--json").document == []


def test_a_named_file_that_cannot_be_read_fails_alone(dmedia: Dmedia, tmp_path: Path) -> None:
    (tmp_path / "good.jpg").write_bytes(jpeg())
    (tmp_path / "secret.jpg").write_bytes(jpeg())
    (tmp_path / "secret.jpg").chmod(0)
    if os.access(tmp_path / "secret.jpg", os.R_OK):
        (tmp_path / "secret.jpg").unlink()  # whoever may read everything gets a file that is not there instead
    ran = dmedia("resize", "good.jpg", "secret.jpg", "-o", "out", "--width", "9", "--json")
    assert (ran.status, ran.document["completed"], ran.document["failed"]) == (3, 1, 1)
