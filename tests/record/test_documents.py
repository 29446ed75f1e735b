"""Rows of records: what is written is read, and what was written before there was more to tell."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from dmedia.errors import UnknownOperationError
from dmedia.model import FileResult, Output
from dmedia.operations.compress import Compress
from dmedia.record.documents import read_detail, read_outputs, read_spec, write_result, write_spec
from tests.record.making import make_spec

PLAIN = Output(b"/o/a.jpg", 8, 6, "jpg", 5, 10**18, "ab" * 32)


@pytest.mark.parametrize(
    ("output", "fields"),
    [
        (PLAIN, 7),
        (replace(PLAIN, quality=80), 10),
        (replace(PLAIN, duration_s=2.5, version="etag", quality=80, ssim=0.98, identical=True), 12),
        (replace(PLAIN, ssim=0.0), 11),
        (replace(PLAIN, identical=True), 12),
    ],
)
def test_outputs_are_read_as_they_were_written_and_take_no_more_room_than_they_tell(
    output: Output, fields: int
) -> None:
    detail = read_detail(write_result(FileResult(0, (output,)), PLAIN.path))
    assert read_outputs(detail, PLAIN.path) == (output,)
    assert len(detail.outputs[0]) == fields


@pytest.mark.parametrize("later", [[], [2.5], [None, "etag"]])
def test_rows_of_older_records_are_read(later: list[object]) -> None:
    row = [None, 8, 6, "jpg", 5, 10**18, "ab" * 32, *later]
    detail = read_detail(json.dumps([0.5, "w", "libvips", 9, [row], [], None]))
    (output,) = read_outputs(detail, b"/o/a.jpg")
    known = dict(zip(("duration_s", "version"), later, strict=False))
    assert output == replace(PLAIN, **known)  # type: ignore[arg-type]  # what JSON had


def test_a_request_of_before_there_were_more_parameters_is_read_and_one_that_is_refused_now_says_why() -> None:
    spec = replace(make_spec(parameters=Compress(quality=80)), operation="compress")
    stored = json.loads(write_spec(spec))
    del stored["parameters"]["min_ssim"], stored["parameters"]["max_bytes"]
    assert read_spec(json.dumps(stored)) == spec
    stored["parameters"] |= {"lossless": True, "quality": None, "width": 800, "format": "webp"}
    with pytest.raises(UnknownOperationError, match="does not take any more: lossless: compress then changes no pixel"):
        read_spec(json.dumps(stored))
