"""One file at a time that lies in a bucket or goes to one."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

import dmedia
from dmedia.errors import MediaError, OutsideRootsError, UsageError
from tests.command import Dmedia
from tests.media_making import jpeg
from tests.servers.processes import Bucket
from tests.storage.conftest import Leads, lead

__all__ = ["lead"]

SMALL = {"width": 16}


@pytest.fixture
def photos(bucket: Bucket, lead: Leads) -> Bucket:
    """A bucket with a photo that this process reads and writes."""
    lead(bucket.server.environment())
    bucket.put("in/photo.jpg", jpeg())
    return bucket


def test_an_object_becomes_an_object(photos: Bucket) -> None:
    made = dmedia.process_file(photos.url("in/photo.jpg"), photos.url("out/small.webp"), "resize", SMALL)
    (output,) = made["outputs"]
    content = photos.get("out/small.webp")
    assert (made["path"], output["path"]) == (photos.url("in/photo.jpg"), photos.url("out/small.webp"))
    assert (output["format"], output["width"], output["bytes"]) == ("webp", 16, len(content))
    assert output["sha256"] == hashlib.sha256(content).hexdigest()
    again = dmedia.process_file(photos.url("in/photo.jpg"), photos.url("out/small.webp"), "resize", {"width": 8})
    assert again["outputs"][0]["width"] == 8  # our own may be replaced


def test_an_object_becomes_a_file_and_a_file_an_object(photos: Bucket, tmp_path: Path) -> None:
    dmedia.process_file(photos.url("in/photo.jpg"), tmp_path / "a.png", "convert", {"format": "png"})
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    dmedia.process_file(tmp_path / "a.png", photos.url("out/"), "resize", SMALL)
    assert photos.get("out/a.png").startswith(b"\x89PNG")
    (tmp_path / "b.png").write_bytes(b"mine")
    with pytest.raises(MediaError) as refused:
        dmedia.process_file(photos.url("in/photo.jpg"), tmp_path / "b.png", "convert", {"format": "png"})
    assert refused.value.code == "output_exists"


def test_somebody_elses_object_stays_unless_it_may_be_overwritten(photos: Bucket) -> None:
    photos.put("out/a.jpg", b"mine")
    arguments = (photos.url("in/photo.jpg"), photos.url("out/a.jpg"), "resize", SMALL)
    with pytest.raises(MediaError) as refused:
        dmedia.process_file(*arguments)
    assert (refused.value.code, photos.get("out/a.jpg")) == ("output_exists", b"mine")
    dmedia.process_file(*arguments, overwrite=True)
    assert photos.get("out/a.jpg") != b"mine"
    with pytest.raises(MediaError, match="its own source"):
        dmedia.process_file(photos.url("in/photo.jpg"), photos.url("in/photo.jpg"), "resize", SMALL, overwrite=True)


def test_what_is_not_there_or_no_picture_is_named(photos: Bucket) -> None:
    photos.put("in/notes.jpg", b"no picture at all, but a text")
    for key, code in (("in/none.jpg", "not_found"), ("in/notes.jpg", "unsupported_format")):
        with pytest.raises(MediaError) as refused:
            dmedia.process_file(photos.url(key), photos.url("out/a.jpg"), "resize", SMALL)
        assert photos.url(key) in refused.value.message
        assert refused.value.code == code
    assert photos.keys("out/") == []


def test_an_object_is_described(photos: Bucket, dmedia: Dmedia) -> None:
    import dmedia as api

    described = api.media_info(photos.url("in/photo.jpg"))
    assert (described["path"], described["format"]) == (photos.url("in/photo.jpg"), "jpg")
    assert described["bytes"] == len(jpeg())
    dmedia.environment |= photos.server.environment()
    ran = dmedia("info", photos.url("in/photo.jpg"), photos.url("in/none.jpg"))
    assert ran.status == 3
    first, second = ran.out.splitlines()
    assert first.startswith(photos.url("in/photo.jpg") + ": ")
    assert "Not found" in second


def test_only_a_root_that_is_a_url_lets_urls_in(photos: Bucket, tmp_path: Path) -> None:
    source, target = photos.url("in/photo.jpg"), photos.url("out/a.jpg")
    for roots in ([tmp_path], [photos.url("in")], [photos.url("out")]):
        with pytest.raises(OutsideRootsError):
            dmedia.process_file(source, target, "resize", SMALL, roots=roots)
    assert photos.keys() == ["in/photo.jpg"]
    dmedia.process_file(source, target, "resize", SMALL, roots=[photos.url("in"), photos.url("out")])
    assert dmedia.media_info(target, roots=photos.url())["width"] == 16


def test_what_can_be_no_rendition_is_refused() -> None:
    for target in ("https://host/a.jpg", "memory://x/a.jpg", "s3://bucket/a.docx"):
        with pytest.raises(UsageError):
            dmedia.process_file("s3://bucket/photo.jpg", target, "resize", SMALL)
