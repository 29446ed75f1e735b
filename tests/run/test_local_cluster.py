"""The cluster in the launcher's own process: one port, a dashboard when somebody looks, memory that does not grow."""

from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import Path

import psutil
import pytest

from dmedia.errors import ClusterError
from dmedia.run import machine
from dmedia.run.clusters.exposure import exposure, own_exposure
from dmedia.run.clusters.transports import TRANSPORTS
from tests.command import Dmedia, wait_until
from tests.media_making import encoded, photo


def test_the_dashboard_is_the_only_open_port_and_answers(dmedia: Dmedia, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number in range(30):
        (tmp_path / "in" / f"{number}.png").write_bytes(encoded(photo((700, 500), number), "PNG"))
    launcher = dmedia.start("convert", "in", "-o", "out", "--format", "avif", "--effort", "8", "-j", "1")
    link = wait_until(lambda: dmedia("status", "last", "--json").document.get("dashboard"))
    listening = [
        connection.laddr
        for process in (psutil.Process(launcher.pid), *psutil.Process(launcher.pid).children(recursive=True))
        for connection in process.net_connections(kind="tcp")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert [f"http://{address.ip}:{address.port}/status" for address in listening] == [link]
    assert listening[0].ip == "127.0.0.1"
    for _ in range(2):
        with urllib.request.urlopen(link, timeout=60) as page:
            assert page.status == 200
            assert b"bokeh" in page.read()
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(link.replace("status", "nothing"), timeout=60)
    launcher.terminate()
    launcher.communicate(timeout=60)


@pytest.mark.parametrize(
    ("address", "insecure", "warns"),
    [
        ("tcp://127.0.0.1:8786", False, True),
        ("10.1.2.3:8786", False, True),
        ("tls://8.8.8.8:8786", False, False),
        ("tcp://8.8.8.8:8786", True, False),
    ],
)
def test_a_private_address_gets_a_warning_that_names_tls(address: str, insecure: bool, warns: bool) -> None:
    warning = exposure(address, insecure=insecure)
    assert (warning is not None and "tls://" in warning) is warns


def test_a_public_address_or_an_unknown_host_is_refused() -> None:
    with pytest.raises(ClusterError, match="public address"):
        exposure("tcp://8.8.8.8:8786", insecure=False)
    with pytest.raises(ClusterError, match=r"nowhere\.invalid"):
        exposure("tcp://nowhere.invalid:8786", insecure=False)


@pytest.mark.parametrize("transport", sorted(TRANSPORTS - {"tls", "wss"}))
def test_every_way_to_a_scheduler_that_needs_no_certificate_is_refused_at_a_public_address(transport: str) -> None:
    with pytest.raises(ClusterError, match="public address"):
        exposure(f"{transport}://8.8.8.8:8786", insecure=False)
    assert "tls://" in str(exposure(f"{transport}://10.1.2.3:8786", insecure=False))
    assert "tls://" in str(own_exposure(f"{transport}://10.1.2.3:8786"))


def test_a_way_that_nobody_has_judged_yet_is_not_taken_for_an_encrypted_one() -> None:
    with pytest.raises(ClusterError, match="public address"):
        exposure("quic://8.8.8.8:8786", insecure=False)
    assert "tls://" in str(own_exposure("quic://8.8.8.8:8786"))


def test_slots_fit_the_processors_and_the_memory() -> None:
    assert machine.default_slots(1) == machine.usable_cpus()
    assert machine.default_slots(2**60) == 1


def test_a_cluster_that_a_job_made_needs_no_flag_but_others_that_may_reach_it_are_told_of() -> None:
    assert (
        own_exposure("tcp://127.0.0.1:8786") is own_exposure("tls://8.8.8.8:8786") is own_exposure("inproc://1") is None
    )
    assert own_exposure("gateway://8.8.8.8:8786/shop.1a2b") is None
    for address in ("tcp://10.0.0.1:8786", "tcp://8.8.8.8:8786", "tcp://head-node:8786"):
        assert "tls://" in str(own_exposure(address))
