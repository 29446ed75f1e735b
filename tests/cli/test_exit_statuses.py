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


def test_a_public_scheduler_without_encryption_is_refused(dmedia: Dmedia, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    ran = dmedia("resize", "a.jpg", "-o", "out", "--width", "9", "--scheduler", "tcp://8.8.8.8:8786")
    assert ran.status == 7
    assert "tls://" in ran.err


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
