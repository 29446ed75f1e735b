"""Where a job goes on that ran on a cluster: there again, unless somebody says where."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

import dmedia as package
from tests.command import Dmedia
from tests.media_making import encoded, photo
from tests.run.conftest import Cluster, cluster_maker
from tests.serve.assistant import Assistant

JOB = ("convert", "in", "-o", "out", "--format", "webp")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster_maker(tmp_path_factory.mktemp("cluster")) as make:
        yield make()


@pytest.fixture(autouse=True)
def photos(tmp_path: Path) -> None:
    """One photo is good, and one is none, so that there is something to try again."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in/good.png").write_bytes(encoded(photo((60, 40), 1), "PNG"))
    (tmp_path / "in/bad.png").write_bytes(b"no picture")


def scheduler(dmedia: Dmedia) -> str:
    return str(dmedia("status", "last", "--json").document["scheduler"])


@pytest.mark.parametrize("way", ["address", "file", "configuration"])
def test_a_job_goes_on_where_it_ran_from_the_command_line_and_from_a_program(
    dmedia: Dmedia, tmp_path: Path, cluster: Cluster, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "scheduler.json").write_text(f'{{"address": "{cluster.address}"}}')
    named = {"address": ("--scheduler", cluster.address), "file": ("--scheduler-file", "scheduler.json")}
    if way == "configuration":
        dmedia.environment["DASK_SCHEDULER_ADDRESS"] = cluster.address
    assert dmedia(*JOB, *named.get(way, ())).status == 3
    dmedia.environment.pop("DASK_SCHEDULER_ADDRESS", None)
    assert dmedia("retry", "last").status == 3
    assert scheduler(dmedia) == cluster.address
    assert dmedia("retry", "last", "--detach").status in (0, 3)
    for name, value in dmedia.environment.items():
        monkeypatch.setenv(name, value)
    job = package.Job("last")
    job.wait(120)
    job.retry()
    assert job.wait(120)["scheduler"] == cluster.address


def test_a_job_that_an_assistant_takes_up_goes_on_where_it_ran(dmedia: Dmedia, cluster: Cluster) -> None:
    assert dmedia(*JOB, "--scheduler", cluster.address).status == 3
    again = Assistant(dmedia).ask("retry_batch", job_id="last", wait_seconds=100)
    assert (again["failed"], again["scheduler"]) == (1, cluster.address)


def test_an_option_counts_more_than_where_a_job_ran_and_is_what_counts_from_then_on(
    dmedia: Dmedia, cluster: Cluster
) -> None:
    assert dmedia(*JOB, "--scheduler", cluster.address).status == 3
    assert dmedia("retry", "last", "-j", "1").status == 3
    assert scheduler(dmedia).startswith("inproc://")
    assert dmedia("retry", "last").status == 3
    assert scheduler(dmedia).startswith("inproc://")


def test_what_dask_is_configured_to_use_now_counts_more_than_what_it_was(dmedia: Dmedia, cluster: Cluster) -> None:
    dmedia.environment["DASK_SCHEDULER_ADDRESS"] = cluster.address
    assert dmedia(*JOB).status == 3
    dmedia.environment["DASK_SCHEDULER_ADDRESS"] = "tcp://127.0.0.1:1"
    refused = dmedia("retry", "last")
    assert (refused.status, "127.0.0.1:1:" in refused.err) == (7, True), refused.err


def test_a_job_whose_cluster_file_is_gone_is_not_run_elsewhere(dmedia: Dmedia, tmp_path: Path) -> None:
    file = tmp_path / "cluster.yaml"
    file.write_text("module: tests.run.clusters\nclass: Talkative\n")
    assert dmedia(*JOB, "--cluster", "cluster.yaml", "--workers", "1").status == 3
    again = dmedia("retry", "last")
    assert (again.status, "asking the queue" in again.err) == (3, True), again.err
    file.rename(tmp_path / "moved.yaml")
    for detached in ((), ("--detach",)):
        refused = dmedia("retry", "last", *detached)
        assert (refused.status, f"cannot go on where it ran: The cluster file {file}" in refused.err) == (2, True)
        assert "--cluster FILE, --scheduler ADDRESS, or -j N for this machine" in refused.err
    assert dmedia("retry", "last", "--cluster", "moved.yaml").status == 3


def test_a_job_whose_scheduler_is_gone_says_how_it_goes_on_elsewhere(dmedia: Dmedia, tmp_path: Path) -> None:
    with cluster_maker(tmp_path) as make:
        address = make().address
        assert dmedia(*JOB, "--scheduler", address).status == 3
    refused = dmedia("retry", "last")
    assert (refused.status, f"No Dask scheduler answers at {address}" in refused.err) == (7, True), refused.err
    assert "or say where it goes on: --cluster FILE, --scheduler ADDRESS, or -j N for this machine" in refused.err


def test_a_record_that_has_not_noted_where_its_job_ran_is_taken_up_here(
    dmedia: Dmedia, tmp_path: Path, cluster: Cluster
) -> None:
    assert dmedia(*JOB, "--scheduler", cluster.address).status == 3
    (record,) = (tmp_path / "home").rglob("record.db")
    with sqlite3.connect(record) as connection:
        connection.execute("ALTER TABLE state DROP COLUMN place")
    connection.close()
    again = dmedia("retry", "last")
    assert (again.status, "To go on on a cluster: --scheduler ADDRESS or --cluster FILE" in again.out) == (3, True)
    assert scheduler(dmedia).startswith("inproc://")
