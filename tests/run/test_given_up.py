"""Fetches of a job that has ended, on a worker that lives on."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from dmedia.model import Limits, Task, WorkOrder
from dmedia.operations.convert import Convert
from dmedia.run.slots import Slots
from tests.command import wait_until
from tests.servers.processes import PageServer, ProxyServer
from tests.servers.proxy import Rule


@pytest.mark.parametrize("end", [Slots.close, lambda slots: slots.drain(7)], ids=["closed", "drained"])
def test_a_large_object_is_fetched_no_further_when_its_job_has_ended(
    end: Callable[[Slots], None], page_server: PageServer, page_proxy: ProxyServer, tmp_path: Path
) -> None:
    (page_server.files / "a.jpg").write_bytes(b"\xff" * (3 << 20))
    page_proxy.obey(Rule(method="GET", action="drip", bytes=2000, seconds=0.1))  # of all of it, three minutes
    order = WorkOrder("batch-1-aaaaaa", "convert", Convert(format="png"), os.fsencode(tmp_path), Limits())
    slots = Slots(order, 1)
    task = Task(0, f"{page_proxy.address}/a.jpg".encode(), os.fsencode(tmp_path / "a.png"), 3 << 20)
    chunk = threading.Thread(target=lambda: slots.work((task,), 7, "w"), daemon=True)
    chunk.start()
    wait_until(lambda: page_proxy.requests("GET"))
    end(slots)
    wait_until(lambda: not any(thread.name == "dmedia-lane" for thread in threading.enumerate()))
    chunk.join(60)
    assert not chunk.is_alive()
    slots.close()
