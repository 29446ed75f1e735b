"""Damaged files of every format, through real slots: each has a result, none hangs, and slots hardly ever die."""

from __future__ import annotations

import os
import threading
from collections import Counter
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

import pytest

from dmedia.model import Limits, Task, WorkOrder
from dmedia.operations.validation import validate
from dmedia.run.slots import Slots
from tests.fuzz.mutations import mutate
from tests.fuzz.seeds import FILMS, PICTURES, make_seed

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

DEATHS = {"decoder_crash", "out_of_memory"}

ALLOWED = {"completed"} | BAD_INPUT | DEATHS

DEATHS_ALLOWED = 5
"""Slots of a run that may die: of crashes in libraries that are not ours. A death is one file's result."""

ORDERS = {
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

    def work() -> None:
        while True:
            try:
                task = waiting.get_nowait()
            except Empty:
                return
            results.extend(slots.work((task,), 0, "tcp://here"))

    try:
        slots.start()
        threads = [threading.Thread(target=work) for _ in range(THREADS)]
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
    assert said.total() == number
    return said


def judged(sources: dict[int, str], results: list[FileResult]) -> Counter[str]:
    """Hold that no result is one that damage may not have."""
    said: Counter[str] = Counter()
    wrong = []
    for result in results:
        code = result.failure.code if result.failure else "completed"
        said[code] += 1
        if code in DEATHS:
            print(sources[result.number], result.failure, f"{result.seconds:.1f} s")
        if code not in ALLOWED or ("-good." in sources[result.number] and code != "completed"):
            wrong.append((sources[result.number], result.failure))
    assert wrong == []
    return said


@pytest.mark.parametrize("names", [PICTURES, FILMS], ids=["pictures", "films"])
def test_a_few_damaged_files_each_have_a_result(names: Iterable[str], tmp_path: Path) -> None:
    said = fuzz(names, FEW, tmp_path)
    assert said["completed"] > len(list(names))
    assert sum(said[code] for code in DEATHS) <= DEATHS_ALLOWED, said


@pytest.mark.fuzz
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", [*PICTURES, *FILMS])
def test_a_thousand_damaged_files_each_have_a_result(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = fuzz([name], MANY, tmp_path)
    with capsys.disabled():
        print(f"\n{name:16}", dict(said.most_common()))
    assert sum(said[code] for code in DEATHS) <= DEATHS_ALLOWED, said
