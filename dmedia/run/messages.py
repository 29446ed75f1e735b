"""A slot's words on their way to its worker: JSON, of which nothing but the records of ``answers`` can be made.

A slot decodes what strangers made, and may have been taken over. Its words are therefore never unpickled, are of
limited length, and count only when they are about the task that was asked: everything else is a ``BreachError``.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, Literal, cast

from dmedia.errors import ErrorCode, Stage
from dmedia.model import Failure, FileResult, Output, Place, Task
from dmedia.model.info import LARGEST_COUNT
from dmedia.operations.parameters import ImageFormat
from dmedia.run.answers import Answer, Deadline, Description, Hindrance, Said, SlotReport, Trials
from dmedia.run.described import media_info
from dmedia.run.fields import LARGEST_INTEGER, LONGEST_TEXT, MOST_TEXTS, BreachError, Fields
from dmedia.run.questions import Inquiry

LONGEST_MESSAGE_BYTES = 2 * 2**20
"""Of one message: more than the texts below can come to when each of their characters takes twelve bytes of JSON."""

SHA256_DIGITS = 64
HEXADECIMAL = frozenset("0123456789abcdef")

Kind = Literal["deadline", "answer", "description", "hindrance", "report", "trials"]

KIND: dict[type, Kind] = {
    Deadline: "deadline", Answer: "answer", Description: "description", Hindrance: "hindrance", SlotReport: "report",
    Trials: "trials",
}  # fmt: skip


def write(said: Said) -> bytes:
    """Make the bytes of what a slot says.

    Parameters
    ----------
    said : Said
        What it says. Texts are shortened to what `read` takes.

    Returns
    -------
    bytes
        One message.
    """
    return json.dumps({"kind": KIND[type(said)], **_shortened(asdict(said))}, default=_path_text).encode("ascii")


def read(message: bytes, asked: Task | Inquiry | None = None) -> Said:
    """Make a record of what a slot said.

    Parameters
    ----------
    message : bytes
        As it came.
    asked : Task, Inquiry or None
        What the slot was asked to do; ``None`` when it was asked about itself.

    Returns
    -------
    Said
        Plain data, every field of its type and within its range.

    Raises
    ------
    BreachError
        When the message is anything else, or an answer to what was not asked.
    """
    try:
        fields = Fields(json.loads(message))
    except (ValueError, RecursionError) as error:
        raise BreachError(f"it is no JSON: {type(error).__name__}") from None
    kind = fields.choice("kind", Kind)
    if kind == "deadline":
        return Deadline(fields.number("deadline_s"))
    if kind == "hindrance":
        return Hindrance(fields.text("reason"))
    if kind == "answer" and isinstance(asked, Task):
        result = _result(fields.fields("result"), asked)
        return Answer(result, fields.boolean("is_last"), fields.text("exposure"))
    if kind == "description" and isinstance(asked, Inquiry):
        return _description(fields)
    if kind == "report" and asked is None:
        return _report(fields)
    if kind == "trials" and asked is None:
        return Trials(_texts_by_name(fields.fields("reads")), _texts_by_name(fields.fields("writes")))
    raise BreachError(f"nobody asked for a message of kind {kind}")


def _result(found: Fields, task: Task) -> FileResult:
    if found.integer("number") != task.number:
        raise BreachError("an answer about another file")
    places = task.places
    said = found.items("outputs", len(places))
    failure = _failure(found.fields("failure")) if found.has("failure") else None
    if len(said) != (0 if failure else len(places)):
        raise BreachError("a file has either its renditions or a failure")
    outputs = tuple(_output(Fields(output), place) for output, place in zip(said, places, strict=False))
    return FileResult(
        number=task.number,
        outputs=outputs,
        failure=failure,
        seconds=found.number("seconds"),
        decoder=found.text("decoder"),
        bytes_in=found.integer("bytes_in"),
        warnings=found.texts("warnings"),
        gps_removed=found.boolean("gps_removed"),
    )


def _description(found: Fields) -> Description:
    info = media_info(found.fields("info")) if found.has("info") else None
    failure = _failure(found.fields("failure")) if found.has("failure") else None
    if (info is None) == (failure is None):
        raise BreachError("a file has either a description or a failure")
    return Description(info, failure, found.boolean("is_last"), found.text("exposure"))


def _output(found: Fields, place: Place) -> Output:
    """Take the rendition that was planned: another path would let the job's record claim somebody's file."""
    if found.path("path") != place.rendition:
        raise BreachError("a rendition that was not asked for")
    sha256 = found.text("sha256")
    if len(sha256) != SHA256_DIGITS or not HEXADECIMAL.issuperset(sha256):
        raise BreachError("sha256 is no checksum")
    return Output(
        place.rendition,
        found.integer("width", LARGEST_COUNT, 1),
        found.integer("height", LARGEST_COUNT, 1),
        found.choice("format", ImageFormat),
        found.integer("size_bytes"),
        found.integer("mtime_ns", least=-LARGEST_INTEGER),
        sha256,
        found.number("duration_s") if found.has("duration_s") else None,
        frames=found.integer("frames", LARGEST_COUNT, 2) if found.has("frames") else None,
        quality=found.integer("quality", 100, 1) if found.has("quality") else None,
        ssim=found.share("ssim") if found.has("ssim") else None,
        identical=found.boolean("identical") if found.has("identical") else None,
    )


def _failure(found: Fields) -> Failure:
    hint = found.text("hint") if found.has("hint") else None
    code, stage = found.choice("code", ErrorCode), found.choice("stage", Stage)
    return Failure(cast("ErrorCode", code), found.text("message"), cast("Stage", stage), hint)


def _report(found: Fields) -> SlotReport:
    return SlotReport(
        found.integer("abi"),
        found.text("reason"),
        found.texts("refuses"),
        found.boolean("is_tight"),
        _texts_by_name(found.fields("versions")),
        found.text("font"),
        found.texts("reads"),
        found.texts("writes"),
    )


def _texts_by_name(found: Fields) -> dict[str, str]:
    return {name: found.text(name) for name in found.names()}


def _path_text(path: bytes) -> str:
    return path.decode("utf-8", "surrogateescape")


def _shortened(value: Any) -> Any:
    if isinstance(value, str):
        return value[:LONGEST_TEXT]
    if isinstance(value, dict):
        return {name: _shortened(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_shortened(inner) for inner in value[:MOST_TEXTS]]
    return value
