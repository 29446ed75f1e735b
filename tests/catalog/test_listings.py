"""Listings: what --files-from reads, and what it says about a line that it cannot read."""

from __future__ import annotations

import io
import os
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from dmedia.catalog import Catalog
from dmedia.catalog.listing import LONGEST_LINE, Listing
from dmedia.errors import UsageError
from dmedia.model import Inputs

if TYPE_CHECKING:
    from pathlib import Path

IMAGE = frozenset({"image"})


def read(path: Path, content: bytes, *, null_separated: bool = False) -> list[tuple[bytes, str | None]]:
    path.write_bytes(content)
    listing = Listing(os.fsencode(path), null_separated=null_separated)
    entries = [(entry.path, entry.name) for entry in listing.entries()]
    assert entries == [(entry.path, entry.name) for entry in listing.entries()]
    return entries


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", []),
        (b"\n \n\r\n", []),
        (b"/a.jpg\n/b.jpg\n", [b"/a.jpg", b"/b.jpg"]),
        (b"/a.jpg\n/b.jpg", [b"/a.jpg", b"/b.jpg"]),
        (b"\xef\xbb\xbf/a.jpg\r\n\r\n/b.jpg\r\n", [b"/a.jpg", b"/b.jpg"]),
        (b"/x/../\xff\xfe [1]*.jpg \n", [b"/\xff\xfe [1]*.jpg "]),
        (b"/#1.jpg\n", [b"/#1.jpg"]),
    ],
)
def test_lines_are_paths_as_they_are(tmp_path: Path, content: bytes, expected: list[bytes]) -> None:
    assert read(tmp_path / "list.txt", content) == [(path, None) for path in expected]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", []),
        (b"/a.jpg\0/b\nc.jpg\0", [b"/a.jpg", b"/b\nc.jpg"]),
        (b"/a.jpg\0\0/b.jpg", [b"/a.jpg", b"/b.jpg"]),
        ((b"/" + b"a" * 999 + b"\0") * 2000, [b"/" + b"a" * 999] * 2000),
    ],
)
def test_null_separated_entries_are_paths_as_they_are(tmp_path: Path, content: bytes, expected: list[bytes]) -> None:
    # Whatever the extension says: find -print0 was asked for.
    assert read(tmp_path / "list.csv", content, null_separated=True) == [(path, None) for path in expected]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"source\n/a.jpg\n", [(b"/a.jpg", None)]),
        (b"\xef\xbb\xbfSource, Name\r\n/a.jpg, hero\r\n\r\n/b.jpg,\r\n", [(b"/a.jpg", "hero"), (b"/b.jpg", None)]),
        (b"id;name;source\n1;hero;/a.jpg\n2;;/b,c.jpg\n", [(b"/a.jpg", "hero"), (b"/b,c.jpg", None)]),
        (b"source\tname\n/a.jpg\th\n", [(b"/a.jpg", "h")]),
        (b'source,name\n"/a ""1"",\n.jpg",h\n', [(b'/a "1",\n.jpg', "h")]),
        (b'source,name\n/it\'s "quoted".jpg,h\n', [(b'/it\'s "quoted".jpg', "h")]),
        (b"source\n/\xff\xfe.jpg\n", [(b"/\xff\xfe.jpg", None)]),
        (b"source,name\n/a.jpg\n ,\n/b.jpg,x,y\n", [(b"/a.jpg", None), (b"/b.jpg", "x")]),
    ],
)
def test_csv_has_a_source_and_perhaps_a_name(
    tmp_path: Path, content: bytes, expected: list[tuple[bytes, str | None]]
) -> None:
    assert read(tmp_path / "list.CSV", content) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            b'{"source": "/a.jpg"}\n\n{"name": "h", "source": "/b.jpg", "id": 7}\n',
            [(b"/a.jpg", None), (b"/b.jpg", "h")],
        ),
        (b'{"source": "/\\u00e9.jpg", "name": null}\n', [("/é.jpg".encode(), None)]),
        (b'{"source": "/\xff.jpg"}', [(b"/\xff.jpg", None)]),
    ],
)
def test_json_lines_have_a_source_and_perhaps_a_name(
    tmp_path: Path, content: bytes, expected: list[tuple[bytes, str | None]]
) -> None:
    assert read(tmp_path / "list.jsonl", content) == expected


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", b"/a.jpg\n/b\0c\n", r"a\.txt', line 2: a NUL byte.* -0"),
        ("a.txt", b"/a.jpg\n\nftp://b/c.jpg\n", r"line 3: 'ftp://b/c.jpg' is a URL"),
        ("a.txt", b"/\n", r"line 1: the root directory"),
        ("a.txt", b"x" * (LONGEST_LINE + 1), r"line 1: longer than any path"),
        ("a.csv", b"", r"line 1: no column 'source'"),
        ("a.csv", b"sorce,name\n/a.jpg,b\n", r"line 1: no column 'source': did you mean 'sorce'"),
        ("a.csv", b"source,name\n/a.jpg,b\n,c\n", r"line 3: .*empty"),
        ("a.csv", b'source,name\n/a.jpg,b\n"/c.jpg,d\n', r"line 3: not CSV"),
        ("a.csv", b'source,name\n"a\nb",x\n/c.jpg,../d\n', r"line 4: the name '../d' is no file name"),
        ("a.csv", b"source,name\n/a.jpg," + b"n" * 256, r"line 2: the name .* is longer"),
        ("a.csv", b"source\n/" + b"n" * 200_000, r"line 2: not CSV: field larger"),
        ("a.jsonl", b'{"source": "/a.jpg"}\n{"source"\n', r"line 2: not JSON"),
        ("a.jsonl", b'"/a.jpg"\n', r"line 1: not a JSON object"),
        ("a.jsonl", b'{"src": "/a.jpg"}\n', r"line 1: no 'source': did you mean 'src'"),
        ("a.jsonl", b'{"source": 1}\n', r"line 1: 'source' and 'name' are texts"),
        ("a.jsonl", b'{"source": "/a.jpg", "name": ["x"]}\n', r"line 1: 'source' and 'name' are texts"),
        ("a.jsonl", b'{"source": "/a.jpg", "name": ".."}\n', r"line 1: the name '\.\.' is no file name"),
        ("a.jsonl", b'{"source": "/a\\u0000.jpg"}\n', r"line 1: .*NUL"),
        ("a.jsonl", b'{"source": "/\\ud800.jpg"}\n', r"line 1: not JSON"),
        ("a.jsonl", b"[" * 100_000 + b"\n", r"line 1: not JSON"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read(tmp_path / name, content)


def test_an_entry_without_end_is_no_listing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="entry 1: longer than any path"):
        read(tmp_path / "a", b"x" * LONGEST_LINE, null_separated=True)


