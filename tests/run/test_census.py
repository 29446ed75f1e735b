"""Before a job starts, all workers of a cluster say what they are: what does not fit is told, and nothing is begun."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import dmedia as package
from tests.command import ROOT, Dmedia, below, wait_until
from tests.media_making import encoded, jpeg, photo
from tests.run.conftest import Cluster, ClusterMaker

StartWorker = Callable[..., Path]


@pytest.fixture
def start_worker(tmp_path: Path) -> Iterator[StartWorker]:
    """Start a further worker of a cluster whose modules are shadowed; return its log."""
    started: list[subprocess.Popen[bytes]] = []

    def start(cluster: Cluster, shadow: Path | None = None, *, within: tuple[str, ...] = ()) -> Path:
        log = tmp_path / f"worker-{len(started)}.log"
        options = ["--no-dashboard", "--no-nanny", "--nthreads", "1"]
        with log.open("wb") as words:
            started.append(
                subprocess.Popen(
                    [*within, sys.executable, "-m", "distributed.cli.dask_worker", cluster.address, *options],
                    cwd=tmp_path,
                    env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, filter(None, (shadow, ROOT))))},
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


def shadow(folder: Path, module: str, text: str) -> Path:
    """Make a directory whose module hides another one of its name."""
    folder.mkdir()
    (folder / f"{module}.py").write_text(text)
    return folder


def without(folder: Path, module: str) -> Path:
    return shadow(folder, module, f'raise ModuleNotFoundError("No module named {module}", name={module!r})\n')


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    for number in range(6):
        (tmp_path / "in" / f"{number}.jpg").write_bytes(jpeg())
    return tmp_path / "in"


def test_workers_of_another_version_or_without_dmedia_are_counted_and_named(
    dmedia: Dmedia, photos: Path, tmp_path: Path, make_cluster: ClusterMaker, start_worker: StartWorker
) -> None:
    cluster = make_cluster(threads=1)
    start_worker(cluster, shadow(tmp_path / "old", "dmedia", "__version__ = '0.0.9'\n"))
    start_worker(cluster, without(tmp_path / "none", "dmedia"))
    ran = dmedia("resize", "in", "-o", "out", "--width", "9", "--scheduler", cluster.address)
    assert ran.status == 5, ran.out + ran.err
    assert "1 of 3 workers has another version of dmedia: 0.0.9 on tcp://127.0.0.1:" in ran.err
    assert "1 of 3 workers does not have dmedia: tcp://127.0.0.1:" in ran.err
    assert f"install dmedia {package.__version__} in every worker's environment" in ran.err
    assert "Traceback" not in ran.err
    assert below(tmp_path / "out") == []
    assert dmedia("status", "--json").document == []
    wait_until(lambda: not cluster.slots())


def test_workers_that_cannot_read_heic_are_refused_to_jobs_that_need_it_and_to_no_other(
    dmedia: Dmedia, photos: Path, tmp_path: Path, make_cluster: ClusterMaker, start_worker: StartWorker
) -> None:
    cluster = make_cluster(threads=1)
    start_worker(cluster, without(tmp_path / "poor", "pillow_heif"))
    command = ("convert", "in", "--format", "webp", "--scheduler", cluster.address)
    assert dmedia(*command, "-o", "out").status == 0
    (photos / "a.heic").write_bytes(encoded(photo((64, 48), 1), "JPEG"))
    ran = dmedia(*command, "-o", "more")
    assert ran.status == 5, ran.out + ran.err
    assert "1 of 2 workers cannot read HEIC: tcp://127.0.0.1:" in ran.err
    assert "pip install 'dmedia[heif]' in every worker's environment" in ran.err
    assert below(tmp_path / "more") == []
