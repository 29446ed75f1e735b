"""What a chunk and its results are on the wire: bytes, which no scheduler on the way unpacks.

Dask's scheduler takes apart what it is given to run, and keeps the last thousand messages to each worker: of a chunk of
250 records that is 32 KB and some milliseconds of its only thread, and gigabytes on a large cluster. Packed it is 2 KB,
with nothing to take apart; and records made by their own constructor cost the launcher half of unpickled ones.
"""

from __future__ import annotations

import pickle
import zlib
from operator import attrgetter
from typing import TYPE_CHECKING

from dmedia.model import Failure, FileResult, Output, Place, Task

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

PROTOCOL = 5
"""Of pickle: what every supported Python reads. The bytes hold nothing but numbers, texts, bytes and tuples of them."""

LEVEL = 1
"""Of zlib: paths of a chunk are much alike, and the fastest level finds that."""

_task_fields = attrgetter(*Task.__slots__)
_output_fields = attrgetter(*Output.__slots__)
_failure_fields = attrgetter(*Failure.__slots__)
_result_fields = attrgetter(*FileResult.__slots__)


def pack_tasks(tasks: Iterable[Task]) -> bytes:
    """Pack a chunk for its way to a worker."""
    rows = []
    for task in tasks:
        *fields, also = _task_fields(task)
        rows.append((*fields, tuple(map(tuple, also))))
    return zlib.compress(pickle.dumps(rows, PROTOCOL), LEVEL)


def unpack_tasks(packed: bytes) -> tuple[Task, ...]:
    """Unpack a chunk."""
    rows = pickle.loads(zlib.decompress(packed))  # noqa: S301 - it comes from the launcher, as this call does
    return tuple(Task(*(*row[:-1], tuple(Place(*place) for place in row[-1]))) for row in rows)


def pack_results(results: Sequence[FileResult]) -> bytes:
    """Pack results for their way to the launcher."""
    rows = []
    for result in results:
        number, outputs, failure, *others = _result_fields(result)
        listed = tuple(map(_output_fields, outputs))
        rows.append((number, listed, _failure_fields(failure) if failure else None, *others))
    return pickle.dumps(rows, PROTOCOL)


def unpack_results(packed: bytes) -> list[FileResult]:
    """Unpack results."""
    rows = pickle.loads(packed)  # noqa: S301 - it comes from a worker, as Dask's own messages do
    return [
        FileResult(
            number, tuple(Output(*output) for output in outputs), Failure(*failure) if failure else None, *others
        )
        for number, outputs, failure, *others in rows
    ]
