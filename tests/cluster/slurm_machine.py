"""A Slurm of one machine, with an own configuration in an own directory: no systemd, no cgroups, no accounting."""

from __future__ import annotations

import contextlib
import getpass
import os
import signal
import socket
import subprocess
from pathlib import Path

from tests.command import LIMIT_S, wait_until
from tests.machines import where
from tests.run.conftest import free_port

CONFIGURATION = """\
ClusterName=dmedia
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={directory}/munge.socket
StateSaveLocation={directory}/state
SlurmdSpoolDir={directory}/spool
SlurmctldPidFile={directory}/slurmctld.pid
SlurmdPidFile={directory}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=1,batch_sched_delay=0
SlurmdParameters=config_overrides
MailProg=/bin/true
MpiDefault=none
ReturnToService=2
KillWait=5
NodeName=one NodeHostname={host} NodeAddr=127.0.0.1 Port={node_port} CPUs=64 RealMemory=262144 State=UNKNOWN
PartitionName=tests Nodes=one Default=YES State=UP
"""
"""It claims more processors and memory than there are: what a job asks for is what its recipe asks for."""


class SlurmMachine:
    """Runs munged, slurmctld and slurmd while it is entered.

    Attributes
    ----------
    environment : dict of str to str
        What Slurm's commands need to find it.
    """

    def __init__(self, directory: Path) -> None:
        self.environment = {"SLURM_CONF": str(directory / "slurm.conf")}
        self._directory = directory
        self._started: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> SlurmMachine:
        """Start, and wait until jobs can run."""
        host = socket.gethostname().split(".")[0]
        for name in ("state", "spool"):
            (self._directory / name).mkdir()
        key = self._directory / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        (self._directory / "slurm.conf").write_text(
            CONFIGURATION.format(
                host=host,
                user=getpass.getuser(),
                directory=self._directory,
                controller_port=free_port(),
                node_port=free_port(),
            )
        )
        try:
            self._start(
                *("munged", "--foreground", "--force", f"--key-file={key}", f"--socket={self._directory}/munge.socket"),
                *(f"--{kind}-file={self._directory}/munged.{kind}" for kind in ("pid", "log", "seed")),
            )
            wait_until((self._directory / "munge.socket").exists)
            self._start("slurmctld", "-D", "-c")
            self._start("slurmd", "-D", "-N", "one")
            wait_until(lambda: self("sinfo", "--noheader", "--format=%T", check=False).strip() == "idle")
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End jobs and processes."""
        with contextlib.suppress(subprocess.SubprocessError, AssertionError):
            self("scancel", f"--user={getpass.getuser()}", check=False)
            wait_until(lambda: not self.jobs(), 20)
        for process in reversed(self._started):
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def __call__(
        self, program: str, *arguments: str | Path, check: bool = True, environment: dict[str, str] | None = None
    ) -> str:
        """Run one of Slurm's commands; return what it prints."""
        return subprocess.run(
            [program, *arguments],
            cwd=self._directory,
            env={**(environment or os.environ), **self.environment},
            stdout=subprocess.PIPE,
            text=True,
            timeout=30,
            check=check,
        ).stdout

    def jobs(self, name: str = "") -> list[str]:
        """Tell the numbers of the jobs that run, of those with a name if there is one."""
        listed = self("squeue", "--noheader", "--format=%A %j", "--states=RUNNING").splitlines()
        return [line.split()[0] for line in listed if name in line.split()[1]]

    def exit_status(self, job: str) -> int:
        """Wait for the end of a job that was submitted; tell its script's exit status."""

        def ended() -> str:
            said = dict(word.split("=", 1) for word in self("scontrol", "show", "job", job).split() if "=" in word)
            return said["ExitCode"] if said["JobState"] in ("COMPLETED", "FAILED", "CANCELLED", "TIMEOUT") else ""

        code: str = wait_until(ended, LIMIT_S)
        return int(code.split(":", maxsplit=1)[0])

    def _start(self, program: str, *arguments: str) -> None:
        self._started.append(
            subprocess.Popen(
                [where(program) or program, *arguments],
                cwd=self._directory,
                env={**os.environ, **self.environment},
                stdout=(self._directory / f"{program}.out").open("wb"),
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        )
