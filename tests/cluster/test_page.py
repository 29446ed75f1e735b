"""The page's commands that need nothing but this machine, run as they are written."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.cluster.jobs import assert_nothing_is_lost, make_photos
from tests.cluster.recipes import CLUSTER, METRICS, changed, shell_blocks
from tests.command import LIMIT_S, ROOT, Dmedia, wait_until
from tests.machines import need
from tests.run.conftest import free_port, listens


@pytest.fixture
def services() -> Iterator[list[subprocess.Popen[bytes]]]:
    """What goes on in the background; ended afterwards."""
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for process in started:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.mark.parametrize(("section", "scheme"), [("By hand", "tcp"), ("TLS", "tls")])
def test_commands_run_as_written_and_the_scheduler_exports_what_grafana_draws(
    section: str, scheme: str, dmedia: Dmedia, services: list[subprocess.Popen[bytes]]
) -> None:
    need("openssl", package="openssl")
    make_photos(dmedia.directory, 4)
    port, dashboard = free_port(), free_port()
    here = {
        "/shared": str(dmedia.directory / "shared"),
        "10.0.0.1": "127.0.0.1",
        "10.0.0.2": "127.0.0.1",
        "8786": str(port),
        "8787": str(dashboard),
        "$(nproc)": "2",
        "cluster/": f"{ROOT}/cluster/",
    }
    environment = {**dmedia.environment, "PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}"}
    for line in changed(shell_blocks(section)[0], here).replace("\\\n", "").splitlines():
        if line.startswith("export "):
            exported = dict(word.split("=") for word in line.split()[1:])
            environment |= exported
            dmedia.environment |= exported
        elif line.startswith("dask "):
            log = (dmedia.directory / f"{len(services)}.log").open("wb")
            services.append(
                subprocess.Popen(["bash", "-c", f"exec {line}"], env=environment, stderr=log, start_new_session=True)
            )
            wait_until(lambda: listens(port))
        else:
            subprocess.run(["bash", "-c", line], env=environment, check=True, timeout=LIMIT_S)
    assert len(services) == 2
    files = assert_nothing_is_lost(dmedia)
    assert all(str(file["worker"]).startswith(f"{scheme}://") for file in files.values())
    with urllib.request.urlopen(f"http://127.0.0.1:{dashboard}/metrics", timeout=LIMIT_S) as answer:
        metrics = answer.read().decode()
    assert set(METRICS) <= set(re.findall(r"# TYPE (dmedia_\w+) (?:gauge|counter)", metrics))
    for name, labels in re.findall(r"^(dmedia_\w+)\{(.*)\} ", metrics, re.MULTILINE):
        assert set(re.findall(r"(\w+)=\"", labels)) == METRICS[name]


def test_the_file_of_five_lines_makes_a_cluster(dmedia: Dmedia) -> None:
    make_photos(dmedia.directory, 4)
    (block,) = re.findall(r"```yaml\n(.*?)```", (CLUSTER / "README.md").read_text("utf-8"), re.DOTALL)
    (dmedia.directory / "cluster.yaml").write_text(block)
    ran = dmedia("compress", "shared/photos", "-r", "-o", "shared/small", "--cluster", "cluster.yaml")
    assert ran.status == 0, ran.err
    assert_nothing_is_lost(dmedia)
