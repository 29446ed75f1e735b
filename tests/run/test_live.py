"""What the live channel of a job leaves on the cluster when the job ends, however it does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from distributed import Client, LocalCluster

from dmedia.errors import ClusterError, ClusterLostError, DmediaError, RecordFullError
from dmedia.model import Limits, WorkOrder
from dmedia.operations.convert import Convert
from dmedia.run.clusters.cluster import ConnectedCluster
from dmedia.run.fitness.demand import Demand
from dmedia.run.fleet import Fleet
from dmedia.run.live import Live
from dmedia.run.worker import plugin_name
from tests.command import wait_until


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    options = {"processes": False, "protocol": "tcp", "dashboard_address": "127.0.0.1:0"}
    with LocalCluster(n_workers=1, threads_per_worker=1, **options) as cluster:
        yield cluster


@pytest.fixture
def connected(cluster: LocalCluster) -> Iterator[ConnectedCluster]:
    with Client(cluster, set_as_default=False) as client:
        yield ConnectedCluster(client, 1, cluster.scheduler_address, None, connection=client.scheduler_comm)


@pytest.fixture
def order(tmp_path: Path) -> WorkOrder:
    return WorkOrder("batch-1-aaaaaa", "convert", Convert(format="png"), bytes(tmp_path), Limits())


def has_plugin(cluster: LocalCluster, order: WorkOrder) -> bool:
    (worker,) = cluster.workers.values()
    return plugin_name(order.job) in worker.plugins


@pytest.mark.parametrize("kind", [ClusterError, RecordFullError, ZeroDivisionError])
def test_a_job_that_ends_with_an_error_takes_its_slots_away(
    cluster: LocalCluster, connected: ConnectedCluster, order: WorkOrder, kind: type[Exception]
) -> None:
    live = Live(connected, order, Fleet(1), Demand(), lambda: None)
    with pytest.raises(kind, match="True"), live:
        raise kind(str(has_plugin(cluster, order)))
    wait_until(lambda: not has_plugin(cluster, order))


def test_what_is_told_while_workers_are_waited_for_is_told_as_it_is_and_leaves_nothing(
    cluster: LocalCluster, connected: ConnectedCluster, order: WorkOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = ClusterError("The scheduler at tcp://a has no dmedia", "install it there")

    def tick() -> None:
        raise told

    fleet: Any = Fleet(1)
    monkeypatch.setattr(fleet, "awaits", lambda workers: workers)
    with pytest.raises(DmediaError) as found:
        Live(connected, order, fleet, Demand(), tick).__enter__()
    assert found.value is told
    wait_until(lambda: not has_plugin(cluster, order))


def test_a_cluster_that_was_lost_is_told_nothing_that_another_one_could_hear(
    cluster: LocalCluster, connected: ConnectedCluster, order: WorkOrder
) -> None:
    live = Live(connected, order, Fleet(1), Demand(), lambda: None)
    with pytest.raises(ClusterLostError), live:
        raise ClusterLostError("it is gone", "look for it")
    assert has_plugin(cluster, order)
    live.__exit__(None)
    assert not has_plugin(cluster, order)


def test_a_connection_that_breaks_while_workers_are_waited_for_is_a_cluster_that_was_lost(
    connected: ConnectedCluster, order: WorkOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dask's client connects again by itself: it may be another scheduler that has none of our slots."""
    client: Any = connected.client
    broken: list[object] = []

    def tick() -> None:
        if not broken:
            broken.append(client.scheduler_comm)
            client.loop.add_callback(client.scheduler_comm.comm.abort)
            wait_until(lambda: client.status == "running" and client.scheduler_comm not in (None, *broken))

    fleet: Any = Fleet(1)
    monkeypatch.setattr(fleet, "awaits", lambda workers: workers)
    with pytest.raises(ClusterLostError, match="was lost while workers got their slots"):
        Live(connected, order, fleet, Demand(), tick).__enter__()
    assert connected.is_lost
