"""Records made on the spot."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from dmedia.errors import ErrorCode
from dmedia.model import Failure, FileResult, Inputs, JobSpec, Output, PlannedFile, Source
from dmedia.operations.convert import Convert
from dmedia.record.writer import RecordWriter

ROOT = Path(__file__).parents[2]


def make_spec(out: Path | bytes = b"/nowhere/out", **more: Any) -> JobSpec:
    parameters = more.pop("parameters", Convert(format="webp", width=800))
    inputs = more.pop("inputs", Inputs(paths=(b"/photos",)))
    return JobSpec("convert", parameters, inputs, os.fsencode(out), **more)


def make_files(count: int, out: bytes = b"/nowhere/out", start: int = 0) -> list[PlannedFile]:
    return [
        PlannedFile(
            number,
            Source(b"/photos/%d/%d.jpg" % (number // 100, number), b"/photos", 1000 + number, 10**18 + number),
            b"%b/%d/%d.webp" % (out, number // 100, number),
        )
        for number in range(start, start + count)
    ]


def fill(record: RecordWriter, files: Iterable[PlannedFile]) -> RecordWriter:
    files = list(files)
    record.plan.add(files, [(file.rendition,) for file in files])
    record.plan.complete(b"/photos", {}, [])
    return record


def make_record(count: int, **more: Any) -> RecordWriter:
    """A planned and started job with pending files."""
    record = fill(RecordWriter.create(make_spec(**more)), make_files(count))
    record.life.start("inproc://", None)
    return record


def output(path: bytes, size_bytes: int = 500, mtime_ns: int = 7) -> Output:
    return Output(path, 800, 600, "webp", size_bytes, mtime_ns, "ab" * 32)


def completed(number: int) -> FileResult:
    path = b"/nowhere/out/%d/%d.webp" % (number // 100, number)
    return FileResult(number, (output(path),), None, 0.25, "tcp://w:1", "libvips", 1000 + number, ("note",))


def failed(number: int, code: ErrorCode = "corrupt_input") -> FileResult:
    failure = Failure(code, "Corrupt input: it ends early", "decode", "Copy it again.")
    return FileResult(number, (), failure, 0.5, "tcp://w:1", "libvips", 1000 + number)


def python(code: str, *arguments: str) -> subprocess.Popen[str]:
    """Start a process that runs code of ours, with pipes."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


def make_older(path: Path, version: int = 1) -> None:
    """Make of a record one as an earlier schema had it: 2 without several renditions, 1 without sources' versions."""
    connection = sqlite3.connect(path)
    connection.execute("DROP TABLE rendition")
    connection.execute("ALTER TABLE state DROP COLUMN gps_removed")
    connection.execute("UPDATE result SET detail = json_remove(detail, '$[7]')")
    if version < 2:
        connection.execute("ALTER TABLE file DROP COLUMN version")
    connection.execute(f"PRAGMA user_version = {version}")
    connection.commit()
    connection.close()
