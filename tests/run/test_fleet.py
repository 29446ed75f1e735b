"""The window of chunks follows the slots as workers come, change and go."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from distributed import Client

from dmedia.record.writer import RecordWriter
from dmedia.run.dispatch import LONGEST_CHUNK, MOST_FETCHED, MOST_FUTURES_PER_S, MOST_NAMED, Window
from dmedia.run.fitness.demand import Lack
from dmedia.run.fitness.demand import Testimony as Said  # pytest takes what is called Test... for a test
from dmedia.run.fleet import Fleet
from dmedia.run.pace import weigh
from tests.command import wait_until
from tests.record.making import make_record

FILES = 1000
LACKING = (Lack("cannot read HEIC"),)


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """Of a cluster without workers: what is submitted stays."""
    with Client(processes=False, n_workers=0, dashboard_address="127.0.0.1:0", set_as_default=False) as client:
        yield client


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RecordWriter]:
    monkeypatch.setenv("DMEDIA_HOME", str(tmp_path / "home"))
    with make_record(FILES) as record:
        yield record


@pytest.fixture
def fleet() -> Fleet:
    return Fleet(1)


@pytest.fixture
def window(client: Client, record: RecordWriter, fleet: Fleet) -> Iterator[Window]:
    window = Window(client, record, "convert", fleet)
    window.pace.known, window.pace.s_per_byte = True, 1.0  # each file is a chunk
    yield window
    window.abandon()


def test_the_window_grows_with_the_slots(window: Window, fleet: Fleet) -> None:
    window.refill()
    assert len(window) == 64
    fleet.hear(Said("tcp://a", 30))
    fleet.hear(Said("tcp://b", 10))
    window.refill()
    assert len(window) == 160


def test_the_window_shrinks_with_the_slots(window: Window, fleet: Fleet) -> None:
    for address in ("tcp://a", "tcp://b"):
        fleet.hear(Said(address, 20))
    futures = window.refill()
    assert len(window) == 160
    fleet.lose("tcp://a")
    fleet.lose("tcp://b")
    for future in futures[:120]:
        window.take(future)
    assert window.refill() == []
    for future in futures[120:130]:
        window.take(future)
    assert len(window.refill()) == 64 - 30


def test_the_share_of_a_slot_follows_the_slots(window: Window, fleet: Fleet, record: RecordWriter) -> None:
    window.pace.s_per_byte = 0.0
    fleet.hear(Said("tcp://a", 2))
    assert {len(window.take(future)) for future in window.refill(most=20)} == {10}
    assert LONGEST_CHUNK > 20
    fleet.hear(Said("tcp://b", 8))
    record.give_back(range(FILES))
    assert {len(window.take(future)) for future in window.refill(most=20)} == {2}


def test_a_worker_that_says_the_same_again_or_is_lost_twice_is_counted_once(fleet: Fleet) -> None:
    for _ in range(2):
        fleet.hear(Said("tcp://a", 3))
        fleet.hear(Said("tcp://b", 4, LACKING))
    assert (fleet.slots, fleet.allowed()) == (3, ["tcp://a"])
    for _ in range(2):
        fleet.lose("tcp://b")
    assert (fleet.slots, fleet.allowed()) == (3, None)


def test_the_workers_that_may_get_files_are_looked_for_once_after_each_change(fleet: Fleet) -> None:
    fleet.hear(Said("tcp://a", 3))
    fleet.hear(Said("tcp://b", 4, LACKING))
    before = fleet.allowed()
    assert fleet.allowed() is before
    fleet.hear(Said("tcp://c", 3))
    assert (before, fleet.allowed()) == (["tcp://a"], ["tcp://a", "tcp://c"])


def test_a_worker_that_has_been_cured_gets_files(fleet: Fleet) -> None:
    fleet.hear(Said("tcp://a", 3, LACKING))
    assert (fleet.slots, fleet.allowed()) == (0, [])
    fleet.hear(Said("tcp://a", 3))
    assert (fleet.slots, fleet.allowed()) == (3, None)


def test_nothing_is_submitted_while_no_worker_is_fit(window: Window, fleet: Fleet) -> None:
    fleet.hear(Said("tcp://a", 3, LACKING))
    assert window.refill() == []
    assert window.is_held
    fleet.lose("tcp://a")
    assert len(window.refill()) == 64


def test_chunks_that_only_lost_workers_may_have_are_given_up(window: Window, fleet: Fleet, client: Client) -> None:
    fleet.hear(Said("tcp://127.0.0.1:1", 3))
    fleet.hear(Said("tcp://127.0.0.1:2", 3, LACKING))
    futures = window.refill()
    fleet.lose("tcp://127.0.0.1:1")
    fleet.hear(Said("tcp://127.0.0.1:3", 3))
    window.refill()
    wait_until(lambda: all(future.status == "cancelled" for future in futures))
    assert sum(len(window.take(future)) for future in futures) == len(futures)
    assert len(window.refill()) == 64


def test_a_chunk_names_few_of_many_fit_workers_and_all_of_them_get_some(
    window: Window, fleet: Fleet, record: RecordWriter
) -> None:
    fit = {f"tcp://127.0.0.1:{port}" for port in range(10, 3 * MOST_NAMED)}
    for address in fit:
        fleet.hear(Said(address, 1))
    window.refill()
    assert set(window._bound.values()) == set(), "all are fit"
    record.give_back(window.abandon())
    fleet.hear(Said("tcp://127.0.0.1:1", 1, LACKING))
    futures = window.refill()
    named = [window._bound[future] for future in futures]
    assert len(futures) == 4 * len(fit)
    assert max(map(len, named)) <= MOST_NAMED
    assert frozenset().union(*named) == fit
    shares = [named.count(group) / len(group) for group in set(named)]
    assert max(shares) / min(shares) < 1.1, "each worker has its share"


def test_chunks_are_whole_until_the_end_of_the_job_is_near(
    client: Client, fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DMEDIA_HOME", str(tmp_path / "home"))
    files = 6000
    with make_record(files) as record:
        window = Window(client, record, "convert", fleet)
        window.pace.known, window.pace.s_per_byte = True, 1e-9  # far below a millisecond: the longest chunks
        sizes = [len(window.take(future)) for future in window.refill()]
    assert sizes[: files // 2 // LONGEST_CHUNK] == [LONGEST_CHUNK] * (files // 2 // LONGEST_CHUNK)
    assert sum(sizes) <= files


def test_chunks_of_many_slots_are_longer_so_that_futures_do_not_become_more(
    client: Client, fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DMEDIA_HOME", str(tmp_path / "home"))
    fleet.hear(Said("tcp://a", 200))
    with make_record(MOST_FETCHED + 1) as record:
        window = Window(client, record, "convert", fleet)
        window.pace.known, window.pace.s_per_byte = True, 0.125 / weigh(0)  # a little more than an eighth of a second
        sizes = {len(window.take(future)) for future in window.refill()}
    assert max(sizes) == 200 / MOST_FUTURES_PER_S / 0.125 - 1
