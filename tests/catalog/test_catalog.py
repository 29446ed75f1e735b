"""Which files become sources, with their base, order and identity."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from dmedia.catalog import Catalog
from dmedia.errors import UsageError
from dmedia.model import Inputs, Source
from tests.corpus import CORPUS, needs_corpus

IMAGE = frozenset({"image"})
FILM = frozenset({"film"})
JPEG_HEAD = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00"


def plant(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(JPEG_HEAD)


def catalog(
    root: Path, *paths: bytes | str, accepts: frozenset[str] = IMAGE, out: str = "out", **more: object
) -> Catalog:
    given = tuple(os.path.join(os.fsencode(root), os.fsencode(path)) for path in paths)
    return Catalog(Inputs(paths=given, **more), accepts, os.fsencode(root / out))  # type: ignore[arg-type]  # mixed


def names(found: Catalog, root: Path) -> list[str]:
    return [os.fsdecode(os.path.relpath(source.path, os.fsencode(root))) for source in found.sources()]


def recorded(monkeypatch: pytest.MonkeyPatch, function: str) -> list[bytes]:
    """Record the paths that a function of ``os`` is called with."""
    calls: list[bytes] = []
    real = getattr(os, function)

    def recording(path: bytes, **more: object) -> object:
        calls.append(path)
        return real(path, **more)

    monkeypatch.setattr(os, function, recording)
    return calls


def test_a_directory_gives_its_direct_files_and_says_how_to_get_the_others(tmp_path: Path) -> None:
    plant(tmp_path, "d/b.jpg", "d/a.png", "d/sub/c.jpg", "e/sub/c.jpg")
    found = catalog(tmp_path, "d")
    assert names(found, tmp_path) == ["d/a.png", "d/b.jpg"]
    assert found.warnings == []
    found = catalog(tmp_path, "e")
    assert names(found, tmp_path) == []
    assert "--recursive" in found.warnings[0]


def test_a_directory_is_walked_files_first_and_both_sorted(tmp_path: Path) -> None:
    plant(tmp_path, "d/z.jpg", "d/a/y.jpg", "d/b/x.jpg", "d/a/c/w.jpg", "d/a-1/v.jpg")
    found = catalog(tmp_path, "d", recursive=True)
    assert names(found, tmp_path) == ["d/z.jpg", "d/a/y.jpg", "d/a/c/w.jpg", "d/a-1/v.jpg", "d/b/x.jpg"]
    assert names(found, tmp_path) == names(found, tmp_path)


@pytest.mark.parametrize(
    ("accepts", "expected"),
    [
        (IMAGE, ["d/a.jpg", "d/b.HEIC", "d/c.Tif", "d/g"]),
        (FILM, ["d/e.MP4"]),
        (IMAGE | FILM, ["d/a.jpg", "d/b.HEIC", "d/c.Tif", "d/e.MP4", "d/g"]),
    ],
)
def test_a_directory_gives_the_kinds_that_the_operation_accepts(
    tmp_path: Path, accepts: frozenset[str], expected: list[str]
) -> None:
    plant(tmp_path, "d/a.jpg", "d/b.HEIC", "d/c.Tif", "d/e.MP4", "d/f.txt", "d/g", "d/h.jpg~", "d/i.TXT")
    (tmp_path / "d" / "notes").write_text("no picture")
    (tmp_path / "d" / "empty").touch()
    found = catalog(tmp_path, "d", accepts=accepts)
    assert names(found, tmp_path) == expected
    assert found.ignored["txt"] == 2
    assert found.ignored["jpg~"] == 1
    assert found.ignored[""] == (2 if "image" in accepts else 3)
    assert found.ignored.total() + len(expected) == 10


def test_hidden_files_and_directories_are_left_out_unless_named(tmp_path: Path) -> None:
    plant(tmp_path, "d/.a.jpg", "d/.e/b.jpg", "d/c.jpg")
    found = catalog(tmp_path, "d", recursive=True)
    assert names(found, tmp_path) == ["d/c.jpg"]
    assert found.ignored.total() == 0
    assert names(catalog(tmp_path, "d/**/*"), tmp_path) == ["d/c.jpg"]
    assert names(catalog(tmp_path, "d/.a.jpg", "d/.e"), tmp_path) == ["d/.a.jpg", "d/.e/b.jpg"]
    assert names(catalog(tmp_path, "d/.*/*.jpg"), tmp_path) == ["d/.e/b.jpg"]


@pytest.mark.parametrize("given", ["d", "d/**/*.jpg"])
def test_the_output_directory_is_left_out_of_what_holds_it(tmp_path: Path, given: str) -> None:
    plant(tmp_path, "d/a.jpg", "d/out/b.jpg", "d/out/sub/c.jpg", "d/outer/e.jpg")
    (tmp_path / "link").symlink_to("d/out")
    for out in ("d/out", "link", "d/../d/out/"):
        found = catalog(tmp_path, given, recursive=True, out=out)
        assert names(found, tmp_path) == ["d/a.jpg", "d/outer/e.jpg"]


def test_the_output_directory_is_recognised_by_its_inode_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(tmp_path, "d/a.jpg", "d/out/b.jpg")
    found = catalog(tmp_path, "d", recursive=True, out="d/out")
    monkeypatch.setattr(found._output, "below", lambda root: b"")  # as where only the case of its name differs
    assert names(found, tmp_path) == ["d/a.jpg"]


def test_an_input_that_is_the_output_directory_or_lies_in_it_is_read(tmp_path: Path) -> None:
    plant(tmp_path, "d/a.jpg", "d/e/b.jpg")
    assert names(catalog(tmp_path, "d/*.jpg", out="d"), tmp_path) == ["d/a.jpg"]
    assert names(catalog(tmp_path, "d/e", out="d"), tmp_path) == ["d/e/b.jpg"]


def test_what_is_named_is_always_a_task(tmp_path: Path) -> None:
    plant(tmp_path, "d/a.txt", "d/b")
    (tmp_path / "dangling.jpg").symlink_to("nothing")
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    found = catalog(tmp_path, "d/a.txt", "missing.jpg", "dangling.jpg", "loop.jpg", "d/a.txt/x.jpg", "d/*")
    sources = {os.path.relpath(s.path, os.fsencode(tmp_path)): s for s in found.sources()}
    assert list(sources) == [b"d/a.txt", b"missing.jpg", b"dangling.jpg", b"loop.jpg", b"d/a.txt/x.jpg", b"d/b"]
    assert sources[b"d/a.txt"].size_bytes == len(JPEG_HEAD)
    for missing in (b"missing.jpg", b"dangling.jpg", b"loop.jpg", b"d/a.txt/x.jpg"):
        assert (sources[missing].size_bytes, sources[missing].mtime_ns) == (-1, -1)


def test_a_source_carries_size_and_time_of_the_file_a_link_leads_to(tmp_path: Path) -> None:
    plant(tmp_path, "real.jpg")
    os.utime(tmp_path / "real.jpg", ns=(1, 1_700_000_000_123_456_789))
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "link.jpg").symlink_to("../real.jpg")
    assert list(catalog(tmp_path, "d").sources()) == [
        Source(
            os.fsencode(tmp_path / "d" / "link.jpg"),
            os.fsencode(tmp_path / "d"),
            len(JPEG_HEAD),
            1_700_000_000_123_456_789,
        )
    ]


def test_links_to_directories_are_not_walked_into_unless_named(tmp_path: Path) -> None:
    plant(tmp_path, "d/a.jpg", "e/x/b.jpg")
    for link in ("d/loop", "d/loop.jpg", "d/loop.old"):
        (tmp_path / link).symlink_to("..")
    (tmp_path / "d" / "other").symlink_to("../e")
    found = catalog(tmp_path, "d", recursive=True)
    assert names(found, tmp_path) == ["d/a.jpg"]
    assert found.ignored.total() == 0
    assert names(catalog(tmp_path, "d/other", recursive=True), tmp_path) == ["d/other/x/b.jpg"]
    assert names(catalog(tmp_path, "d/other/*/*.jpg"), tmp_path) == ["d/other/x/b.jpg"]
    assert names(catalog(tmp_path, "[d]/other/x/*.jpg"), tmp_path) == ["d/other/x/b.jpg"]
    assert names(catalog(tmp_path, "[d]/*/x/*.jpg"), tmp_path) == []


def test_links_that_lead_nowhere_are_sources_of_a_directory(tmp_path: Path) -> None:
    plant(tmp_path, "d/a.jpg")
    (tmp_path / "d" / "dangling.jpg").symlink_to("nothing")
    (tmp_path / "d" / "dangling").symlink_to("nothing")
    (tmp_path / "d" / "loop.jpg").symlink_to("loop.jpg")
    found = catalog(tmp_path, "d")
    assert [source.size_bytes for source in found.sources()] == [len(JPEG_HEAD), -1, -1]
    assert found.ignored == {"": 1}


def test_a_pipe_or_socket_with_a_media_name_is_a_source_and_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket.png"))
        found = catalog(tmp_path, ".")
        assert names(found, tmp_path) == ["pipe.jpg", "socket.png"]
        assert found.ignored == {"": 1}


def test_a_directory_with_a_media_name_is_walked_and_is_no_source(tmp_path: Path) -> None:
    plant(tmp_path, "d/directory.jpg/a.jpg")
    assert names(catalog(tmp_path, "d"), tmp_path) == []
    assert names(catalog(tmp_path, "d", recursive=True), tmp_path) == ["d/directory.jpg/a.jpg"]
    assert names(catalog(tmp_path, "d/*"), tmp_path) == []


@pytest.mark.parametrize(
    ("paths", "base"),
    [
        (["d"], "d"),
        (["d/"], "d"),
        (["./d/../d"], "d"),
        (["d/e/a.jpg"], "d/e"),
        (["d/e/missing.jpg"], "d/e"),
        (["d/e/*.jpg"], "d/e"),
        (["d/**/*.jpg"], "d"),
        (["d/*/a.jpg"], "d"),
        (["nothing/*.jpg"], "nothing"),
        (["d/e", "d/f"], "d"),
        (["d/e/a.jpg", "d/f/b.jpg"], "d"),
        (["d/e/a.jpg", "d/*.jpg"], "d"),
        (["d/e", "d2"], "."),
    ],
)
def test_the_base_is_the_common_directory_of_the_inputs(tmp_path: Path, paths: list[str], base: str) -> None:
    plant(tmp_path, "d/e/a.jpg", "d/f/b.jpg", "d2/c.jpg")
    found = catalog(tmp_path, *paths)
    assert found.base == os.path.normpath(os.fsencode(tmp_path / base))
    assert {source.base for source in found.sources()} <= {found.base}


def test_relative_paths_are_below_the_current_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(tmp_path, "d/a.jpg", "b.jpg")
    monkeypatch.chdir(tmp_path / "d")
    found = Catalog(Inputs(paths=(b"*.jpg", b"../b.jpg", b"./a.jpg")), IMAGE, b"out")
    assert names(found, tmp_path) == ["d/a.jpg", "b.jpg"]
    assert found.base == os.fsencode(tmp_path)


def test_dots_after_a_link_lead_where_the_system_would_go(tmp_path: Path) -> None:
    plant(tmp_path, "real/inner/a.jpg", "real/b.jpg", "b.jpg")
    (tmp_path / "link").symlink_to("real/inner")
    assert names(catalog(tmp_path, "link/../b.jpg"), tmp_path) == ["real/b.jpg"]
    assert names(catalog(tmp_path, "real/../b.jpg"), tmp_path) == ["b.jpg"]
    assert names(catalog(tmp_path, "link/a.jpg"), tmp_path) == ["link/a.jpg"]
    assert names(catalog(tmp_path, "no/../b.jpg"), tmp_path) == ["b.jpg"]


def test_a_name_with_wildcards_that_exists_is_that_file(tmp_path: Path) -> None:
    plant(tmp_path, "a[1].jpg", "a1.jpg", "*.jpg", "d[x]/b.jpg")
    assert names(catalog(tmp_path, "a[1].jpg"), tmp_path) == ["a[1].jpg"]
    assert names(catalog(tmp_path, "*.jpg"), tmp_path) == ["*.jpg"]
    assert names(catalog(tmp_path, "d[x]"), tmp_path) == ["d[x]/b.jpg"]
    assert names(catalog(tmp_path, "a[12].jpg"), tmp_path) == ["a1.jpg"]


def test_a_glob_that_matches_nothing_is_no_source_and_says_so(tmp_path: Path) -> None:
    plant(tmp_path, "a.jpg")
    found = catalog(tmp_path, "a.jpg", "*.png", "x" * 300 + "*")
    assert names(found, tmp_path) == ["a.jpg"]
    assert len(found.warnings) == 2
    assert "*.png" in found.warnings[0]


def test_a_file_given_twice_is_one_source(tmp_path: Path) -> None:
    plant(tmp_path, "d/a.jpg", "d/e/b.jpg", "f/c.jpg")
    (tmp_path / "link").symlink_to("d")
    (tmp_path / "d" / "twin.jpg").symlink_to("a.jpg")
    every = ["d/a.jpg", "d/twin.jpg", "d/e/b.jpg"]
    for paths in (["d", "d"], ["d", "d/**/*"], ["d", "link"], ["d", "d/a.jpg", "link/a.jpg"], ["d", "d/e"]):
        assert names(catalog(tmp_path, *paths, recursive=True), tmp_path) == every
    assert names(catalog(tmp_path, "link/a.jpg", "d/a.jpg", "f"), tmp_path) == ["link/a.jpg", "f/c.jpg"]


def test_a_glob_that_comes_by_twice_gives_a_file_once(tmp_path: Path) -> None:
    plant(tmp_path, "d/a/x/1.jpg")
    (tmp_path / "d" / "b").mkdir()
    (tmp_path / "d" / "b" / "x").symlink_to("../a/x")
    assert names(catalog(tmp_path, "d/*/x/*.jpg"), tmp_path) == ["d/a/x/1.jpg"]


def test_inputs_that_lie_apart_need_no_memory_of_their_files(tmp_path: Path) -> None:
    plant(tmp_path, "d/a.jpg", "e/a.jpg", "f/a.jpg", "f/b.jpg")
    found = catalog(tmp_path, "d", "e/*", "f")
    assert len(list(found.sources())) == 4
    assert not found._known._seen
    found = catalog(tmp_path, "d", "f", "f/b.jpg")
    assert len(list(found.sources())) == 3
    assert len(found._known._seen) == 2


@pytest.mark.parametrize(
    ("include", "exclude", "expected"),
    [
        (("*.jpg",), (), ["d/a.jpg", "d/e/b.jpg"]),
        ((), ("e",), ["d/a.jpg", "d/c.png"]),
        (("e/*",), (), ["d/e/b.jpg"]),
        (("*.jpg",), ("b*",), ["d/a.jpg"]),
        ((), ("**",), []),
    ],
)
def test_include_and_exclude_are_globs_below_the_input(
    tmp_path: Path, include: tuple[str, ...], exclude: tuple[str, ...], expected: list[str]
) -> None:
    plant(tmp_path, "d/a.jpg", "d/e/b.jpg", "d/c.png")
    for given in ("d", "d/**/*"):
        found = catalog(tmp_path, given, recursive=True, include=include, exclude=exclude)
        assert sorted(names(found, tmp_path)) == expected
        assert found.ignored.total() == 0


def test_an_excluded_directory_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(tmp_path, "d/a.jpg", "d/e/b.jpg")
    read = recorded(monkeypatch, "scandir")
    list(catalog(tmp_path, "d", recursive=True, exclude=("e",)).sources())
    assert read == [os.fsencode(tmp_path / "d")]


def test_exclude_holds_for_named_files_too(tmp_path: Path) -> None:
    plant(tmp_path, "a.jpg", "b.jpg")
    assert names(catalog(tmp_path, "a.jpg", "b.jpg", exclude=("a*",)), tmp_path) == ["b.jpg"]


def test_the_limit_counts_sources(tmp_path: Path) -> None:
    plant(tmp_path, "d/a.jpg", "d/b.txt", "d/c.jpg", "d/e.jpg")
    assert names(catalog(tmp_path, "d", limit=2), tmp_path) == ["d/a.jpg", "d/c.jpg"]
    assert names(catalog(tmp_path, "d", limit=9), tmp_path) == ["d/a.jpg", "d/c.jpg", "d/e.jpg"]


def test_sources_are_found_while_they_are_asked_for(tmp_path: Path) -> None:
    plant(tmp_path, "d/a.jpg", "d/e/b.jpg")
    sources = catalog(tmp_path, "d", recursive=True).sources()
    assert next(sources).path.endswith(b"a.jpg")
    plant(tmp_path, "d/e/c.jpg")
    assert [os.path.basename(source.path) for source in sources] == [b"b.jpg", b"c.jpg"]


def test_no_file_is_looked_at_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(tmp_path, "d/a.jpg", "d/e/b.jpg", "c.jpg")
    (tmp_path / "d" / "link.jpg").symlink_to("a.jpg")
    found = catalog(tmp_path, "d", "c.jpg", recursive=True)
    looked = recorded(monkeypatch, "stat")
    assert len(list(found.sources())) == 4
    assert sorted(os.path.basename(path) for path in looked) == [b"a.jpg", b"b.jpg", b"link.jpg"]


def test_a_directory_that_cannot_be_read_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(tmp_path, "d/a.jpg", "d/e/b.jpg", "d/f/c.jpg")
    scandir = os.scandir

    def refuse(path: bytes) -> object:
        if path.endswith(b"/e"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found = catalog(tmp_path, "d", recursive=True)
    assert names(found, tmp_path) == ["d/a.jpg", "d/f/c.jpg"]
    assert len(found.warnings) == 1
    assert "/d/e'" in found.warnings[0]
    assert "Permission denied" in found.warnings[0]


def test_a_given_directory_that_cannot_be_read_is_a_source_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(tmp_path, "d/a.jpg")
    monkeypatch.setattr(os, "access", lambda path, mode, **more: False)
    found = catalog(tmp_path, "d", recursive=True)
    assert list(found.sources()) == [Source(os.fsencode(tmp_path / "d"), os.fsencode(tmp_path), -1, -1)]


def test_warnings_and_ignored_extensions_take_bounded_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dmedia.catalog.remarks.MOST_EXTENSIONS", 3)
    monkeypatch.setattr("dmedia.catalog.remarks.MOST_WARNINGS", 2)
    plant(tmp_path, *(f"d/a.x{number}" for number in range(5)))
    found = catalog(tmp_path, "d", "1*", "2*", "3*", "4*")
    assert names(found, tmp_path) == []
    assert found.ignored == {"x0": 1, "x1": 1, "x2": 1, "(other)": 2}
    assert len(found.warnings) == 3


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (Inputs(), "No INPUT"),
        (Inputs(paths=(b"",)), "empty"),
        (Inputs(paths=(b"a\0b",)), "NUL"),
        (Inputs(paths=(b"memory://bucket/a.jpg",)), "a kind that is not read or written"),
        (Inputs(paths=(b"file:///photos/a.jpg",)), "is a URL of a local file"),
        (Inputs(listing=b"s3://bucket/list.txt"), "The listing 's3://bucket/list.txt' is a URL"),
        (Inputs(paths=(b"a*/../b.jpg",)), "after a wildcard"),
        (Inputs(paths=(b".",), limit=0), "limit"),
        (Inputs(listing=b"/nowhere/list.txt"), "Cannot read the listing '/nowhere/list.txt': No such file"),
        (Inputs(listing=b"/"), "Cannot read the listing '/': Is a directory"),
    ],
)
def test_inputs_that_make_no_sense_are_refused(inputs: Inputs, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Catalog(inputs, IMAGE, b"/out")


def test_names_of_any_bytes_are_found(tmp_path: Path) -> None:
    odd = [b"\xff\xfe.jpg", b"new\nline.jpg", b"-x.jpg", b"a[Q=1].jpg", b" .jpg", b"colon:name.jpg", b"~.jpg"]
    for name in odd:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(JPEG_HEAD)
    for given in (".", "*.jpg"):
        assert [os.path.basename(s.path) for s in catalog(tmp_path, given).sources()] == sorted(odd)
    assert [os.path.basename(s.path) for s in catalog(tmp_path, *odd).sources()] == odd


@needs_corpus
def test_every_name_of_the_corpus_is_found(tmp_path: Path) -> None:
    with tarfile.open(CORPUS / "bad" / "odd_names.tar", errors="surrogateescape") as archive:
        archive.extractall(tmp_path, filter="fully_trusted")
        members = {os.fsencode(tmp_path / m.name) for m in archive.getmembers() if not m.isdir()}
    visible = {path for path in members if not os.path.basename(path).startswith(b".")}
    # These have something after the extension, so that a directory alone does not make them pictures.
    named = {path for path in visible if not path.lower().endswith((b".jpg", b".jpeg", b".png"))}
    assert {os.path.basename(path) for path in named} == {
        b"trailing-space.jpg ",
        b"vips-options.jpg[Q=1]",
        b"page.jpg[page=3]",
    }

    walked = catalog(tmp_path, ".", recursive=True)
    assert {source.path for source in walked.sources()} == visible - named
    assert walked.ignored.total() == len(named)
    assert {source.path for source in catalog(tmp_path, "**/*").sources()} == visible
    assert {source.path for source in catalog(tmp_path, *members).sources()} == members
    listing = tmp_path / "list"
    listing.write_bytes(b"\0".join(members))
    read = Catalog(Inputs(listing=os.fsencode(listing), null_separated=True), IMAGE, b"/out")
    assert {source.path for source in read.sources()} == members


@pytest.mark.parametrize("name", ["self", "self.jpg"])
@pytest.mark.parametrize("given", [".", "*", "**/*"])
def test_a_link_that_leads_to_itself_hides_no_other_file(tmp_path: Path, name: str, given: str) -> None:
    for directory in ("", "a", "z"):
        (tmp_path / directory).mkdir(exist_ok=True)
        for number in range(5):
            (tmp_path / directory / f"{number}.jpg").touch()
    (tmp_path / name).symlink_to(name)
    walked = catalog(tmp_path, given, recursive=True)
    found = [source.path for source in walked.sources()]
    expected = 5 if given == "*" else 15
    assert len([path for path in found if os.path.basename(path) != os.fsencode(name)]) == expected
    assert walked.warnings == []


def test_the_vocabulary_and_the_catalog_load_no_codec_no_dask_and_no_validation_library() -> None:
    heavy = ["av", "pyvips", "PIL", "numpy", "dask", "distributed", "pydantic", "click", "rich"]
    script = (
        "import sys, dmedia.formats, dmedia.operations, dmedia.catalog, dmedia.presets; "
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
