"""A cluster over ``tls://``: certificates of Dask's configuration, and wrong ones, with real processes."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest
import trustme

from dmedia.run.clusters.certificates import unreachable
from tests.command import Dmedia, below
from tests.media_making import encoded, photo
from tests.run.conftest import Cluster, cluster_maker

FILES = 6
SETTING = "DASK_DISTRIBUTED__COMM__TLS__"


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates of two authorities, of which the cluster knows the one called ``ours``."""
    directory = tmp_path_factory.mktemp("certificates")
    for name in ("ours", "theirs"):
        authority = trustme.CA()
        certificate = authority.issue_cert("127.0.0.1")
        authority.cert_pem.write_to_path(str(directory / f"{name}-ca.pem"))
        certificate.cert_chain_pems[0].write_to_path(str(directory / f"{name}-cert.pem"))
        certificate.private_key_pem.write_to_path(str(directory / f"{name}-key.pem"))
    return directory


@pytest.fixture(scope="module")
def cluster(papers: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A scheduler and two workers, with a nanny and without one."""
    named = ("--tls-ca-file", "ours-ca.pem"), ("--tls-cert", "ours-cert.pem"), ("--tls-key", "ours-key.pem")
    known = [word for option, name in named for word in (option, str(papers / name))]
    with cluster_maker(tmp_path_factory.mktemp("cluster")) as make:
        yield make(workers=2, threads=1, nanny=(True, False), tls=known)


def know(dmedia: Dmedia, papers: Path, **names: str) -> None:
    """Name certificates in the environment of the command, as Dask's configuration takes them."""
    dmedia.environment |= {f"{SETTING}{key.upper()}": str(papers / name) for key, name in names.items()}


def make_photos(directory: Path) -> None:
    directory.mkdir()
    for number in range(FILES):
        (directory / f"{number}.png").write_bytes(encoded(photo((120, 90), number), "PNG"))


def test_a_job_runs_over_tls_on_workers_with_a_nanny_and_without_one(
    dmedia: Dmedia, tmp_path: Path, papers: Path, cluster: Cluster
) -> None:
    make_photos(tmp_path / "in")
    know(dmedia, papers, ca_file="ours-ca.pem", client__cert="ours-cert.pem", client__key="ours-key.pem")
    ended = dmedia("convert", "in", "-o", "out", "--format", "webp", "--scheduler", cluster.address, "--json")
    assert ended.status == 0, ended.err
    assert (ended.document["completed"], ended.document["scheduler"]) == (FILES, cluster.address)
    assert not [warning for warning in ended.document["warnings"] if "encrypted" in warning]
    assert {file["worker"].partition(":")[0] for file in dmedia.files().values()} == {"tls"}


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (
            ("theirs-ca.pem", "ours-cert.pem", "ours-key.pem"),
            "shows a certificate that this machine's CA has not signed",
        ),
        (("ours-ca.pem", "theirs-cert.pem", "theirs-key.pem"), "does not accept this machine's certificate"),
        (("ours-ca.pem", "ours-cert.pem", "theirs-key.pem"), "cannot be used: "),
        (("ours-ca.pem", "nowhere.pem", "ours-key.pem"), "nowhere.pem cannot be read"),
        (("ours-ca.pem",), "Dask's configuration has no distributed.comm.tls.client.cert"),
        ((), "Dask's configuration has no distributed.comm.tls.ca-file"),
    ],
    ids=["other CA", "certificate of another CA", "other key", "no such file", "no certificate", "nothing"],
)
def test_a_wrong_certificate_is_refused_and_the_message_says_which(
    dmedia: Dmedia, tmp_path: Path, papers: Path, cluster: Cluster, names: tuple[str, ...], said: str
) -> None:
    make_photos(tmp_path / "in")
    know(dmedia, papers, **dict(zip(("ca_file", "client__cert", "client__key"), names, strict=False)))
    refused = dmedia("convert", "in", "-o", "out", "--format", "webp", "--scheduler", cluster.address)
    assert (refused.status, "distributed.comm.tls.ca-file" in refused.err) == (7, True), refused.err
    assert said in refused.err
    assert below(tmp_path / "out") == []


def test_without_encryption_a_scheduler_that_has_certificates_is_not_reached_and_tls_is_named(
    dmedia: Dmedia, tmp_path: Path, cluster: Cluster
) -> None:
    make_photos(tmp_path / "in")
    address = cluster.address.replace("tls://", "tcp://")
    refused = dmedia("convert", "in", "-o", "out", "--format", "webp", "--scheduler", address)
    assert (refused.status, "reached as tls://" in refused.err) == (7, True), refused.err


def test_a_schedulers_expired_certificate_is_told_from_one_of_another_authority() -> None:
    authority = trustme.CA()
    past = authority.issue_cert("127.0.0.1", not_after=datetime.now(UTC) - timedelta(days=1))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    past.configure_cert(server)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        Thread(target=lambda: refused_handshake(server, theirs), daemon=True).start()
        with pytest.raises(ssl.SSLCertVerificationError) as failed:
            client.wrap_socket(ours, server_hostname="127.0.0.1")
    told = unreachable("at tls://127.0.0.1:8786", failed.value)
    assert "shows a certificate that has expired" in told.message


def refused_handshake(context: ssl.SSLContext, connection: socket.socket) -> None:
    """Show a certificate to somebody who does not accept it."""
    with contextlib.suppress(OSError):
        context.wrap_socket(connection, server_side=True)
