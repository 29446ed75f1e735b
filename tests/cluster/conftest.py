"""Servers of the tests' own: Slurm and sshd, without root where the system lets them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.slurm_machine import SlurmMachine
from tests.machines import need


@pytest.fixture(scope="module")
def slurm() -> Iterator[SlurmMachine]:
    """A Slurm of this machine alone; its directory's path is short, as a socket's must be."""
    need("munged", "slurmctld", "slurmd", "sbatch", "srun", package="slurmctld slurmd slurm-client munge")
    with (
        tempfile.TemporaryDirectory(prefix="slurm-", ignore_cleanup_errors=True) as directory,
        SlurmMachine(Path(directory)) as machine,
    ):
        yield machine
