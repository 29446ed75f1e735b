"""Real clusters: ``dask scheduler`` and ``dask worker`` as processes."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tests.command import ROOT, wait_until
from tests.processes import slots_of, workers_of


@dataclass(frozen=True)
class Cluster:
    """A scheduler and its workers, each in a process group of its own."""

    address: str
    scheduler: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]]

    def worker_processes(self) -> list[psutil.Process]:
        """Find the processes in which tasks run: below a nanny, or the started ones themselves."""
        return [(workers_of(worker.pid) or [psutil.Process(worker.pid)])[0] for worker in self.workers]

    def slots(self) -> list[psutil.Process]:
        """Find the slots of all workers."""
        return [slot for worker in self.worker_processes() for slot in slots_of(worker.pid)]


ClusterMaker = Callable[..., Cluster]
StartWorker = Callable[..., Path]


@pytest.fixture
def make_cluster(tmp_path: Path) -> Iterator[ClusterMaker]:
    """Start clusters; end them all afterwards."""
    with cluster_maker(tmp_path) as make:
        yield make


@pytest.fixture
def start_worker(tmp_path: Path) -> Iterator[StartWorker]:
    """Start a further worker of a cluster whose modules are shadowed; return its log."""
    started: list[subprocess.Popen[bytes]] = []

    def start(
        cluster: Cluster,
        shadow: Path | None = None,
        *,
        within: tuple[str, ...] = (),
        threads: int = 1,
        **environment: str,
    ) -> Path:
        log = tmp_path / f"worker-{len(started)}.log"
        options = ["--no-dashboard", "--no-nanny", "--nthreads", str(threads)]
        folders = (shadow, ROOT, os.environ.get("PYTHONPATH"))
        with log.open("wb") as words:
            started.append(
                subprocess.Popen(
                    [*within, sys.executable, "-m", "distributed.cli.dask_worker", cluster.address, *options],
                    cwd=tmp_path,
                    env={**os.environ, **environment, "PYTHONPATH": os.pathsep.join(map(str, filter(None, folders)))},
                    stdout=words,
                    stderr=words,
                )
            )
        wait_until(lambda: b"Registered to:" in log.read_bytes())
        return log

    yield start
    for process in started:
        process.kill()
        process.wait()


@contextlib.contextmanager
def cluster_maker(directory: Path) -> Iterator[ClusterMaker]:
    """Start clusters in a directory; end them all afterwards."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "distributed.cli." + arguments[0], *arguments[1:]],
            cwd=directory,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))},
            stdout=subprocess.DEVNULL,
            stderr=(directory / f"{arguments[0]}-{len(started)}.log").open("wb"),
            start_new_session=True,
        )
        started.append(process)
        return process

    def make(
        workers: int = 1, threads: int = 2, *, nanny: bool | Sequence[bool] = True, tls: Sequence[str] = ()
    ) -> Cluster:
        """Start one; ``nanny`` is said of all workers or of each, ``tls`` names certificates to all processes."""
        port = free_port()
        address = f"{'tls' if tls else 'tcp'}://127.0.0.1:{port}"
        host = address.rpartition(":")[0]
        scheduler = start("dask_scheduler", "--host", host, "--port", str(port), "--no-dashboard", *tls)
        wait_until(lambda: listens(port))
        nannies = [nanny] * workers if isinstance(nanny, bool) else nanny
        options = ["--nthreads", str(threads), "--no-dashboard", *tls]
        cluster = Cluster(
            address,
            scheduler,
            [
                start("dask_worker", address, *options, "--nanny" if with_nanny else "--no-nanny")
                for with_nanny in nannies
            ],
        )
        logs = sorted(directory.glob("dask_worker-*.log"))
        wait_until(lambda: all(b"Registered to:" in log.read_bytes() for log in logs))
        return cluster

    yield make
    for process in started:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
        process.wait()


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def listens(port: int) -> bool:
    """Tell whether somebody listens on a port."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
