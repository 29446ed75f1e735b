"""Roots: what lies inside is told by where a path really leads, and of an open file by what was opened."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from dmedia.errors import MediaError, OutsideRootsError, UsageError
from dmedia.storage import local
from dmedia.storage.local import roots as roots_module
from tests.hostile.watching import Opened, needs_inotify


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Make a root with a file, and beside it a directory whose name begins like the root's."""
    place = tmp_path.resolve()
    for name in ("photos/sub/a.jpg", "photos-private/b.jpg"):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(b"content")
    return place


def roots_of(place: Path) -> tuple[bytes, ...]:
    return (bytes(place / "photos"),)


def refused(call: Callable[[], object]) -> MediaError:
    with pytest.raises(MediaError) as raised:
        call()
    assert raised.value.code == "permission_denied"
    assert raised.value.message.startswith("Permission denied: it leads out of the directories")
    return raised.value


def test_inside_is_told_name_by_name_and_never_by_a_prefix(place: Path) -> None:
    roots = roots_of(place)
    for inside in ("photos", "photos/", "photos/sub/a.jpg", "photos/none/yet.jpg", "photos-private/../photos/sub"):
        assert local.is_inside(os.fsencode(f"{place}/{inside}"), roots), inside
    for outside in ("", "photos-private", "photos-private/b.jpg", "photo", "photos/../photos-private", "photosnone"):
        assert not local.is_inside(os.fsencode(f"{place}/{outside}"), roots), outside
    assert not local.is_inside(bytes(place / "photos") + b"/a\0b", roots)
    assert local.is_inside(b"/etc/passwd", (b"/",))
    assert local.is_inside(b"/etc/passwd", ())
    assert local.is_inside(bytes(place / "photos-private/b.jpg"), (*roots, bytes(place / "photos-private")))


def test_a_link_counts_as_where_it_leads_also_when_that_is_not_there(place: Path) -> None:
    roots = roots_of(place)
    for name, target, inside in (
        ("out", "../photos-private/b.jpg", False),
        ("dir", "../photos-private", False),
        ("dangling", "../nowhere/at/all", False),
        ("chain", "out", False),
        ("in", "sub/a.jpg", True),
        ("in-dangling", "sub/none", True),
        ("round", "../photos-private/../photos/sub", True),
    ):
        (place / "photos" / name).symlink_to(target)
        assert local.is_inside(bytes(place / "photos" / name), roots) is inside, name
        assert local.is_inside(bytes(place / "photos" / name / "x"), roots) is inside, name
    (place / "elsewhere").symlink_to("photos/sub")
    assert local.is_inside(bytes(place / "elsewhere/a.jpg"), roots)


def test_a_root_that_has_become_a_link_holds_nothing(place: Path) -> None:
    roots = roots_of(place)
    (place / "photos").rename(place / "moved")
    (place / "photos").symlink_to("photos-private")
    assert not local.is_inside(bytes(place / "photos/b.jpg"), roots)
    refused(lambda: local.open_source(bytes(place / "photos/b.jpg"), roots))


@pytest.mark.parametrize(
    ("page", "inside"),
    [
        (b"https://h/shop", True),
        (b"https://h/shop/a%20b.jpg?to=/../x", True),
        (b"https://h/shop/..a/b%2fc.jpg", True),
        (b"https://h/shop-private/a.jpg", False),
        (b"http://h/shop/a.jpg", False),
        (b"https://h:8080/shop/a.jpg", False),
        (b"https://h/shop/../private/a.jpg", False),
        (b"https://h/shop/%2e%2E/private/a.jpg", False),
        (b"https://h/shop/..%2fprivate/a.jpg", False),
        (b"https://h/shop/x/..%5C..%5Cprivate/a.jpg", False),
        (b"https://me@h/shop/a.jpg", False),
    ],
)
def test_a_page_lies_inside_however_its_server_reads_its_url(page: bytes, inside: bool) -> None:
    assert local.is_inside(page, (b"/photos", b"https://h/shop")) is inside
    assert local.is_inside(page, (b"https://h",)) is page.startswith(b"https://h/")


def test_a_source_outside_is_refused_like_one_that_is_not_there(place: Path) -> None:
    roots = roots_of(place)
    (place / "photos/link.jpg").symlink_to("../photos-private/b.jpg")
    os.mkfifo(place / "photos-private/pipe.jpg")
    for name in ("photos-private/b.jpg", "photos-private/none.jpg", "photos/link.jpg", "photos-private/pipe.jpg"):
        assert refused(lambda name=name: local.open_source(bytes(place / name), roots)).stage == "open"  # type: ignore[misc]  # a default binds it
        refused(lambda name=name: local.read_head(bytes(place / name), roots))  # type: ignore[misc]
    assert local.read_head(bytes(place / "photos/sub/a.jpg"), roots) == b"content"


