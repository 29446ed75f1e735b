"""An sshd of the tests' own, to which the user that runs them can log in."""

from __future__ import annotations

import getpass
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.command import wait_until
from tests.machines import where
from tests.run.conftest import free_port, listens

CONFIGURATION = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {directory}/host_key
AuthorizedKeysFile {directory}/client_key.pub
PidFile {directory}/sshd.pid
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
SetEnv {environment}
"""

PRIVILEGES = Path("/run/sshd")
"""Where sshd separates privileges when root starts it: made by what starts services, and so missing in containers."""


@dataclass(frozen=True)
class SshServer:
    """How to log in.

    Attributes
    ----------
    connect_options : dict
        For ``asyncssh.connect``.
    """

    connect_options: dict[str, object]


@contextmanager
def ssh_server(directory: Path, environment: dict[str, str]) -> Iterator[SshServer]:
    """Run an sshd.

    Parameters
    ----------
    directory : Path
        For keys, configuration and log.
    environment : dict of str to str
        Of what is started by it.
    """
    if os.getuid() == 0:
        PRIVILEGES.mkdir(mode=0o755, exist_ok=True)
    for name in ("host_key", "client_key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", directory / name], check=True)
    port = free_port()
    known = (directory / "host_key.pub").read_text()
    (directory / "known_hosts").write_text(f"[127.0.0.1]:{port} {known}")
    (directory / "sshd_config").write_text(
        CONFIGURATION.format(
            port=port,
            directory=directory,
            environment=" ".join(f'"{name}={value}"' for name, value in environment.items()),
        )
    )
    program = where("sshd")
    assert program
    server = subprocess.Popen(
        [program, "-D", "-e", "-f", directory / "sshd_config"],
        stderr=(directory / "sshd.log").open("wb"),
        start_new_session=True,
    )
    try:
        wait_until(lambda: listens(port))
        yield SshServer(
            {
                "port": port,
                "username": getpass.getuser(),
                "client_keys": [str(directory / "client_key")],
                "known_hosts": str(directory / "known_hosts"),
            }
        )
    finally:
        server.terminate()
        server.wait(10)
