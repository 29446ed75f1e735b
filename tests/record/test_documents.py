"""Rows of records: what is written is read, and what earlier versions have written is read as it was meant."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from dmedia.errors import UnknownOperationError
from dmedia.model import FileResult, Limits, Output
from dmedia.operations.compress import Compress
from dmedia.operations.convert import Convert
from dmedia.record.documents import read_detail, read_outputs, read_spec, write_result, write_spec
from tests.record.making import make_spec

PLAIN = Output(b"/o/a.jpg", 8, 6, "jpg", 5, 10**18, "ab" * 32)
ALL = replace(PLAIN, duration_s=2.5, version="etag", frames=12, quality=80, ssim=0.98, identical=True)


@pytest.mark.parametrize(
    ("output", "fields"),
    [
        (PLAIN, 7),
        (replace(PLAIN, version="etag"), 9),
        (replace(PLAIN, frames=12), 10),
        (replace(PLAIN, quality=80), 11),
        (replace(PLAIN, ssim=0.0), 12),
        (replace(PLAIN, identical=True), 13),
        (ALL, 13),
    ],
)
def test_outputs_are_read_as_they_were_written_and_take_no_more_room_than_they_tell(
    output: Output, fields: int
) -> None:
    detail = read_detail(write_result(FileResult(0, (output,)), PLAIN.path))
    assert read_outputs(detail, PLAIN.path) == (output,)
    assert len(detail.outputs[0]) == fields


def test_several_outputs_of_one_file_come_back_as_they_were() -> None:
    outputs = (PLAIN, replace(PLAIN, path=b"/o/b.gif", frames=3), replace(ALL, path=b"/o/c.webp"))
    detail = read_detail(write_result(FileResult(0, outputs), PLAIN.path))
    assert read_outputs(detail, PLAIN.path) == outputs


@pytest.mark.parametrize("later", [[], [2.5], [None, "etag"], [None, "", 12]])
def test_rows_of_older_records_are_read(later: list[object]) -> None:
    row = [None, 8, 6, "jpg", 5, 10**18, "ab" * 32, *later]
    detail = read_detail(json.dumps([0.5, "w", "libvips", 9, [row], [], None]))
    (output,) = read_outputs(detail, b"/o/a.jpg")
    known = dict(zip(("duration_s", "version", "frames"), later, strict=False))
    assert output == replace(PLAIN, **known)  # type: ignore[arg-type]  # what JSON had


def test_a_request_from_before_there_were_frames_means_all_of_them_within_the_limit() -> None:
    stored = json.loads(write_spec(make_spec(limits=Limits(max_frames=5))))
    del stored["limits"]["max_frames"], stored["parameters"]["frames"]
    spec = read_spec(json.dumps(stored))
    assert spec.limits == Limits()
    assert spec.parameters == Convert(format="webp", width=800)


def test_a_request_of_before_there_were_more_parameters_is_read_and_one_that_is_refused_now_says_why() -> None:
    spec = replace(make_spec(parameters=Compress(quality=80)), operation="compress")
    stored = json.loads(write_spec(spec))
    del stored["parameters"]["min_ssim"], stored["parameters"]["max_bytes"]
    assert read_spec(json.dumps(stored)) == spec
    stored["parameters"] |= {"lossless": True, "quality": None, "width": 800, "format": "webp"}
    with pytest.raises(UnknownOperationError, match="does not take any more: lossless: compress then changes no pixel"):
        read_spec(json.dumps(stored))
