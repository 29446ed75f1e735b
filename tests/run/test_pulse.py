"""What the launcher makes of workers that refuse files."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from dmedia.errors import ClusterError
from dmedia.run import pulse as pulses
from dmedia.run.collect import Outcome

REFUSED = Outcome(refused=[object()], refusal="NoSlotError: no slot can be started")  # type: ignore[list-item]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now_s = [1000.0]
    monkeypatch.setattr(pulses, "time", SimpleNamespace(monotonic=lambda: now_s[0]))
    return now_s


def test_workers_that_refuse_everything_are_given_up_unless_another_is_at_work(clock: list[float]) -> None:
    cluster: Any = SimpleNamespace(client=SimpleNamespace(), worker_wait_s=600.0)
    pulse = pulses.Pulse(cluster, SimpleNamespace(job="batch-1-aaaaaa"), SimpleNamespace())  # type: ignore[arg-type]

    def refuse(seconds: int, *, at_work: bool) -> None:
        for _ in range(seconds):
            pulse.hear(REFUSED, at_work=at_work)
            pulse.hear(Outcome(), at_work=at_work)
            clock[0] += 1

    refuse(100, at_work=True)
    refuse(int(pulses.REFUSALS_LIMIT_S), at_work=False)
    with pytest.raises(ClusterError, match="The workers cannot work on files: NoSlotError: no slot can be started"):
        refuse(3, at_work=False)
