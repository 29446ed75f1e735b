"""Certificates of ``tls://``, and why a scheduler could not be reached, in words that say what to do."""

from __future__ import annotations

import os
import socket
import ssl
import urllib.parse
from typing import TYPE_CHECKING

from dmedia.errors import ClusterError
from dmedia.run.clusters.transports import ENCRYPTED, WITHIN_PROCESS
from dmedia.run.launcher import wait_for_dask

if TYPE_CHECKING:
    from collections.abc import Iterator

SETTINGS = "Dask's configuration names them: distributed.comm.tls.ca-file, .client.cert and .client.key"
"""What to do, in every error about certificates."""

NEEDED = ("ca-file", "client.cert", "client.key")
"""Keys below ``distributed.comm.tls`` that a client cannot do without (Dask's documentation, "TLS/SSL"). Each names a
file, or is what would be in it, which has several lines."""

CLOSED = ("closed", "reset", "eof ")
"""In what is said of a connection that the other side has ended: with TLS 1.3 perhaps without an alert."""

EXPIRED = "shows a certificate that has expired, or whose CA's has"
"""What is told when OpenSSL says so of any certificate of the chain."""

OURS_REFUSED = ("alert", "certificate required")
"""In what OpenSSL says when the other side has refused: an alert came."""


HTTP_WAIT_S = 1.0
"""Seconds that a web server has to accept a connection, and to answer: it is asked only when no scheduler answers."""


def check_certificates(address: str) -> None:
    """Refuse to look for a scheduler by ``tls://`` without certificates that can be used: Dask says little of them.

    And refuse what Dask's configuration forbids.

    Parameters
    ----------
    address : str
        The scheduler's.

    Raises
    ------
    ClusterError
        It says which is missing, not there or unfit; or that the address is not encrypted and must be.
    """
    wait_for_dask()
    import dask.config

    if address.partition("://")[0] not in ENCRYPTED:
        _refuse_plaintext(address)
        return
    from distributed.security import Security

    for key in NEEDED:
        named = dask.config.get(f"distributed.comm.tls.{key}", None)
        if not named:
            raise ClusterError(
                f"{address} needs certificates, and Dask's configuration has no distributed.comm.tls.{key}", SETTINGS
            )
        if "\n" not in named and not os.access(named, os.R_OK):
            raise ClusterError(f"{address} needs certificates, and {named} cannot be read", SETTINGS)
    try:
        Security().get_connection_args("client")
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise ClusterError(f"The certificates for {address} cannot be used: {error}", SETTINGS) from error


def _refuse_plaintext(address: str) -> None:
    import dask.config

    if not dask.config.get("distributed.comm.require-encryption", None) or address.startswith(f"{WITHIN_PROCESS}://"):
        return
    host = address.partition("://")[2] or address
    raise ClusterError(
        f"{address} is not encrypted, and Dask's configuration demands encryption "
        "(distributed.comm.require-encryption)",
        f"use tls://{host}",
    )


def speaks_http(address: str) -> bool:
    """Tell whether a web server listens where a scheduler should: the dashboard's port is easily taken for it.

    Parameters
    ----------
    address : str
        The scheduler's.
    """
    parts = urllib.parse.urlsplit(address if "://" in address else f"tcp://{address}")
    if parts.scheme != "tcp" or not parts.port:
        return False
    try:
        with socket.create_connection((parts.hostname or "", parts.port), HTTP_WAIT_S) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            return connection.recv(5) == b"HTTP/"
    except OSError:
        return False


def unreachable(place: str, error: Exception) -> ClusterError:
    """Say why no scheduler answers.

    Parameters
    ----------
    place : str
        Where it should be, in a sentence: ``at tls://10.0.0.1:8786``.
    error : Exception
        What the attempt ended with.

    Returns
    -------
    ClusterError
    """
    said = " ".join(str(error).split())
    if any(f"{transport}://" in place for transport in ENCRYPTED):
        if about := _certificate_trouble(error):
            return ClusterError(f"The scheduler {place} {about}", SETTINGS)
        if not said or any(word in said.lower() for word in CLOSED):
            return ClusterError(
                f"The scheduler {place} closes the connection: it does not accept this machine's certificate, "
                "or speaks no TLS",
                SETTINGS,
            )
        return ClusterError(
            f"No Dask scheduler answers {place}: {said}", "start one with: dask scheduler; is it one with certificates?"
        )
    hint = "start one with: dask scheduler"
    if any(word in said.lower() for word in CLOSED):
        hint += "; one with certificates is reached as tls://"
    return ClusterError(f"No Dask scheduler answers {place}: {said}", hint)


def _certificate_trouble(error: BaseException) -> str | None:
    """Tell whose certificate the other did not accept, if one was not."""
    causes = list(_causes(error))
    texts = [str(one) for one in causes]
    about_ssl = any(isinstance(one, ssl.SSLError) for one in causes) or any("SSL" in text for text in texts)
    expired = any("expired" in text.lower() for text in texts)
    if any(word in text.lower() for text in texts for word in OURS_REFUSED) and about_ssl:
        if expired:
            return "does not accept this machine's certificate: it has expired"
        return "does not accept this machine's certificate: its CA has not signed it"
    if any(isinstance(one, ssl.SSLCertVerificationError) for one in causes) or any(
        "certificate" in text.lower() for text in texts
    ):
        return EXPIRED if expired else "shows a certificate that this machine's CA has not signed"
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