def test_every_entry_is_a_task_with_its_name_and_the_common_directory_is_the_base(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "d" / "e").mkdir(parents=True)
    (tmp_path / "d" / "e" / "a.txt").write_bytes(b"12345")
    (tmp_path / "list.csv").write_bytes(b"source,name\ne/a.txt,hero\nmissing.jpg,\ne/a.txt,again\n../d/e,x\n")
    monkeypatch.chdir(tmp_path / "d")
    found = Catalog(Inputs(listing=b"../list.csv"), IMAGE, b"/out")
    base = os.fsencode(tmp_path / "d")
    sources = list(found.sources())
    assert found.base == base
    assert [(s.path, s.base, s.name) for s in sources] == [
        (base + b"/e/a.txt", base, "hero"),
        (base + b"/missing.jpg", base, None),
        (base + b"/e", base, "x"),
    ]
    assert [s.size_bytes for s in sources[:2]] == [5, -1]


def test_a_listing_goes_together_with_paths_filters_and_limit(tmp_path: Path) -> None:
    for name in ("d/a.jpg", "d/b.jpg", "e/c.jpg", "e/x/c.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "list").write_text(f"{tmp_path}/e/c.jpg\n{tmp_path}/e/x/c.png\n{tmp_path}/d/a.jpg\n")
    inputs = Inputs(paths=(os.fsencode(tmp_path / "d"),), listing=os.fsencode(tmp_path / "list"), exclude=("x",))
    found = Catalog(inputs, IMAGE, b"/out")
    assert found.base == os.fsencode(tmp_path)
    assert [os.path.basename(s.path) for s in found.sources()] == [b"a.jpg", b"b.jpg", b"c.jpg"]


def test_standard_input_is_read_once_and_may_be_asked_for_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f"{tmp_path}/a.jpg\n{tmp_path}/b/c.jpg\n".encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    found = Catalog(Inputs(listing=b"-"), IMAGE, b"/out")
    assert found.base == os.fsencode(tmp_path)
    assert len(list(found.sources())) == 2
    assert len(list(found.sources())) == 2


def test_a_pipe_is_a_listing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "list.csv")
    writer = threading.Thread(target=(tmp_path / "list.csv").write_bytes, args=(b"source\n/a.jpg\n",))
    writer.start()
    found = Catalog(Inputs(listing=os.fsencode(tmp_path / "list.csv")), IMAGE, b"/out")
    writer.join()
    assert [s.path for s in found.sources()] == [b"/a.jpg"]


def test_a_listing_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    listing = tmp_path / "list"
    listing.write_text(f"{tmp_path}/a.jpg\n")
    found = Catalog(Inputs(listing=os.fsencode(listing)), IMAGE, b"/out")
    with listing.open("a") as file:
        file.write("/elsewhere/b.jpg\n")
    with pytest.raises(UsageError, match="changed while"):
        list(found.sources())


def test_an_empty_listing_gives_no_source(tmp_path: Path) -> None:
    (tmp_path / "list").touch()
    found = Catalog(Inputs(listing=os.fsencode(tmp_path / "list")), IMAGE, b"/out")
    assert list(found.sources()) == []
    assert found.base == os.getcwdb()
