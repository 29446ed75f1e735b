"""The ways to a running cluster: a scheduler's file, and Dask's own configuration."""

from __future__ import annotations

import http.server
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import distributed
import pytest
from distributed import Client

from dmedia.errors import ClusterError, UsageError
from dmedia.run.clusters import door
from dmedia.run.clusters.cluster import connect
from dmedia.run.clusters.places import ClusterChoice, OwnCluster, RunningCluster
from dmedia.run.clusters.scheduler_file import configured_cluster, find_scheduler
from dmedia.run.clusters.waiting import TOLD_AFTER_S
from tests.command import LIMIT_S, Dmedia, wait_until
from tests.media_making import encoded, photo
from tests.run.conftest import Cluster, cluster_maker

FILES = 4
JOB = ("convert", "in", "-o", "out", "--format", "webp")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster_maker(tmp_path_factory.mktemp("cluster")) as make:
        yield make()


@pytest.fixture
def photos(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number in range(FILES):
        (tmp_path / "in" / f"{number}.png").write_bytes(encoded(photo((120, 90), number), "PNG"))


@pytest.mark.usefixtures("photos")
def test_a_launcher_waits_for_the_file_of_a_scheduler_that_is_about_to_start(
    dmedia: Dmedia, tmp_path: Path, cluster: Cluster
) -> None:
    launcher = dmedia.start(*JOB, "--scheduler-file", "scheduler.json", "--json")
    time.sleep(2)
    assert launcher.poll() is None
    (tmp_path / "scheduler.json").write_text('{"type": "Sched')  # about to be written
    (tmp_path / "scheduler.json").write_text(json.dumps({"type": "Scheduler", "address": cluster.address}))
    out, err = launcher.communicate(timeout=LIMIT_S)
    assert launcher.returncode == 0, err
    assert (json.loads(out)["completed"], json.loads(out)["scheduler"]) == (FILES, cluster.address)


@pytest.mark.usefixtures("photos")
def test_a_first_worker_is_waited_for_and_told_of_as_long_as_was_said(dmedia: Dmedia, tmp_path: Path) -> None:
    with cluster_maker(tmp_path) as make:
        empty = make(workers=0)
        refused = dmedia(*JOB, "--scheduler", empty.address, "--worker-wait", "2")
        assert (refused.status, f"The scheduler at {empty.address} has no workers" in refused.err) == (7, True)
        assert "--worker-wait says how long to wait" in refused.err
        assert not (tmp_path / "out").exists()
        launcher = dmedia.start(*JOB, "--scheduler", empty.address, "--json")
        told = wait_until(lambda: [seen for seen in dmedia("status", "--json").document if seen["warnings"]])[0]
        assert told["warnings"] == [f"waiting for the scheduler at {empty.address} and its first worker"]
        time.sleep(door.CONNECT_TIMEOUT_S - TOLD_AFTER_S)
        assert launcher.poll() is None
        worker = subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_worker", empty.address, "--no-nanny", "--no-dashboard"],
            cwd=tmp_path,
            env=dmedia.environment,
            stderr=subprocess.DEVNULL,
        )
        try:
            out, err = launcher.communicate(timeout=LIMIT_S)
        finally:
            worker.kill()
            worker.wait()
    assert (launcher.returncode, json.loads(out)["completed"]) == (0, FILES), err
    assert not [text for text in json.loads(out)["warnings"] if "waiting for" in text]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "No such file"),
        ("tcp://127.0.0.1:8786", "not the JSON that a scheduler writes"),
        ('{"id": 1}', "has no address"),
        ('["tcp://127.0.0.1:8786"]', "has no address"),
        ('{"address": ""}', "has no address"),
    ],
)
def test_a_scheduler_file_that_tells_of_no_scheduler_is_named(tmp_path: Path, text: str | None, said: str) -> None:
    path = tmp_path / "scheduler.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ClusterError, match=said) as refused:
        find_scheduler(RunningCluster(None, str(path)), lambda: None, limit_s=0)
    assert str(path) in refused.value.message


@pytest.mark.usefixtures("photos")
@pytest.mark.parametrize("way", ["address in a file", "file in the environment"])
def test_dasks_own_configuration_names_the_cluster(dmedia: Dmedia, tmp_path: Path, cluster: Cluster, way: str) -> None:
    if way == "address in a file":
        (tmp_path / "dask").mkdir()
        (tmp_path / "dask/site.yaml").write_text(f"# scheduler-file: no\nscheduler-address: {cluster.address}\n")
        dmedia.environment["DASK_CONFIG"] = str(tmp_path / "dask")
    else:
        (tmp_path / "scheduler.json").write_text(json.dumps({"address": cluster.address}))
        dmedia.environment["DASK_SCHEDULER_FILE"] = str(tmp_path / "scheduler.json")
    ended = dmedia(*JOB, "--json")
    assert ended.status == 0, ended.err
    assert (ended.document["completed"], ended.document["scheduler"]) == (FILES, cluster.address)
    refused = dmedia(*JOB, "-j", "2")
    assert (refused.status, "Dask's configuration names" in refused.err) == (2, True)


