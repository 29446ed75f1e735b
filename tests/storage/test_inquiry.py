"""Questions after many locations: so many at once, in whatever mixture, and never more ahead than said."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator

import pytest

from dmedia.catalog import Catalog, stored
from dmedia.model import Inputs, PlannedFile, Source
from dmedia.planning import standing_in_store
from dmedia.storage.inquiry import AT_ONCE, MOST_AHEAD, at_once
from dmedia.storage.stores import Entry, Identity

LIMIT_S = 30.0
MANY = 4 * AT_ONCE
SOME = Identity(5, 1, "v")


class Gathering:
    """A store of which each question waits until several are asked together, but not for ever."""

    def __init__(self, *names: bytes) -> None:
        self.most = 0
        self._together = 0
        self._changed = threading.Condition()
        self._names = names

    def entries(self, directory: bytes, *, recursive: bool) -> Iterator[Entry]:
        del recursive
        return (Entry(directory + b"/" + name, SOME) for name in self._names)

    def head(self, location: bytes, n_bytes: int) -> bytes:
        del location, n_bytes
        self._meet()
        return b"\xff\xd8\xff\xe0" + bytes(60)

    def look(self, location: bytes) -> Identity | None:
        del location
        self._meet()
        return SOME

    def _meet(self) -> None:
        with self._changed:
            self._together += 1
            self.most = max(self.most, self._together)
            self._changed.notify_all()
            self._changed.wait_for(lambda: self.most >= AT_ONCE, timeout=0.2)
            self._together -= 1


@pytest.fixture
def gather(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Gathering]:
    def made(*names: bytes) -> Gathering:
        store = Gathering(*names)
        for module in (stored, standing_in_store):
            monkeypatch.setattr(module, "store_of", lambda *_: store)
        return store

    return made


def test_objects_without_extension_are_looked_into_together_whatever_lies_between(
    gather: Callable[..., Gathering],
) -> None:
    stored.sniff_stored.cache_clear()
    store = gather(*(name for n in range(MANY) for name in (b"%04d" % n, b"%04d.jpg" % n)))
    catalog = Catalog(Inputs((b"s3://b/in/",), recursive=True), frozenset({"image"}), b"/nowhere/out")
    assert [source.path[-8:] for source in catalog.sources()][:4] == [
        b"/in/0000",
        b"0000.jpg",
        b"/in/0001",
        b"0001.jpg",
    ]
    assert store.most == AT_ONCE


def test_a_list_of_paths_and_urls_is_looked_at_together_whatever_their_order(
    gather: Callable[..., Gathering], tmp_path: object
) -> None:
    store = gather()
    lines = b"".join(b"s3://b/%d.jpg\n/nowhere/%d.jpg\n" % (n, n) for n in range(MANY))
    listing = f"{tmp_path}/list"
    with open(listing, "wb") as file:
        file.write(lines)
    catalog = Catalog(Inputs((), listing=listing.encode()), frozenset({"image"}), b"/nowhere/out")
    found = [source.path for source in catalog.sources()]
    assert found == lines.split()
    assert store.most == AT_ONCE


def test_renditions_that_no_listing_has_settled_are_asked_after_together(gather: Callable[..., Gathering]) -> None:
    store = gather()
    files = [PlannedFile(n, Source(b"/in/a", b"/in", 1, 1), b"s3://b/out/%d" % n) for n in range(MANY)]
    (told,) = standing_in_store.ask_after([files], lambda: None)
    assert told == (files, {file.rendition: standing_in_store.There(SOME, "file") for file in files})
    assert store.most == AT_ONCE


def test_what_waits_for_an_answer_is_bounded_and_an_early_end_asks_no_more() -> None:
    read, asked, answered = itertools.count(), itertools.count(), threading.Event()

    def ask(_: int) -> str:
        next(asked)
        assert answered.wait(LIMIT_S)
        return "answered"

    several = at_once(ask, read, lambda n: "known" if n % MOST_AHEAD else None)
    threading.Timer(0.3, answered.set).start()
    assert list(itertools.islice(several, 2)) == [(0, "answered"), (1, "known")]
    several.close()  # type: ignore[attr-defined]  # a generator
    assert next(read) <= MOST_AHEAD + 2
    assert next(asked) <= 2


def test_an_error_of_one_question_reaches_who_asks() -> None:
    def ask(n: int) -> int:
        return 1 // n

    with pytest.raises(ZeroDivisionError):
        list(at_once(ask, range(3)))
