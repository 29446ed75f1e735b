"""A cluster whose processes are kept running on fixed ports, as an init system would."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.chaos.witness import NOTES, SITECUSTOMIZE
from tests.command import ROOT, wait_until
from tests.run.conftest import free_port

RESTART_S = 1.0
"""Seconds after its end at which a process is started again."""


@dataclass
class Unit:
    """A process that is started again when it has ended.

    Attributes
    ----------
    name : str
        For its log.
    arguments : list of str
        Of ``python -m``.
    port : int
        On which its work listens: the scheduler's own, a node's worker's.
    nanny_port : int
        Of a node; 0 for the scheduler.
    """

    name: str
    arguments: list[str]
    port: int
    nanny_port: int = 0
    process: subprocess.Popen[bytes] | None = None
    ended_s: float = 0.0


class Supervisor:
    """Runs a scheduler and nodes (a nanny with its worker), and starts again what has ended.

    Parameters
    ----------
    directory : Path
        Gets logs and the workers' notes.
    nodes, threads : int
        How many, and threads of each.
    restart_s : float
        Seconds after its end at which a process is started again.
    """

    def __init__(self, directory: Path, nodes: int = 2, threads: int = 2, restart_s: float = RESTART_S) -> None:
        self.notes = directory / "notes"
        self._directory = directory
        self._restart_s = restart_s
        (directory / "site").mkdir()
        (directory / "site" / "sitecustomize.py").write_text(SITECUSTOMIZE)
        port = free_port()
        self.address = f"tcp://127.0.0.1:{port}"
        host = ["--host", "127.0.0.1", "--no-dashboard"]
        self.scheduler = Unit("scheduler", ["distributed.cli.dask_scheduler", *host, "--port", str(port)], port)
        self.nodes = [self._node(number, [*host, "--nthreads", str(threads)]) for number in range(nodes)]
        self._closing = threading.Event()
        self._keeper = threading.Thread(target=self._keep)

    def __enter__(self) -> Supervisor:
        """Start everything, and wait until all workers listen."""
        self._keeper.start()
        try:
            wait_until(lambda: all(owner(unit.port) for unit in (self.scheduler, *self.nodes)))
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *ended: object) -> None:
        """End everything."""
        self.close()

    def close(self) -> None:
        """End everything."""
        self._closing.set()
        self._keeper.join()
        for unit in (self.scheduler, *self.nodes):
            if unit.process:
                kill_tree(unit.process.pid)
                unit.process.wait()

    def _node(self, number: int, options: list[str]) -> Unit:
        port, nanny_port = free_port(), free_port()
        ports = ["--worker-port", str(port), "--nanny-port", str(nanny_port)]
        arguments = ["distributed.cli.dask_worker", self.address, *options, *ports]
        return Unit(f"node{number}", arguments, port, nanny_port)

    def _keep(self) -> None:
        while not self._closing.wait(0.05):
            for unit in (self.scheduler, *self.nodes):
                if unit.process is None:
                    self._start(unit)
                elif unit.process.poll() is not None:
                    unit.ended_s = unit.ended_s or time.monotonic()
                    if time.monotonic() - unit.ended_s > self._restart_s:
                        self._start(unit)

    def _start(self, unit: Unit) -> None:
        with (self._directory / f"{unit.name}.log").open("ab") as log:
            unit.process = subprocess.Popen(
                [sys.executable, "-m", *unit.arguments],
                cwd=self._directory,
                env={**os.environ, "PYTHONPATH": f"{self._directory / 'site'}:{ROOT}", NOTES: str(self.notes)},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        unit.ended_s = 0.0


def owner(port: int) -> int | None:
    """Tell the process that listens on a port."""
    for connection in psutil.net_connections("tcp"):
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port:
            pid: int | None = connection.pid
            return pid
    return None


def is_alive(pid: int) -> bool:
    """Tell whether a process runs: one that nobody has waited for yet does not."""
    try:
        return bool(psutil.Process(pid).status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD))
    except psutil.NoSuchProcess:
        return False


def kill_tree(pid: int) -> None:
    """Kill a process and all below it at one moment, as a machine that loses its power does."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        process.send_signal(signal.SIGSTOP)  # so that no new child escapes
        for member in (*process.children(recursive=True), process):
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()
