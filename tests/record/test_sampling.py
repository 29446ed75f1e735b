"""What is still to be done is looked at without reading all of it."""

from __future__ import annotations

import pytest

from dmedia.model import PlannedFile, Source
from dmedia.record.sampling import pending_extensions, pending_samples
from dmedia.record.writer import RecordWriter
from tests.record.making import completed, fill, make_record, make_spec

NAMES = (b"a.JPG", b"b.jpeg", b"c.heic", b"no", b".hidden", b"d.j\xff", b"e.avifs", b"f.ts", b"g.tar.gz", b"h.verylong")


def test_the_extensions_of_pending_sources_are_told_once_and_in_lower_case() -> None:
    files = [
        PlannedFile(number, Source(b"/in/" + name, b"/in", 1, 1), b"/out/%d.webp" % number)
        for number, name in enumerate(NAMES)
    ]
    with fill(RecordWriter.create(make_spec()), files) as record:
        found = pending_extensions(record.job)
    assert found >= {"jpg", "jpeg", "heic", "avifs", "ts", "gz"}
    assert not found & {"no", "hidden", "verylong"}


def test_what_is_done_is_not_looked_at() -> None:
    with make_record(3) as record:
        assert pending_extensions(record.job) == {"jpg"}
        record.commit([completed(number) for number in range(3)], [])
        assert pending_extensions(record.job) == frozenset()
        assert list(pending_samples(record.job, 5)) == []


def test_each_place_has_a_sample_of_its_beginning_and_its_end() -> None:
    def planned(number: int, directory: bytes) -> PlannedFile:
        source = Source(b"%s/%d.jpg" % (directory, number), directory, number, 1)
        return PlannedFile(number, source, b"s3://out/%d.webp" % number)

    places = [b"/in"] * 200 + [b"s3://one/a"] * 10 + [b"s3://one"] * 2 + [b"https://two/a/b"] + [b"/in"] * 50
    with fill(
        RecordWriter.create(make_spec()), [planned(number, place) for number, place in enumerate(places)]
    ) as kept:
        kept.commit([completed(200)], [])
        found = {size for _, size in pending_samples(kept.job, 2)}
    assert found == {0, 201, 211, 212, 262}


@pytest.mark.parametrize(("count", "wanted"), [(1000, [0, 249, 499, 749, 999]), (3, [0, 1, 2]), (1, [0])])
def test_samples_are_taken_from_the_beginning_to_the_end(count: int, wanted: list[int]) -> None:
    with make_record(count) as record:
        found = list(pending_samples(record.job, 5))
    assert found == [(b"/photos/%d/%d.jpg" % (number // 100, number), 1000 + number) for number in wanted]
