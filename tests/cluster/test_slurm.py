"""Slurm, really run: workers as its jobs, and a whole job of ours as one of its."""

from __future__ import annotations

import os
import sys
from pathlib import Path

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
from tests.cluster.slurm_machine import SlurmMachine
from tests.command import Dmedia, wait_until


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """slurm.yaml with what it says is to be changed: partition, resources and network."""
    read = yaml.safe_load((CLUSTER / "slurm.yaml").read_text("utf-8"))
    read["kwargs"] |= {"queue": "tests", "cores": 2, "memory": "3GiB", "walltime": "00:10:00", "interface": "lo"}
    (tmp_path / "slurm.yaml").write_text(yaml.safe_dump(read))
    return tmp_path / "slurm.yaml"


def test_workers_that_slurm_cancels_lose_nothing_and_are_replaced(
    dmedia: Dmedia, slurm: SlurmMachine, recipe: Path, tmp_path: Path
) -> None:
    make_photos(dmedia.directory)
    dmedia.slow_down(SLOW_S)
    dmedia.environment |= slurm.environment | {"DASK_DISTRIBUTED__DEPLOY__LOST_WORKER_TIMEOUT": "1s"}
    changes = {"/shared": str(tmp_path / "shared"), "cluster/slurm.yaml": str(recipe), "16": "2"}
    _, *command = page_command("Slurm", changes, "dmedia", "16")
    launcher = dmedia.start(*command)
    wait_until_both_have_worked(dmedia, launcher)
    first, second = slurm.jobs()
    slurm("scancel", first)
    already = len(begun(dmedia))
    wait_until(lambda: len(begun(dmedia)) > already)
    slurm("scancel", second)  # now others must come
    status, _, said = end_of(launcher)
    assert status == 0, said
    assert_nothing_is_lost(dmedia)
    assert FILES < len(begun(dmedia)) <= FILES + 4, "what cancelled workers worked on was begun again, and no more"
    wait_until(lambda: not slurm.jobs())
    assert not list(tmp_path.glob(".dask-jobqueue*")), "keys and certificates are gone"


def test_a_job_in_one_allocation_that_is_told_to_end_goes_on_in_another(
    dmedia: Dmedia, slurm: SlurmMachine, tmp_path: Path
) -> None:
    make_photos(dmedia.directory, 12)
    dmedia.slow_down(SLOW_S)
    dmedia.environment |= slurm.environment
    dmedia.environment |= {"DMEDIA_BIN": os.path.dirname(sys.executable), "DMEDIA_INTERFACE": "lo"}
    first = submit(dmedia, slurm, "compress")
    wait_until(lambda: len(begun(dmedia)) >= 4)
    slurm("scancel", "--batch", "--signal=TERM", first)  # as Slurm does 120 s before the end of the time
    assert (slurm.exit_status(first), dmedia("status", "last", "--json").document["status"]) == (143, "interrupted")
    second = submit(dmedia, slurm, "resume")
    assert slurm.exit_status(second) == 0, (tmp_path / f"dmedia-{second}.log").read_text()
    files = assert_nothing_is_lost(dmedia)
    assert all(str(file["worker"]).startswith("tls://") for file in files.values())
    assert not list((tmp_path / "home").glob("slurm-*")), "certificates and addresses are gone"


def submit(dmedia: Dmedia, slurm: SlurmMachine, word: str) -> str:
    """Submit what the page shows with a word, on one node; tell the job's number."""
    shared, script = str(dmedia.directory / "shared"), str(CLUSTER / "slurm.sh")
    changes = {"/shared": shared, "cluster/slurm.sh": script, "4": "1", "16": "2"}
    program, *command = page_command("Slurm", changes, "sbatch", word)
    place = ("--parsable", "--time=10", f"--chdir={dmedia.directory}")
    return slurm(program, *place, *command, environment=dmedia.environment).strip()