@pytest.mark.usefixtures("photos")
@pytest.mark.parametrize("way", ["option", "environment"])
def test_where_encryption_is_required_an_address_without_it_is_refused_and_there_is_no_job(
    dmedia: Dmedia, cluster: Cluster, way: str
) -> None:
    dmedia.environment["DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION"] = "True"
    if way == "environment":
        dmedia.environment["DASK_SCHEDULER_ADDRESS"] = cluster.address
    refused = dmedia(*JOB, *(("--scheduler", cluster.address) if way == "option" else ()))
    assert (refused.status, "hint: use tls://" in refused.err) == (7, True), refused.err
    assert "Dask's configuration demands encryption (distributed.comm.require-encryption)" in refused.err
    assert dmedia("status", "--json").document == []


@pytest.mark.usefixtures("photos")
@pytest.mark.parametrize("place", [(), ("--scheduler", "tcp://127.0.0.1:1"), ("--cluster", "cluster.yaml")])
@pytest.mark.parametrize("text", ["distributed: [", "scheduler-address: ["])
def test_a_file_of_dasks_configuration_that_cannot_be_read_is_named(
    dmedia: Dmedia, tmp_path: Path, place: tuple[str, ...], text: str
) -> None:
    (tmp_path / "broken.yaml").write_text(text)
    (tmp_path / "cluster.yaml").write_text("module: dask.distributed\nclass: LocalCluster\n")
    dmedia.environment["DASK_CONFIG"] = str(tmp_path / "broken.yaml")
    refused = dmedia(*JOB, *place)
    assert (refused.status, "Traceback" in refused.err) == (2, False), refused.err
    assert f"A dask config file at '{tmp_path / 'broken.yaml'}' is malformed" in refused.err
    assert dmedia("status", "--json").document == []
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "address",
    ["http://10.0.0.1:8786", "localhost", "tcp://localhost", "tcp://:8786", "tcp://h:many", "tcp://h:8786/x", "8786"],
)
def test_what_is_no_address_is_refused_with_what_one_looks_like(address: str) -> None:
    with pytest.raises(UsageError, match="is no address of a Dask scheduler") as refused:
        RunningCluster(address)
    assert (repr(address) in refused.value.message, "tcp://10.0.0.1:8786" in str(refused.value.hint)) == (True, True)


@pytest.mark.parametrize(
    "address", ["tcp://[::1]:8786", "tls://node-1:8786", "wss://h:443", "ucx://h:1", "inproc://10.0.0.1/7/1", "h:8786"]
)
def test_what_dask_knows_as_an_address_is_one(address: str) -> None:
    assert RunningCluster(address).address == address


def test_a_web_server_in_a_schedulers_place_is_told_from_a_scheduler_that_is_not_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail() -> Client:  # Dask takes its time to
        raise TimeoutError("no answer")

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"tcp://127.0.0.1:{server.server_address[1]}"
        monkeypatch.setattr(distributed, "Client", lambda *_, **__: fail())
        with (
            pytest.raises(ClusterError, match="speaks HTTP: it is no Dask scheduler") as refused,
            door.open_client(door.door_to(address), lambda: None),
        ):
            pass
        server.shutdown()
    assert "a dashboard's (8787)" in str(refused.value.hint)


@pytest.mark.parametrize("here", [True, False])
def test_a_worker_is_waited_for_as_long_as_was_said_on_this_machine_and_elsewhere(cluster: Cluster, here: bool) -> None:
    place = OwnCluster(slots=1) if here else RunningCluster(cluster.address)
    with connect(ClusterChoice(place, worker_wait_s=7)) as connected:
        assert connected.worker_wait_s == 7


def test_what_is_said_of_no_scheduler_loads_no_dask(tmp_path: Path) -> None:
    (tmp_path / "dask").mkdir()
    (tmp_path / "dask/site.yaml").write_text("# scheduler-address: tcp://127.0.0.1:1\ntemporary-directory: /tmp\n")
    program = (
        "import sys; from dmedia.run.clusters.scheduler_file import configured_cluster\n"
        "print(configured_cluster(insecure=False), 'dask' in sys.modules)"
    )
    environment = {"DASK_CONFIG": str(tmp_path / "dask"), "HOME": str(tmp_path), "PYTHONPATH": sys.path[0]}
    said = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert said.stdout == "None False\n"


def test_an_address_in_the_environment_counts_more_than_a_file_and_an_empty_one_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DASK_SCHEDULER_FILE", "~/s.json")
    found = configured_cluster(insecure=True)
    assert found == RunningCluster(None, str(Path("~/s.json").expanduser()), insecure=True, configured=True)
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", "tcp://127.0.0.1:1")
    assert configured_cluster(insecure=False) == RunningCluster("tcp://127.0.0.1:1", configured=True)
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", "")
    monkeypatch.delenv("DASK_SCHEDULER_FILE")
    assert configured_cluster(insecure=False) is None
