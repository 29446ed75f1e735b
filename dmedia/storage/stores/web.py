"""HTTP as stores speak it: what an answer says of an object, and what a refusal says of a failure."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from dmedia.storage.faults import PASSING_STATUS, remote_fault
from dmedia.storage.stores.attempts import Refusal, asked_wait_s
from dmedia.storage.stores.store import Identity
from dmedia.words import gist

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import ClientResponse

    from dmedia.errors import Stage

MOST_SAID = 10_000
"""Characters that are read of a refusal."""


class AnsweredError(Exception):
    """A server has answered, but not with what was asked for.

    Parameters
    ----------
    status : int
        HTTP status.
    said : str
        Its reason, where it gave one that is meant for people.
    wait_s : float
        What it asked to wait for, in seconds.
    """

    def __init__(self, status: int, said: str = "", wait_s: float = 0.0) -> None:
        super().__init__(status, said, wait_s)
        self.status, self.said, self.wait_s = status, said, wait_s


async def refuse_failure(answer: ClientResponse) -> None:
    """Raise what an answer says when it is no success.

    Raises
    ------
    AnsweredError
        When it is not.
    """
    if answer.status < 300:
        return
    said = ""
    with suppress(Exception):  # what a server says besides its status is a courtesy
        text = (await answer.content.read(MOST_SAID)).decode("utf-8", "replace")
        said = str(json.loads(text)["error"]["message"])
    raise AnsweredError(answer.status, gist(said), asked_wait_s(answer.headers.get("Retry-After", "")))


def explain_web(error: Exception, name: str, stage: Stage, credentials: str) -> Refusal | None:
    """Turn what a request over HTTP raised into a refusal.

    Parameters
    ----------
    error : Exception
        As it was raised.
    name : str
        Who was asked, without secrets.
    stage : Stage
        Where on the file's way it happened.
    credentials : str
        Where credentials come from.

    Returns
    -------
    Refusal or None
        ``None`` for what is a bug.
    """
    import aiohttp

    if isinstance(error, AnsweredError):
        return _answered(error, name, stage, credentials)
    if is_untrusted(error):
        return untrusted(name, stage)
    if isinstance(error, aiohttp.TooManyRedirects | aiohttp.InvalidURL | aiohttp.NonHttpUrlClientError):
        return Refusal(remote_fault(404, f"{name} leads nowhere", stage))
    if isinstance(error, aiohttp.ClientError | asyncio.TimeoutError | OSError | EOFError):
        said = f"{name} cannot be reached or does not answer: {_gist(error)}"
        return Refusal(remote_fault(0, said, stage, "Check the network and the address"), passes=True)
    return None


def is_untrusted(error: Exception) -> bool:
    """Tell whether a server's certificate was refused, in OpenSSL's words: every client wraps them in an own error."""
    return "CERTIFICATE_VERIFY_FAILED" in str(error)


def untrusted(name: str, stage: Stage) -> Refusal:
    """Refuse a server whose certificate is not trusted: time does not mend that."""
    said = f"no safe connection to {name}: its certificate is not trusted"
    return Refusal(remote_fault(403, said, stage, "SSL_CERT_FILE names the certificates to trust"))


def _answered(error: AnsweredError, name: str, stage: Stage, credentials: str) -> Refusal:
    if error.status == 404:
        return Refusal(remote_fault(404, f"{name} has no such object", stage), settled=True)
    if error.status == 412:
        return Refusal(remote_fault(412, "something else stands there now", stage), settled=True)
    said = f"{name} answers with status {error.status}{': ' * bool(error.said)}{error.said}"
    hint = credentials if error.status in {401, 403} else None
    return Refusal(remote_fault(error.status, said, stage, hint), error.status in PASSING_STATUS, error.wait_s)


def identity_of(headers: Mapping[str, str]) -> Identity:
    """Read an object's identity from the headers of a whole answer.

    Parameters
    ----------
    headers : mapping of str to str
        Whose names do not depend on case.

    Returns
    -------
    Identity
        As far as they tell it; a weak ETag keeps its ``W/``.
    """
    length = headers.get("Content-Length", "")
    encoded = headers.get("Content-Encoding", "identity") != "identity"  # then it is the length of something else
    mtime_s = 0
    with suppress(ValueError):
        mtime_s = max(0, int(parsedate_to_datetime(headers.get("Last-Modified", "")).timestamp()))
    size_bytes = int(length) if length.isdecimal() and not encoded else -1
    return Identity(size_bytes, mtime_s * 1_000_000_000, headers.get("ETag", "").strip('"').replace('W/"', "W/"))


def _gist(error: Exception) -> str:
    import aiohttp

    if isinstance(error, aiohttp.ClientResponseError):  # its text has the whole URL, which may hold a signature
        return f"{error.status} {error.message}"
    return gist(error)
