"""Damaged files of every format, through real slots: each has a result, none hangs, and slots hardly ever die."""

from __future__ import annotations

import os
import threading
from collections import Counter
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

import pytest

from dmedia.errors import MediaError
from dmedia.model import Limits, Task, WorkOrder
from dmedia.operations.validation import validate
from dmedia.run.single import describe_file, describing
from dmedia.run.slots import Slots
from tests.fuzz.mutations import mutate
from tests.fuzz.seeds import FILMS, PICTURES, make_seed
from tests.media_making import work

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from dmedia.model import FileResult

FEW, MANY = 20, 1_000
"""Mutations of each seed."""

THREADS = 4

LIMITS = Limits(timeout_s=60, image_slot_bytes=512 * 2**20, film_slot_bytes=2**30)

BAD_INPUT = {"corrupt_input", "incomplete_input", "unsupported_format", "too_large"}

WRITTEN = {"jpg", "png", "gif", "webp", "tif", "avif"}

DEATHS = "slots that died"

ALLOWED = BAD_INPUT | {"completed", "out_of_memory", "decoder_crash"}

DEATHS_ALLOWED = 5
"""Slots of a run that may die: of crashes in libraries that are not ours. A death is one file's result."""

ORDERS: dict[str, dict[str, Any]] = {
    "thumbnail": {"width": 48, "height": 32, "format": "jpg"},
    "compress": {"metadata": "keep", "icc": "keep", "effort": 0},
    "resize": {"width": 40, "metadata": "copyright", "effort": 0},
}


def run_all(operation: str, tasks: list[Task], out: Path) -> list[FileResult]:
    """Do tasks in real slots, one thread a slot."""
    order = WorkOrder("batch-1-ffffff", operation, validate(operation, ORDERS[operation]), os.fsencode(out), LIMITS)
    slots = Slots(order, THREADS)
    waiting: SimpleQueue[Task] = SimpleQueue()
    for task in tasks:
        waiting.put(task)
    results: list[FileResult] = []

    def work_off() -> None:
        while True:
            try:
                task = waiting.get_nowait()
            except Empty:
                return
            results.extend(slots.work((task,), 0, "tcp://here"))

    try:
        slots.start()
        threads = [threading.Thread(target=work_off) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        slots.close()
    return results


def damaged(name: str, count: int, place: Path) -> Iterator[tuple[str, bytes, bytes]]:
    """Damage a seed in many ways, and once not at all; tell operation, source and the rendition's suffix."""
    seed = make_seed(name, place)
    stem, _, suffix = name.rpartition(".")
    operations = ("thumbnail",) if name in FILMS else tuple(ORDERS)
    for number in range(count + 1):
        source = place / "in" / (f"{stem}-{number}.{suffix}" if number < count else f"{stem}-good.{suffix}")
        source.write_bytes(mutate(seed, name, number) if number < count else seed)
        kept = suffix if suffix in WRITTEN else "png"
        operation = operations[number % len(operations)]
        yield operation, os.fsencode(source), os.fsencode("jpg" if operation == "thumbnail" else kept)


def fuzz(names: Iterable[str], count: int, place: Path) -> Counter[str]:
    """Damage seeds; hold that everything has an acceptable result; tell how many came to what."""
    (place / "in").mkdir()
    orders: dict[str, list[Task]] = {operation: [] for operation in ORDERS}
    number = 0
    for name in names:
        for operation, source, suffix in damaged(name, count, place):
            rendition = os.path.join(os.fsencode(place), os.fsencode(operation), b"%d.%b" % (number, suffix))
            orders[operation].append(Task(number, source, rendition, os.path.getsize(source)))
            number += 1
    said: Counter[str] = Counter()
    for operation, tasks in orders.items():
        results = run_all(operation, tasks, place / operation)
        assert sorted(result.number for result in results) == [task.number for task in tasks]
        said.update(judged({task.number: os.fsdecode(task.source) for task in tasks}, results))
        done = {os.path.basename(output.path) for result in results for output in result.outputs}
        there = os.fsencode(place / operation)
        assert set(os.listdir(there) if os.path.isdir(there) else ()) == done  # whole renditions and nothing else
    assert said.total() - said[DEATHS] == number
    return said


def judged(sources: dict[int, str], results: list[FileResult]) -> Counter[str]:
    """Hold that no result is one that damage may not have."""
    said: Counter[str] = Counter()
    wrong = []
    for result in results:
        code = result.failure.code if result.failure else "completed"
        said[code] += 1
        if result.failure and result.failure.stage == "run":
            said[DEATHS] += 1
            print(sources[result.number], result.failure, f"{result.seconds:.1f} s")
        if code not in ALLOWED or ("-good." in sources[result.number] and code != "completed"):
            wrong.append((sources[result.number], result.failure))
    assert wrong == []
    return said


@pytest.mark.parametrize("names", [PICTURES, FILMS], ids=["pictures", "films"])
def test_a_few_damaged_files_each_have_a_result(names: Iterable[str], tmp_path: Path) -> None:
    said = fuzz(names, FEW, tmp_path)
    assert said["completed"] > len(list(names))
    assert said[DEATHS] <= DEATHS_ALLOWED, said


@pytest.mark.parametrize(
    ("name", "number"),
    [("still.heic", 30), ("still.avif", 587), ("rgb.png", 208), ("palette.png", 28), ("raw.tif", 132), ("hevc.mkv", 0)],
)
def test_what_was_once_blamed_on_something_else_is_bad_input(name: str, number: int, tmp_path: Path) -> None:
    source = tmp_path / f"in.{name.rpartition('.')[2]}"
    source.write_bytes(mutate(make_seed(name, tmp_path), name, number))
    for operation in ("thumbnail",) if name in FILMS else tuple(ORDERS):
        result = work(bytes(source), bytes(tmp_path / "out" / source.name), operation, **ORDERS[operation])
        assert result.failure is None or result.failure.code in BAD_INPUT, (operation, result)


def test_a_few_damaged_headers_each_have_a_description_or_a_reason(tmp_path: Path) -> None:
    with describing() as slot:
        for name in (*PICTURES, *FILMS):
            seed, source = make_seed(name, tmp_path), tmp_path / f"in-{name}"
            for number in range(FEW):
                source.write_bytes(mutate(seed, name, number))
                try:
                    slot.describe(bytes(source))
                except MediaError as error:
                    assert error.code in BAD_INPUT, (name, number, error.message)


@pytest.mark.parametrize(("name", "number"), [("mpeg4.mp4", 9), ("mjpeg.avi", 51), ("mpeg4.avi", 34), ("h264.mov", 12)])
def test_sizes_and_rates_that_cannot_be_are_not_told(name: str, number: int, tmp_path: Path) -> None:
    source = tmp_path / f"in-{name}"
    source.write_bytes(mutate(make_seed(name, tmp_path), name, number))
    try:
        info = describe_file(bytes(source))
    except MediaError as error:
        assert error.code in BAD_INPUT, error.message
    else:
        assert info.frame_rate is None or info.frame_rate > 0


@pytest.mark.fuzz
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", [*PICTURES, *FILMS])
def test_a_thousand_damaged_files_each_have_a_result(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = fuzz([name], MANY, tmp_path)
    with capsys.disabled():
        print(f"\n{name:16}", dict(said.most_common()))
    assert said[DEATHS] <= DEATHS_ALLOWED, said
