"""Kills that are proved to have hit: who owned the port lived before, and is gone after."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass

from dmedia.record.lock import is_held
from tests.chaos import witness
from tests.chaos.launching import Launching
from tests.chaos.schedule import Kill
from tests.chaos.supervisor import Supervisor, Unit, is_alive, kill_tree, owner
from tests.command import wait_until


@dataclass(frozen=True)
class Hit:
    """A kill that has been.

    Attributes
    ----------
    kill : Kill
        What was wanted.
    target : str
        What was killed, by name.
    pid : int
        The process that owned the port (the launcher's: that held the lock).
    port : int
        0 for the launcher, which has none.
    at_s, settled_s : float
        Seconds since the epoch: just before the kill, and when what it interrupted had ended.
    proof : str
        What was seen before and after.
    took_down : frozenset of int
        The workers' processes whose chunks it interrupted.
    recorded : frozenset of str
        Sources that the record had as completed just before.
    """

    kill: Kill
    target: str
    pid: int
    port: int
    at_s: float
    settled_s: float
    proof: str
    took_down: frozenset[int]
    recorded: frozenset[str]


def strike(kill: Kill, unit: Unit, cluster: Supervisor, launching: Launching) -> Hit:
    """Kill, prove it, and let a killed launcher's job be taken up again.

    Parameters
    ----------
    kill : Kill
        What is wanted.
    unit : Unit
        The node that is at work, as `find_node_at_work` has just found it.
    cluster : Supervisor
        The cluster.
    launching : Launching
        The job.

    Returns
    -------
    Hit
    """
    if kill.kind == "launcher":
        return _strike_launcher(kill, cluster, launching)
    if kill.kind == "scheduler":
        return _strike_scheduler(kill, cluster, launching)
    worker, nanny = owner(unit.port), owner(unit.nanny_port)
    assert worker
    assert nanny
    recorded, at_s = launching.recorded(), time.time()
    if kill.kind == "worker":
        os.kill(worker, signal.SIGKILL)
        proof = prove_gone(unit.port, worker)
        assert is_alive(nanny), "only the worker was killed"
    else:
        kill_tree(nanny)
        proof = f"{prove_gone(unit.port, worker)}; {prove_gone(unit.nanny_port, nanny)}"
    return Hit(kill, unit.name, worker, unit.port, at_s, time.time(), proof, frozenset({worker}), recorded)


def prove_gone(port: int, before: int) -> str:
    """Wait until a process that owned a port is gone, and the port nobody's or another's.

    Returns
    -------
    str
        What was seen.
    """
    wait_until(lambda: not is_alive(before) and owner(port) != before)
    return f"port {port}: {before} before, {owner(port) or 'nobody'} after"


def _strike_scheduler(kill: Kill, cluster: Supervisor, launching: Launching) -> Hit:
    port = cluster.scheduler.port
    before = owner(port)
    assert before
    workers = frozenset(pid for node in cluster.nodes if (pid := owner(node.port)))
    recorded, at_s = launching.recorded(), time.time()
    os.kill(before, signal.SIGKILL)
    proof = prove_gone(port, before)
    wait_until(lambda: not any(is_alive(worker) for worker in workers))  # they end when their scheduler is gone
    return Hit(kill, "scheduler", before, port, at_s, time.time(), proof, workers, recorded)


def _strike_launcher(kill: Kill, cluster: Supervisor, launching: Launching) -> Hit:
    before, lock = launching.process.pid, launching.folder / "launcher.lock"
    assert launching.process.poll() is None
    assert is_held(lock)
    recorded, at_s = launching.recorded(), time.time()
    launching.process.kill()
    launching.note_end()
    assert not is_alive(before)
    assert not is_held(lock)
    proof = f"lock: {before} before, nobody after"
    launching.resume()
    # What workers begin until the next launcher does, the one that was killed had given them: also a worker that was
    # still examining itself when its chunk came.
    wait_until(lambda: launching.began_s() > at_s)
    workers = frozenset(chunk.pid for chunk in witness.read(cluster.notes))
    return Hit(kill, "launcher", before, 0, at_s, time.time(), proof, workers, recorded)


def find_node_at_work(kill: Kill, cluster: Supervisor) -> Unit | None:
    """Choose the node that is meant, or the next one, whose worker has begun a chunk; ``None`` when no worker has."""
    at_work = {chunk.pid for chunk in witness.read(cluster.notes)}
    order = cluster.nodes[kill.node :] + cluster.nodes[: kill.node]
    return next((unit for unit in order if owner(unit.port) in at_work and owner(unit.nanny_port)), None)
