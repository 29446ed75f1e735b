"""What a worker takes of a slot's words: what an honest slot says, and nothing else."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from typing import Any

import pytest

from dmedia.model import Failure, FileResult, Output, Place, Task
from dmedia.run.answers import Answer, Deadline, Hindrance, SlotReport, Trials
from dmedia.run.fields import BreachError
from dmedia.run.messages import LONGEST_MESSAGE_BYTES, read, write

TASK = Task(7, b"/in/\xff.jpg", b"/out/\xff.webp", 100)
OUTPUT = Output(TASK.rendition, 40, 30, "webp", 1234, 1_700_000_000_000_000_000, "0" * 64)
DONE = FileResult(7, (OUTPUT,), seconds=0.5, decoder="libvips", bytes_in=100, warnings=("original kept",))
FAILED = FileResult(7, failure=Failure("too_large", "Too large: '€'", "open", "raise it"), seconds=0.5)


@pytest.mark.parametrize(
    ("said", "task"),
    [
        (Deadline(30.0), TASK),
        (Answer(DONE, is_last=False), TASK),
        (Answer(replace(DONE, outputs=(replace(OUTPUT, duration_s=1.5),)), is_last=True, exposure="why"), TASK),
        (Answer(replace(DONE, outputs=(replace(OUTPUT, frames=12),)), is_last=False), TASK),
        (Answer(replace(DONE, outputs=(replace(OUTPUT, quality=82, ssim=0.98),)), is_last=True), TASK),
        (Answer(replace(DONE, outputs=(replace(OUTPUT, identical=True),)), is_last=True), TASK),
        (Answer(FAILED, is_last=False), TASK),
        (Hindrance("ImportError: libvips is not here"), TASK),
        (SlotReport(6, "", ("read", "write"), True, {"libvips": "8.17"}, "/font.ttf", ("jpg", "heif"), ("jpg",)), None),
        (Trials({"jpg": "", "heif": "it needs an extra"}, {"jpg": ""}), None),
    ],
)
def test_what_a_slot_says_arrives_as_it_was(said: Any, task: Task | None) -> None:
    assert read(write(said), task) == said


def test_texts_arrive_shortened_and_without_half_characters() -> None:
    long = replace(FAILED, failure=Failure("internal", "x\udcff" + "\U0001f600" * 100_000, "run"))
    long = replace(long, warnings=("\U0001f600" * 100_000,) * 1000)
    message = write(Answer(long, is_last=False))
    assert len(message) < LONGEST_MESSAGE_BYTES
    said = read(message, TASK)
    assert isinstance(said, Answer)
    assert said.result.failure is not None
    assert said.result.failure.message.encode().startswith(b"x?\xf0")
    assert 1 <= len(said.result.warnings) < 1000


def changed(said: Answer | Deadline, *path: str, to: object) -> bytes:
    """Spell a message that differs in one field."""
    document = json.loads(write(said))
    place = document
    for name in path[:-1]:
        place = place[0] if name == "first" else place[name]
    place[path[-1]] = to
    return json.dumps(document).encode()


HONEST = Answer(DONE, is_last=False)
FAILING = Answer(FAILED, is_last=False)
RENDITION = ("result", "outputs", "first")


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\xff",
        b"[]",
        b"7",
        b"{}",
        b"[" * 100_000,
        b'{"kind": ["answer"]}',
        b'{"kind": "answer", "result": {"number": ' + b"9" * 10_000 + b"}}",
        pickle.dumps(HONEST),
        changed(HONEST, "kind", to="order"),
        changed(HONEST, "is_last", to=1),
        changed(HONEST, "exposure", to=None),
        changed(HONEST, "result", to=[]),
        changed(HONEST, "result", "number", to=8),
        changed(HONEST, "result", "number", to=7.0),
        changed(HONEST, "result", "seconds", to=float("nan")),
        changed(HONEST, "result", "seconds", to=-1),
        changed(HONEST, "result", "seconds", to="1"),
        changed(HONEST, "result", "bytes_in", to=2**63),
        changed(HONEST, "result", "bytes_in", to=True),
        changed(HONEST, "result", "decoder", to="x" * 10_000),
        changed(HONEST, "result", "warnings", to=["x"] * 1000),
        changed(HONEST, "result", "warnings", to=[1]),
        changed(HONEST, "result", "outputs", to=[]),
        changed(HONEST, "result", "outputs", to=json.loads(write(HONEST))["result"]["outputs"] * 2),
        changed(HONEST, "result", "failure", to=json.loads(write(FAILING))["result"]["failure"]),
        changed(HONEST, *RENDITION, "path", to="/out/other.webp"),
        changed(HONEST, *RENDITION, "path", to="/out/../out/\udcff.webp"),
        changed(HONEST, *RENDITION, "path", to="/out/\ud800"),
        changed(HONEST, *RENDITION, "path", to=None),
        changed(HONEST, *RENDITION, "width", to=0),
        changed(HONEST, *RENDITION, "height", to=2**31),
        changed(HONEST, *RENDITION, "frames", to=1),
        changed(HONEST, *RENDITION, "frames", to=True),
        changed(HONEST, *RENDITION, "frames", to=2**31),
        changed(HONEST, *RENDITION, "format", to="exe"),
        changed(HONEST, *RENDITION, "format", to={}),
        changed(HONEST, *RENDITION, "size_bytes", to=-1),
        changed(HONEST, *RENDITION, "size_bytes", to="1"),
        changed(HONEST, *RENDITION, "mtime_ns", to=2**63),
        changed(HONEST, *RENDITION, "quality", to=0),
        changed(HONEST, *RENDITION, "quality", to=80.5),
        changed(HONEST, *RENDITION, "ssim", to=1.01),
        changed(HONEST, *RENDITION, "ssim", to=float("nan")),
        changed(HONEST, *RENDITION, "ssim", to=True),
        changed(HONEST, *RENDITION, "identical", to=1),
        changed(HONEST, *RENDITION, "sha256", to="Z" * 64),
        changed(HONEST, *RENDITION, "sha256", to="0" * 63),
        changed(FAILING, "result", "failure", "code", to="mine"),
        changed(FAILING, "result", "failure", "stage", to="mine"),
        changed(FAILING, "result", "failure", "message", to=None),
        changed(FAILING, "result", "failure", "hint", to=7),
        changed(Deadline(30.0), "deadline_s", to=float("inf")),
        changed(Deadline(30.0), "deadline_s", to=None),
        write(SlotReport(6, "", (), True, {}, "", (), ())),
        write(Trials({}, {})),
        changed(Answer(DONE, is_last=False), "result", "gps_removed", to="yes"),
    ],
    ids=lambda message: repr(message[:60]),
)
def test_everything_else_is_a_breach(message: bytes) -> None:
    with pytest.raises(BreachError):
        read(message, TASK)


def test_an_answer_is_not_taken_from_a_slot_that_was_asked_about_itself() -> None:
    with pytest.raises(BreachError):
        read(write(HONEST))


TWO = replace(TASK, also=(Place(b"/out/second.jpg"),))
SECOND = replace(OUTPUT, path=b"/out/second.jpg", format="jpg")


def test_each_of_several_renditions_arrives_at_its_place() -> None:
    said = Answer(replace(DONE, outputs=(OUTPUT, SECOND)), is_last=False)
    assert read(write(said), TWO) == said


@pytest.mark.parametrize(
    "outputs",
    [
        (OUTPUT,),
        (SECOND, OUTPUT),
        (OUTPUT, OUTPUT),
        (OUTPUT, SECOND, SECOND),
        (OUTPUT, replace(SECOND, path=b"/etc/x")),
    ],
)
def test_fewer_renditions_or_others_than_were_asked_for_are_a_breach(outputs: tuple[Output, ...]) -> None:
    with pytest.raises(BreachError):
        read(write(Answer(replace(DONE, outputs=outputs), is_last=False)), TWO)
