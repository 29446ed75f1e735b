"""A cluster that freezes, comes back or stays away: it is told, waited for, and given up with a job that can go on."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.chaos.hits import prove_gone
from tests.chaos.launching import Launching, ended_with
from tests.chaos.supervisor import Supervisor, kill_tree, owner
from tests.command import Dmedia, below, wait_until
from tests.media_making import encoded, photo

FILES = 36
PROMISE_S = 10.0
"""Seconds within which a frozen scheduler is told of."""


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def begin(dmedia: Dmedia, stack: ExitStack, *options: str, restart_s: float = 1.0) -> tuple[Supervisor, Launching]:
    """Start a job on a cluster, and wait until some of its files are done."""
    sources = dmedia.directory / "in"
    sources.mkdir()
    for number in range(FILES):
        (sources / f"{number:02}.png").write_bytes(encoded(photo((400, 300), number), "PNG"))
    cluster = stack.enter_context(Supervisor(dmedia.directory, nodes=1, restart_s=restart_s))
    command = ("convert", "in", "-o", "out", "--format", "avif", "--effort", "5", *options)
    launching = Launching(dmedia, cluster.address, *command)
    stack.callback(launching.close)
    wait_until(launching.recorded)
    return cluster, launching


def status(dmedia: Dmedia) -> dict[str, Any]:
    document: dict[str, Any] = dmedia("status", "last", "--json").document
    return document


def test_a_frozen_scheduler_is_told_and_the_job_goes_on_when_it_thaws(dmedia: Dmedia, stack: ExitStack) -> None:
    cluster, launching = begin(dmedia, stack)
    scheduler = owner(cluster.scheduler.port)
    assert scheduler
    os.kill(scheduler, signal.SIGSTOP)
    frozen_s = time.monotonic()
    try:
        wait_until(lambda: "does not answer" in str(status(dmedia)["warnings"]), 5 * PROMISE_S)
        told_s = time.monotonic() - frozen_s
        seen = status(dmedia)
    finally:
        os.kill(scheduler, signal.SIGCONT)
    print(f"told after {told_s:.1f} s")
    assert seen["status"] == "running"
    assert seen["completed"] < FILES
    launched = launching.process
    assert ended_with(launched, 120)[0] == 0
    ended = status(dmedia)
    assert (ended["status"], ended["completed"]) == ("completed", FILES)
    assert not [warning for warning in ended["warnings"] if "does not answer" in warning]
    assert len(below(dmedia.directory / "out")) == FILES


def test_a_killed_scheduler_that_comes_back_is_found_by_the_same_launcher(dmedia: Dmedia, stack: ExitStack) -> None:
    cluster, launching = begin(dmedia, stack)
    before = owner(cluster.scheduler.port)
    assert before
    os.kill(before, signal.SIGKILL)
    prove_gone(cluster.scheduler.port, before)
    exit_status, words = ended_with(launching.process, 120)
    assert exit_status == 0, words
    assert len(launching.recorded()) == FILES
    assert {file["attempts"] for file in dmedia.files().values()} == {1}
    assert len(below(dmedia.directory / "out")) == FILES


def test_a_scheduler_that_was_replaced_while_the_launcher_stood_still_costs_no_file(
    dmedia: Dmedia, stack: ExitStack
) -> None:
    cluster, launching = begin(dmedia, stack)
    before = {unit.port: owner(unit.port) for unit in (cluster.scheduler, *cluster.nodes)}
    launching.process.send_signal(signal.SIGSTOP)
    scheduler = before[cluster.scheduler.port]
    assert scheduler
    os.kill(scheduler, signal.SIGKILL)
    wait_until(lambda: all(owner(port) not in (None, pid) for port, pid in before.items()))
    time.sleep(2)  # Dask's client may now connect again by itself, before the launcher looks
    launching.process.send_signal(signal.SIGCONT)
    exit_status, words = ended_with(launching.process, 120)
    assert exit_status == 0, words
    assert {(file["status"], file["attempts"]) for file in dmedia.files().values()} == {("completed", 1)}


def test_a_job_whose_cluster_has_a_frozen_worker_heeds_signals_and_goes_on_without_it(
    dmedia: Dmedia, stack: ExitStack
) -> None:
    cluster = stack.enter_context(Supervisor(dmedia.directory, nodes=2))
    (dmedia.directory / "a.png").write_bytes(encoded(photo((400, 300)), "PNG"))
    frozen = owner(cluster.nodes[1].port)
    assert frozen
    os.kill(frozen, signal.SIGSTOP)
    stack.callback(os.kill, frozen, signal.SIGCONT)
    command = ("resize", "a.png", "-o", "out", "--width", "9", "--scheduler", cluster.address)
    launcher = dmedia.start(*command)
    stack.callback(launcher.kill)
    wait_until(lambda: dmedia("status", "last", "--json").document.get("status") == "running")
    time.sleep(1)
    launcher.send_signal(signal.SIGINT)
    assert ended_with(launcher, 60)[0] == 130


def test_workers_that_stay_away_for_longer_than_the_job_waits_end_it_as_interrupted(
    dmedia: Dmedia, stack: ExitStack
) -> None:
    cluster, launching = begin(dmedia, stack, "--worker-wait", "3", restart_s=1e9)
    unit = cluster.nodes[0]
    before = owner(unit.port)
    assert before
    assert unit.process
    kill_tree(unit.process.pid)
    prove_gone(unit.port, before)
    exit_status, words = ended_with(launching.process, 120)
    assert exit_status == 7
    assert "no workers" in words
    assert launching.job in words
    assert "Traceback" not in words
    assert not [name for name in below(dmedia.directory / "out") if name.startswith(".dmedia-")]
    seen = status(dmedia)
    assert seen["status"] == "interrupted"
    assert 0 < seen["completed"] < FILES
    resumed = dmedia("resume", launching.job, "-j", "2", "--json")  # here: the job's own cluster has no workers
    assert (resumed.status, resumed.document["completed"]) == (0, FILES)
    assert len(below(dmedia.directory / "out")) == FILES
