"""A worker whose machine has no thread left."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from dmedia.model import Limits, Task, WorkOrder
from dmedia.operations.convert import Convert
from dmedia.run.fitness.demand import Demand
from dmedia.run.worker import SlotsPlugin, UnfitWorkerError

ORDER = WorkOrder("batch-1-aaaaaa", "convert", Convert(format="png"), b"/nowhere", Limits())


@pytest.mark.parametrize("demand", [Demand(), None], ids=["of a cluster", "of the launcher"])
def test_a_worker_that_cannot_examine_itself_says_so_and_lets_no_chunk_wait(
    demand: Demand | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = threading.Thread.start
    said: list[Any] = []

    def refuse(thread: threading.Thread) -> None:
        if thread.name.startswith("dmedia-live"):
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    worker: Any = SimpleNamespace(
        address="tcp://w", state=SimpleNamespace(nthreads=1), log_event=lambda _, words: said.append(words)
    )
    plugin = SlotsPlugin(ORDER, demand, "launch")
    try:
        if demand is None:
            with pytest.raises(RuntimeError, match="new thread"):
                plugin.setup(worker)
        else:
            plugin.setup(worker)
            assert said[0]["lacks"][0][0] == "cannot examine itself"
        with pytest.raises(UnfitWorkerError, match="tcp://w gets no files: it cannot examine itself: can't start"):
            plugin.work((Task(0, b"/x", b"/y", 1),), 0)
    finally:
        plugin.teardown(worker)
