"""The services' commands and the certificates, really run: a cluster over tls:// as systemd would start it."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.cluster.jobs import assert_nothing_is_lost, make_photos
from tests.cluster.recipes import CLUSTER, environment_file, page_command, unit
from tests.command import Dmedia, below, wait_until
from tests.machines import need
from tests.run.conftest import free_port, listens


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What make-certs.sh makes."""
    need("openssl", package="openssl")
    directory = tmp_path_factory.mktemp("tls")
    subprocess.run([CLUSTER / "tls/make-certs.sh", directory / "of cluster"], check=True, capture_output=True)
    return directory / "of cluster"


@pytest.fixture
def services(dmedia: Dmedia, certificates: Path) -> Iterator[str]:
    """Scheduler and worker as their units start them, on a port of their own; their address."""
    port = free_port()
    environment = {
        **dmedia.environment,
        **environment_file(),
        "DASK_CONFIG": str(certificates / "dask.yaml"),
        "DMEDIA_SCHEDULER_HOST": "127.0.0.1",
        "DMEDIA_THREADS": "2",
    }
    started = []
    for name in ("scheduler", "worker"):
        line = unit(f"dmedia-{name}.service")["ExecStart"][0]
        for variable, value in environment.items():
            line = line.replace(f"${{{variable}}}", value)
        program, command, *arguments = shlex.split(line.replace("8786", str(port)).replace(":8787", ":0"))
        assert os.path.basename(program) == "dask"
        started.append(
            subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.dask_{command}", *arguments],
                cwd=dmedia.directory,
                env=environment,
                stderr=(dmedia.directory / f"{command}.log").open("wb"),
                start_new_session=True,
            )
        )
        wait_until(lambda: listens(port))
    yield f"tls://127.0.0.1:{port}"
    for process in started:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_a_job_runs_over_tls_as_the_services_and_certificates_are_made(
    dmedia: Dmedia, services: str, certificates: Path, tmp_path: Path
) -> None:
    make_photos(tmp_path, 4)
    changes = {
        "/shared": str(tmp_path / "shared"),
        "tls://10.0.0.1:8786": services,
        "/etc/dmedia/tls": str(certificates),
    }
    words = page_command("systemd", changes, "sudo")
    given, (_, *command) = words[words.index("env") + 1 :][:2], words[words.index("env") + 3 :]
    dmedia.environment |= dict(variable.split("=") for variable in given)
    ran = dmedia(*command)
    assert ran.status == 0, ran.err
    files = assert_nothing_is_lost(dmedia)
    assert all(str(file["worker"]).startswith("tls://") for file in files.values())


def test_keys_are_their_owners_alone_and_never_made_anew(certificates: Path) -> None:
    assert below(certificates) == sorted(
        ["ca.pem", "ca-key.pem", "dask.yaml"]
        + [f"{role}{end}.pem" for role in ("scheduler", "worker", "client") for end in ("", "-key")]
    )
    assert all((certificates / name).stat().st_mode & 0o077 == 0 for name in below(certificates))
    key = (certificates / "ca-key.pem").read_bytes()
    again = subprocess.run([CLUSTER / "tls/make-certs.sh", certificates], capture_output=True, text=True, check=False)
    assert (again.returncode, "has certificates already" in again.stderr) == (1, True)
    assert (certificates / "ca-key.pem").read_bytes() == key


@pytest.mark.parametrize("name", ['a "b"', "a\\b", "a$HOME", "a\nb"])
def test_a_directory_that_dasks_configuration_could_not_name_gets_no_certificates(tmp_path: Path, name: str) -> None:
    make = (CLUSTER / "tls/make-certs.sh", tmp_path / name)
    refused = subprocess.run(make, capture_output=True, text=True, check=False)
    assert (refused.returncode, "cannot be written into dask.yaml" in refused.stderr) == (2, True)
    assert not (tmp_path / name).exists()
