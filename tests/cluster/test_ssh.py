"""A cluster over ssh, really run: against an sshd of this machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import yaml  # type: ignore[import-untyped]

from tests.cluster.jobs import (
    FILES,
    SLOW_S,
    assert_nothing_is_lost,
    begun,
    end_of,
    make_photos,
    wait_until_both_have_worked,
)
from tests.cluster.recipes import CLUSTER, page_command
from tests.cluster.ssh_server import SshServer, ssh_server
from tests.command import Dmedia, wait_until
from tests.machines import need


@pytest.fixture
def server(dmedia: Dmedia) -> Iterator[SshServer]:
    """An sshd whose sessions find the tests' dmedia, and its sabotage."""
    need("sshd", "ssh-keygen", package="openssh-server")
    dmedia.slow_down(SLOW_S)
    inherited = {
        name: value for name, value in dmedia.environment.items() if name.startswith(("DMEDIA_SLOT", "PYTHON"))
    }
    with ssh_server(dmedia.directory, inherited) as started:
        yield started


def test_a_worker_over_ssh_that_is_killed_loses_nothing(dmedia: Dmedia, server: SshServer, tmp_path: Path) -> None:
    make_photos(tmp_path)
    recipe = yaml.safe_load((CLUSTER / "ssh.yaml").read_text("utf-8"))
    recipe["kwargs"] |= {
        "hosts": ["127.0.0.1"] * 3,
        "remote_python": sys.executable,
        "connect_options": server.connect_options,
    }
    recipe["kwargs"]["scheduler_options"] |= {"host": "127.0.0.1", "port": 0, "dashboard_address": "127.0.0.1:0"}
    recipe["kwargs"]["worker_options"] |= {"host": "127.0.0.1", "nthreads": 2, "local_directory": str(tmp_path)}
    (tmp_path / "ssh.yaml").write_text(yaml.safe_dump(recipe))
    changes = {"/shared": str(tmp_path / "shared"), "cluster/ssh.yaml": str(tmp_path / "ssh.yaml")}
    _, *command = page_command("SSH", changes, "dmedia")
    launcher = dmedia.start(*command)
    wait_until_both_have_worked(dmedia, launcher)
    nannies = remote_nannies(tmp_path)
    assert len(nannies) == 2
    for process in (nannies[0], *nannies[0].children(recursive=True)):
        process.kill()
    status, _, said = end_of(launcher)
    assert status == 0, said
    assert_nothing_is_lost(dmedia)
    assert FILES < len(begun(dmedia)) <= FILES + 4, "what the killed worker worked on was begun again, and no more"
    wait_until(lambda: not remote_nannies(tmp_path))


def remote_nannies(directory: Path) -> list[psutil.Process]:
    """Find the processes that were started over ssh to look after a worker in a directory."""
    return [
        process
        for process in psutil.process_iter()
        if is_python_with(process, "distributed.cli.dask_spec", f'"{directory}"')
    ]


def is_python_with(process: psutil.Process, *words: str) -> bool:
    with suppress(psutil.Error):
        line = process.cmdline()
        return (
            "python" in os.path.basename(line[0]) and all(word in " ".join(line) for word in words) if line else False
        )
    return False
