"""Chunks and results on the wire."""

from __future__ import annotations

import pickle

from dmedia.model import Failure, FileResult, Output, Place, Task
from dmedia.run.wire import pack_results, pack_tasks, unpack_results, unpack_tasks

TASKS = (
    Task(0, b"/photos/a\xff.jpg", b"/out/a.webp", -1),
    Task(7, b"s3://bucket/b.jpg", b"/out/b.webp", 12, replaces=True, version="etag", renews=True),
    Task(8, b"/photos/c.jpg", b"/out/c-1.webp", 12, also=(Place(b"/out/c-2.webp", renews=True), Place(b"/out/c.jpg"))),
)

RESULTS = [
    FileResult(0, (Output(b"/out/a.webp", 8, 6, "webp", 5, 10**18, "ab" * 32, version="v"),), None, 0.25, "tcp://w:1"),
    FileResult(
        1, (), Failure("corrupt_input", "Corrupt input: \udcff", "decode", "hint"), 0.5, "w", "libvips", 9, ("n",)
    ),
    FileResult(2, (Output(b"a", 1, 1, "jpg", 1, 1, "", 2.5), Output(b"b", 1, 1, "gif", 1, 1, "", frames=9))),
    FileResult(3, (Output(b"c", 1, 1, "jpg", 1, 1, "", quality=80, ssim=0.5, identical=True),)),
]


def test_tasks_arrive_as_they_were_sent() -> None:
    assert unpack_tasks(pack_tasks(TASKS)) == TASKS
    assert unpack_tasks(pack_tasks(())) == ()


def test_results_arrive_as_they_were_sent() -> None:
    assert unpack_results(pack_results(RESULTS)) == RESULTS
    assert unpack_results(pack_results([])) == []


def test_a_chunk_of_like_paths_takes_little_of_a_schedulers_memory() -> None:
    chunk = [Task(n, b"/photos/%04d.jpg" % n, b"/mnt/renditions/%04d.webp" % n, 10**6 + n) for n in range(256)]
    assert len(pack_tasks(chunk)) < len(pickle.dumps(chunk)) / 5
