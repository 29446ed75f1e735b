"""Listings of directories of an SSH server, in names that are bytes.

paramiko has a listing too, but fails on names that are not UTF-8.
"""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

AHEAD = 16
"""Requests that are under way at once; servers answer each with some hundred names."""


def listed(session: Any, directory: bytes) -> Iterator[tuple[bytes, Any]]:
    """List one directory.

    Parameters
    ----------
    session : paramiko.SFTPClient
        For this thread alone, until the listing is closed.
    directory : bytes
        Its path.

    Yields
    ------
    (bytes, paramiko.SFTPAttributes)
        Name and attributes of each entry, of links their own.
    """
    from paramiko.sftp import CMD_CLOSE, CMD_OPENDIR, CMD_READDIR

    handle = session._request(CMD_OPENDIR, directory)[1].get_binary()  # noqa: SLF001 - paramiko's own listing is text
    waiting: deque[int] = deque()
    try:
        while True:
            while len(waiting) < AHEAD:
                waiting.append(session._async_request(type(None), CMD_READDIR, handle))  # noqa: SLF001
            try:
                _, answer = session._read_response(waiting.popleft())  # noqa: SLF001
            except EOFError:  # the end of the listing
                return
            yield from _entries(answer)
    finally:
        for number in waiting:
            with suppress(EOFError):
                session._read_response(number)  # noqa: SLF001
        session._request(CMD_CLOSE, handle)  # noqa: SLF001


def _entries(answer: Any) -> Iterator[tuple[bytes, Any]]:
    from paramiko.sftp_attr import SFTPAttributes

    for _ in range(answer.get_int()):
        name = answer.get_string()
        answer.get_string()  # the same for people
        attributes = SFTPAttributes._from_msg(answer)  # noqa: SLF001
        if name not in {b".", b".."}:
            yield name, attributes
