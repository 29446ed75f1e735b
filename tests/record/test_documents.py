"""What earlier versions have written is read as it was meant."""

from __future__ import annotations

import json

from dmedia.model import FileResult, Limits, Output
from dmedia.operations.convert import Convert
from dmedia.record import documents
from tests.record.making import make_spec

STILL = Output(b"/out/a.webp", 8, 6, "webp", 5, 7, "ab" * 32)
STORED = Output(b"/out/b.webp", 8, 6, "webp", 5, 0, "ab" * 32, version="etag")
MOVING = Output(b"/out/c.webp", 8, 6, "webp", 5, 7, "ab" * 32, frames=12)


def test_a_request_from_before_there_were_frames_means_all_of_them_within_the_limit() -> None:
    stored = json.loads(documents.write_spec(make_spec(limits=Limits(max_frames=5))))
    del stored["limits"]["max_frames"], stored["parameters"]["frames"]
    spec = documents.read_spec(json.dumps(stored))
    assert spec.limits == Limits()
    assert spec.parameters == Convert(format="webp", width=800)


def test_outputs_come_back_as_they_were() -> None:
    result = FileResult(0, (STILL, STORED, MOVING), None, 0.25)
    detail = documents.read_detail(documents.write_result(result, b"/out/a.webp"))
    assert documents.read_outputs(detail, b"/out/a.webp") == (STILL, STORED, MOVING)
    assert [len(output) for output in detail.outputs] == [7, 9, 10], "rows are many: what is not there takes no room"
