"""A slot that was taken over by what it decodes talks to its worker: no word of it is more than a file's failure."""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dmedia.model import FileResult, Limits, Output, Task, WorkOrder
from dmedia.operations.convert import Convert
from dmedia.run import asking
from dmedia.run.answers import Answer, Deadline
from dmedia.run.messages import write
from dmedia.run.slots import Slots
from tests.media_making import jpeg

HEIC = (24).to_bytes(4, "big") + b"ftypheic" + bytes(4) + b"mif1heic" + (16).to_bytes(4, "big") + b"mdat" + b"pixels.."

TAKEN_OVER = """
import gc, json, os, signal, time
from multiprocessing.connection import Connection

def open_heif(file, **options):
    (worker,) = [found for found in gc.get_objects() if isinstance(found, Connection)]
    signal.setitimer(signal.ITIMER_REAL, 0)
    says, _, names = os.environ["DMEDIA_SLOT_SAYS"].partition(" ")
    if names:
        raise ValueError("seen: " + " ".join(name for name in names.split() if name in os.environ))
    os.write(worker.fileno(), bytes.fromhex(says))
    time.sleep(300)
"""


class Intruder:
    """What a worker would make of an answer, if it made what the answer says."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.write_text, (self.path, "broken out")


def framed(message: bytes) -> bytes:
    return len(message).to_bytes(4, "big") + message


TakeOver = Callable[[bytes | str], list[FileResult]]


@pytest.fixture
def task(tmp_path: Path) -> Task:
    (tmp_path / "in.heic").write_bytes(HEIC)
    return Task(0, os.fsencode(tmp_path / "in.heic"), os.fsencode(tmp_path / "out" / "in.png"), len(HEIC))


@pytest.fixture
def take_over(tmp_path: Path, task: Task, monkeypatch: pytest.MonkeyPatch) -> Iterator[TakeOver]:
    """Let a slot work on a picture that takes it over, with what it is going to say then, and on a good one."""
    package = tmp_path / "packages" / "pillow_heif"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(TAKEN_OVER)
    monkeypatch.syspath_prepend(str(package.parent))
    (tmp_path / "good.jpg").write_bytes(jpeg())
    good = Task(1, os.fsencode(tmp_path / "good.jpg"), os.fsencode(tmp_path / "out" / "good.png"), 0)
    started: list[Slots] = []

    def work(says: bytes | str) -> list[FileResult]:
        monkeypatch.setenv("DMEDIA_SLOT_SAYS", says.hex() if isinstance(says, bytes) else says)
        order = WorkOrder("batch-1-aaaaaa", "convert", Convert(format="png"), os.fsencode(tmp_path / "out"), Limits())
        started.append(Slots(order, 1))
        return started[-1].work((task, good), 0, "tcp://w")

    yield work
    for slots in started:
        slots.close()


def outcome(results: list[FileResult]) -> tuple[str | None, str]:
    """Tell what became of the first file; the second must be well, and nothing may be left."""
    bad, good = results
    assert good.failure is None
    assert os.listdir(os.path.dirname(good.outputs[0].path)) == [b"good.png"]
    return (bad.failure.code, bad.failure.message) if bad.failure else (None, "")


def test_an_answer_that_would_do_something_does_nothing(take_over: TakeOver, tmp_path: Path) -> None:
    says = pickle.dumps(Intruder(tmp_path / "outside"))
    code, message = outcome(take_over(framed(says)))
    assert not (tmp_path / "outside").exists()
    assert (code, message.split(":")[0]) == ("decoder_crash", "Decoder crash")
    pickle.loads(says)  # the same answer, taken the other way
    assert (tmp_path / "outside").read_text() == "broken out"


def claimed(task: Task, number: int, path: bytes) -> bytes:
    output = Output(path, 40, 30, "png", 1, 1, "0" * 64)
    message = write(Answer(FileResult(number, (output,)), is_last=False))
    return framed(message)


def test_an_answer_about_another_file_counts_for_none(take_over: TakeOver, task: Task) -> None:
    code, message = outcome(take_over(claimed(task, 1, task.rendition)))
    assert (code, message.rpartition(": ")[2]) == ("decoder_crash", "an answer about another file")


def test_a_rendition_that_was_not_asked_for_does_not_come_into_the_record(take_over: TakeOver, task: Task) -> None:
    code, message = outcome(take_over(claimed(task, 0, b"/etc/passwd")))
    assert (code, message.rpartition(": ")[2]) == ("decoder_crash", "a rendition that was not asked for")


def test_an_answer_without_end_is_not_waited_for(take_over: TakeOver) -> None:
    code, message = outcome(take_over(b"\x7f\xff\xff\xff" + b"x" * 1000))
    assert (code, message.rpartition(": ")[2]) == ("decoder_crash", "a message of 2147483647 bytes")


@pytest.mark.parametrize(
    "says",
    [
        b"",
        framed(json.dumps({}).encode())[:-1],
        framed(write(Deadline(1e15))),
        framed(write(Deadline(9.0))) * 9,
    ],
    ids=["nothing", "half a message", "a deadline without end", "one deadline after the other"],
)
def test_a_slot_that_switches_its_deadline_off_is_ended_all_the_same(
    take_over: TakeOver, monkeypatch: pytest.MonkeyPatch, says: bytes
) -> None:
    monkeypatch.setattr(asking, "OVERDUE_FACTOR", 0.1)
    monkeypatch.setattr(asking, "OVERDUE_S", 0.1)
    monkeypatch.setattr(asking, "LONGEST_DEADLINE_S", 30.0)
    assert outcome(take_over(says))[0] == "timeout"


def test_it_finds_no_password_of_its_worker(take_over: TakeOver, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_SECRET_ACCESS_KEY", "DASK_PASSWORD", "LC_TIME", "VIPS_WARNING", "SOMETHING"):
        monkeypatch.setenv(name, "C")
    message = outcome(take_over("look AWS_SECRET_ACCESS_KEY DASK_PASSWORD SOMETHING LC_TIME VIPS_WARNING PATH TMPDIR"))[
        1
    ]
    assert message == "Corrupt input: seen: LC_TIME VIPS_WARNING PATH TMPDIR"
