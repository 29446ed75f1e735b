"""Which objects become sources: as files of the same names would, whatever the store's listing is like."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import pytest

from dmedia.catalog import Catalog
from dmedia.errors import OutsideRootsError, PreflightError, UsageError
from dmedia.model import Inputs, Source
from tests.catalog.test_catalog import IMAGE, JPEG_HEAD, plant
from tests.servers.processes import Bucket, ProxyServer
from tests.servers.proxy import Rule
from tests.storage.conftest import Leads

TREE = (
    "a.jpg", "b.PNG", "notes.txt", "film.mp4", "x/a.jpg", "x/b.webp", "x/.hidden.jpg", "x/y/z/c.jpg", "x/y/plain",
    ".cache/d.jpg", "x y/ä.jpg", "x[1]/e.jpg", "out/f.jpg", "xx.jpg",
)  # fmt: skip


def fill(bucket: Bucket, *keys: str, content: bytes = JPEG_HEAD) -> None:
    for key in keys:
        bucket.put(key, content)


def catalog(bucket: Bucket, *keys: str, out: str = "", **more: object) -> Catalog:
    given = tuple(bucket.url(key).encode() for key in keys)
    output = bucket.url(out).encode() if out else b"/nowhere/out"
    return Catalog(Inputs(paths=given, **more), IMAGE, output)  # type: ignore[arg-type]  # mixed


def names(found: Catalog, root: str) -> list[str]:
    return [os.fsdecode(source.path).removeprefix(root + "/") for source in found.sources()]


GIVEN = (
    ("", True), ("", False), ("x", True), ("x/", False), ("**/*.jpg", False), ("x/**", False), ("*.jpg", False),
    ("*/*.jpg", False), ("x*/a.jpg", False), ("**/.hidden.jpg", False), (".*/*", False), ("x[[]1]/*.jpg", False),
    ("x/**/z/*.JPG", False), ("a.jpg", False), ("**/notes.*", False), ("x/y/plain", False),
)  # fmt: skip


def test_objects_are_found_as_files_of_their_names_are(photos: Bucket, tmp_path: Path) -> None:
    plant(tmp_path, *TREE)
    fill(photos, *TREE, "x/", "x/folder/")  # those two stand for directories
    for given, recursive in GIVEN:
        local = Catalog(Inputs((os.fsencode(tmp_path / given),), recursive=recursive), IMAGE, bytes(tmp_path / "out"))
        stored = catalog(photos, given, out="out", recursive=recursive)
        assert sorted(names(stored, photos.url())) == sorted(names(local, str(tmp_path))), given
        assert stored.ignored == local.ignored, given
        assert stored.base.removeprefix(photos.url().encode()) == local.base.removeprefix(bytes(tmp_path)), given
        assert len(stored.warnings) == len(local.warnings), given


def test_a_source_carries_what_the_listing_says_of_it(photos: Bucket) -> None:
    version = photos.put("x/a.jpg", JPEG_HEAD)
    (listed,) = catalog(photos, "x").sources()
    (named,) = catalog(photos, "x/a.jpg").sources()
    base = photos.url("x").encode()
    assert listed == named == Source(base + b"/a.jpg", base, len(JPEG_HEAD), named.mtime_ns, version=version)
    assert named.mtime_ns > 0


def test_an_object_is_itself_whatever_is_in_its_key(photos: Bucket) -> None:
    fill(photos, "[a]*?.jpg", "a.jpg", "b#c%20.jpg", "d//e.jpg", "f/../g.jpg")
    for key in ("[a]*?.jpg", "b#c%20.jpg", "d//e.jpg", "f/../g.jpg"):
        assert names(catalog(photos, key), photos.url()) == [key]


def test_dots_that_are_a_whole_name_in_a_key_hide_nothing(photos: Bucket) -> None:
    keys = ["2024/./b.jpg", "2024/a.jpg", "2024/odd/../dots.jpg"]
    fill(photos, *keys, "2024/.odd/../hidden.jpg")
    for given, recursive in (("2024", True), ("2024/**/*.jpg", False), ("**/*.jpg", False)):
        assert sorted(names(catalog(photos, given, recursive=recursive), photos.url())) == keys, given


def test_an_object_that_is_not_there_is_a_task_that_will_say_so(photos: Bucket) -> None:
    fill(photos, "x/a.jpg")
    (source,) = catalog(photos, "none.jpg").sources()
    assert (source.size_bytes, source.version) == (-1, "")
    (source,) = catalog(photos, "none").sources()
    assert source.size_bytes == -1


def test_a_directory_says_how_to_get_what_is_below_it(photos: Bucket) -> None:
    fill(photos, "x/y/a.jpg")
    found = catalog(photos, "x")
    assert names(found, photos.url()) == []
    assert "its subdirectories are read with --recursive" in found.warnings[0]


def test_filters_and_the_limit_hold_for_objects(photos: Bucket) -> None:
    fill(photos, "x/a.jpg", "x/raw/b.jpg", "x/c.png", "y/d.jpg")
    found = catalog(photos, "", recursive=True, exclude=("raw", "*.png"))
    assert names(found, photos.url()) == ["x/a.jpg", "y/d.jpg"]
    assert names(catalog(photos, "", recursive=True, include=("x",), limit=2), photos.url()) == ["x/a.jpg", "x/c.png"]


def test_an_object_that_several_inputs_name_is_one_source(photos: Bucket) -> None:
    fill(photos, "x/a.jpg", "x/b.jpg")
    assert names(catalog(photos, "x/a.jpg", "x", "x/*.jpg"), photos.url()) == ["x/a.jpg", "x/b.jpg"]


def test_inputs_of_several_places_keep_their_own_bases(photos: Bucket, tmp_path: Path) -> None:
    fill(photos, "x/a.jpg", "y/z/b.jpg")
    plant(tmp_path, "d/c.jpg")
    given = (photos.url("x").encode(), photos.url("y").encode(), bytes(tmp_path / "d"))
    found = Catalog(Inputs(given, recursive=True), IMAGE, b"/nowhere")
    bases = {os.path.basename(source.path): source.base for source in found.sources()}
    bucket = photos.url().encode()
    assert bases == {b"a.jpg": bucket, b"b.jpg": bucket, b"c.jpg": bytes(tmp_path / "d")}
    assert found.base == b""


def test_a_listing_may_name_objects_and_files_in_any_order(photos: Bucket, tmp_path: Path) -> None:
    fill(photos, *(f"{number}.jpg" for number in range(40)))
    plant(tmp_path, "a.jpg", "b.jpg")
    rows = ["source,name", f"{tmp_path}/a.jpg,", *(f"{photos.url(f'{n}.jpg')},n{n}" for n in range(40))]
    rows += [f"{tmp_path}/b.jpg,", photos.url("none.jpg"), photos.url("3.jpg")]
    (tmp_path / "list.csv").write_text("\n".join(rows))
    found = Catalog(Inputs(listing=bytes(tmp_path / "list.csv")), IMAGE, b"/nowhere")
    sources = list(found.sources())
    expected = ["a.jpg", *(f"{number}.jpg" for number in range(40)), "b.jpg", "none.jpg"]
    assert [os.fsdecode(os.path.basename(source.path)) for source in sources] == expected
    assert [source.name for source in sources[1:4]] == ["n0", "n1", "n2"]
    assert [source.size_bytes for source in (sources[0], sources[40], sources[42])] == [*[len(JPEG_HEAD)] * 2, -1]
    assert all(source.version for source in sources[1:41])


def test_a_listing_is_read_page_by_page_while_sources_are_taken(
    bucket: Bucket, s3_proxy: ProxyServer, lead: Leads
) -> None:
    fill(bucket, *(f"{number:03}.jpg" for number in range(100)))
    lead(bucket.server.environment(s3_proxy.address))
    found = catalog(bucket, "", recursive=True)
    s3_proxy.obey()
    sources = found.sources()
    first = list(itertools.islice(sources, 5))
    asked = len(s3_proxy.requests())
    assert asked < 3  # of five pages of twenty keys
    assert len({source.path for source in [*first, *sources]}) == 100
    assert len(s3_proxy.requests()) == 5  # and no object was asked for by itself


def test_a_listing_that_breaks_off_is_no_catalog(bucket: Bucket, s3_proxy: ProxyServer, lead: Leads) -> None:
    fill(bucket, *(f"{number:03}.jpg" for number in range(30)))
    lead(bucket.server.environment(s3_proxy.address))
    found = catalog(bucket, "", recursive=True)
    s3_proxy.obey(Rule(path=".*continuation-token.*", action="status", status=503, times=99))
    with pytest.raises(PreflightError, match=f"'{bucket.url()}' cannot be listed: "):
        list(found.sources())


def test_a_bucket_that_is_not_there_is_named(photos: Bucket) -> None:
    for given in (b"s3://no-such-bucket", b"s3://no-such-bucket/x", b"s3://no-such-bucket/**/*.jpg"):
        with pytest.raises(PreflightError, match="no-such-bucket"):
            list(Catalog(Inputs((given,)), IMAGE, b"/nowhere").sources())


@pytest.mark.parametrize("given", [b"https://host", b"https://host/photos/", b"https://host/photos/?page=2"])
def test_pages_cannot_be_listed(given: bytes) -> None:
    with pytest.raises(UsageError, match="has no listings"):
        Catalog(Inputs((given,)), IMAGE, b"/nowhere")


def test_only_a_root_that_is_a_url_lets_urls_in(photos: Bucket, tmp_path: Path) -> None:
    fill(photos, "x/a.jpg", "xy/b.jpg")
    inside, outside = photos.url("x").encode(), photos.url("xy").encode()
    for roots in ((bytes(tmp_path),), (inside,)):
        with pytest.raises(OutsideRootsError, match="xy"):
            Catalog(Inputs((outside,)), IMAGE, b"/nowhere", roots)
    assert len(list(Catalog(Inputs((inside,)), IMAGE, b"/nowhere", (inside,)).sources())) == 1
    plant(tmp_path, "c.jpg")
    with pytest.raises(OutsideRootsError):
        Catalog(Inputs((bytes(tmp_path),)), IMAGE, b"/nowhere", (inside,))
    (tmp_path / "list").write_bytes(inside + b"/a.jpg\n" + outside + b"/b.jpg\n")
    with pytest.raises(OutsideRootsError, match="line 2"):
        Catalog(Inputs(listing=bytes(tmp_path / "list")), IMAGE, b"/nowhere", (bytes(tmp_path), inside))


def test_objects_without_an_extension_are_looked_into_once(bucket: Bucket, s3_proxy: ProxyServer, lead: Leads) -> None:
    from dmedia.planning.naming import kept_format

    fill(bucket, *(f"{number:02}" for number in range(30)))
    bucket.put("07", b"no picture")
    lead(bucket.server.environment(s3_proxy.address))
    found = catalog(bucket, "", recursive=True)
    s3_proxy.obey()
    sources = list(found.sources())
    assert [kept_format(source) for source in sources] == ["jpg"] * 29
    assert found.ignored == {"": 1}
    assert len(s3_proxy.requests()) == 2 + 30  # pages of twenty, and one look into each
