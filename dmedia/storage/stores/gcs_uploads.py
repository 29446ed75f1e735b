"""Uploads in parts to Google Cloud Storage: nothing is seen of one before its last part has come."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from dmedia.storage.stores.attempts import persist
from dmedia.storage.stores.bodies import Body, Joined, size_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dmedia.errors import Stage
    from dmedia.storage.stores.attempts import Refusal

PART_BYTES = 16 << 20
"""A part's size: a multiple of 256 KiB, as the API asks for ("Resumable uploads")."""


class Requests(Protocol):
    """What makes requests: see `Gcs`."""

    def request(
        self,
        method: str,
        path: str,
        options: Mapping[str, str],
        headers: Mapping[str, str] = ...,
        body: Joined | None = ...,
    ) -> dict[str, Any]:
        """Make one."""

    def explain(self, error: Exception, bucket: str, stage: Stage) -> Refusal | None:
        """Explain what one raised."""


def upload(
    service: Requests, where: tuple[str, Mapping[str, str]], described: Mapping[str, Any], descriptor: int
) -> dict[str, Any]:
    """Send an open file in parts.

    Parameters
    ----------
    service : Requests
        What makes the requests.
    where : (str, mapping)
        The bucket's path for uploads, and the conditions of this one.
    described : mapping
        The object's name, type and metadata.
    descriptor : int
        The file.

    Returns
    -------
    dict
        What the service says of the object.
    """
    path, options = where
    headers = {"Content-Type": "application/json; charset=UTF-8"}
    said = Joined(json.dumps(described).encode())
    begun = service.request("POST", path, {**options, "uploadType": "resumable"}, headers, said)
    session = begun["location"]
    try:
        return _send(service, session, descriptor)
    except BaseException:
        with suppress(Exception):  # the failure above is what is told; sessions end by themselves after a week
            service.request("DELETE", session, {})
        raise


def _send(service: Requests, session: str, descriptor: int) -> dict[str, Any]:
    whole = size_of(descriptor)
    offset, is_certain = 0, True

    def send() -> dict[str, Any]:
        nonlocal offset, is_certain
        if not is_certain:  # an answer was lost: how much of the part has come?
            state = service.request("PUT", session, {}, {"Content-Range": f"bytes */{whole}", "Content-Length": "0"})
            if "generation" in state:
                return state
            offset, is_certain = _after(state), True
        part = Joined(Body(descriptor, offset, min(PART_BYTES, whole - offset)))
        is_certain = False
        headers = {"Content-Range": f"bytes {offset}-{offset + part.length - 1}/{whole}"}
        state = service.request("PUT", session, {}, headers, part)
        if "generation" not in state:
            offset = _after(state)
        is_certain = True
        return state

    while True:
        state = persist(send, lambda error: service.explain(error, "", "publish"))
        if "generation" in state:
            return state


def _after(state: Mapping[str, Any]) -> int:
    """Tell how many bytes have come: ``bytes=0-n``, or nothing."""
    return int(str(state.get("range", "bytes=0--1")).partition("-")[2]) + 1