@needs_inotify
def test_a_source_outside_is_not_even_opened(place: Path) -> None:
    (place / "photos/link.jpg").symlink_to("../photos-private/b.jpg")
    with Opened([place / "photos-private/b.jpg"]) as opened:
        refused(lambda: local.open_source(bytes(place / "photos/link.jpg"), roots_of(place)))
        assert opened.names() == []


@pytest.mark.parametrize("open_files", [roots_module.OPEN_FILES, "/nowhere"], ids=["by descriptor", "by name"])
@pytest.mark.parametrize("swapped", ["sub", "sub/a.jpg"])
def test_a_link_that_is_put_there_between_the_look_and_the_opening_opens_nothing(
    place: Path, monkeypatch: pytest.MonkeyPatch, swapped: str, open_files: str
) -> None:
    monkeypatch.setattr(roots_module, "OPEN_FILES", open_files)
    (place / "photos-private/a.jpg").write_bytes(b"secret")
    target = place / "photos-private" / Path(swapped).relative_to("sub")
    really_open = os.open
    descriptors: list[int] = []

    def swap_and_open(path: bytes, flags: int, mode: int = 0o777) -> int:
        if not descriptors:
            (place / "photos" / swapped).rename(place / "moved")
            (place / "photos" / swapped).symlink_to(target)
        descriptors.append(really_open(path, flags, mode))
        return descriptors[-1]

    monkeypatch.setattr(os, "open", swap_and_open)
    refused(lambda: local.open_source(bytes(place / "photos/sub/a.jpg"), roots_of(place)))
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptors[0])


@pytest.mark.parametrize("open_files", [roots_module.OPEN_FILES, "/nowhere"], ids=["by descriptor", "by name"])
def test_a_source_inside_opens_by_whatever_link(place: Path, monkeypatch: pytest.MonkeyPatch, open_files: str) -> None:
    monkeypatch.setattr(roots_module, "OPEN_FILES", open_files)
    (place / "photos/link.jpg").symlink_to("sub/a.jpg")
    (place / "elsewhere").symlink_to("photos")
    for name in ("photos/sub/a.jpg", "photos/link.jpg", "elsewhere/link.jpg", "photos-private/../photos/sub/a.jpg"):
        assert local.read_head(os.fsencode(f"{place}/{name}"), roots_of(place)) == b"content"


def test_no_directory_is_made_and_no_file_stays_outside(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    roots, private = roots_of(place), place / "photos-private"
    (place / "photos/out").symlink_to(private)
    (place / "photos/dangling").symlink_to(place / "none")
    for out in (place / "photos/out", place / "photos/dangling", private, place / "new"):
        refused(lambda out=out: local.prepare_parent(bytes(out / "x/y.jpg"), bytes(out), roots))  # type: ignore[misc]
    local.prepare_parent(bytes(place / "photos/new/x/y.jpg"), bytes(place / "photos/new"), roots)
    refused(lambda: local.create(bytes(place / "photos/out/t.tmp"), roots))
    os.close(local.create(bytes(place / "photos/new/x/t.tmp"), roots))
    (private / ".dmedia-batch-1-aaaaaa-00.tmp").touch()
    local.sweep(bytes(place / "photos/out"), "batch-1-aaaaaa", roots)
    assert sorted(os.listdir(place)) == ["photos", "photos-private"]
    assert sorted(os.listdir(private)) == [".dmedia-batch-1-aaaaaa-00.tmp", "b.jpg"]


def test_roots_are_real_directories_each_once(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place / "link").symlink_to("photos")
    monkeypatch.chdir(place)
    found = local.real_roots([b"link", b"photos/", bytes(place / "photos-private/../photos"), b"photos-private"])
    assert found == (bytes(place / "photos"), bytes(place / "photos-private"))
    assert local.real_roots([]) == ()
    (place / "dangling").symlink_to("none")
    for name in (b"", b"none", b"dangling", b"photos/sub/a.jpg", b"a\0b"):
        with pytest.raises(UsageError, match="no directory"):
            local.real_roots([name])


def test_roots_become_fewer_and_never_more() -> None:
    assert local.narrowed((), ()) == ()
    assert local.narrowed((), (b"/a",)) == (b"/a",)
    assert local.narrowed((b"/a",), ()) == (b"/a",)
    assert local.narrowed((b"/a",), (b"/",)) == (b"/a",)
    assert local.narrowed((b"/a", b"/b"), (b"/a/x", b"/b", b"/c")) == (b"/b", b"/a/x")
    for one, other in ((b"/a", b"/ab"), (b"/a/b", b"/a/c")):
        with pytest.raises(OutsideRootsError, match="none of these"):
            local.narrowed((one,), (other,))
