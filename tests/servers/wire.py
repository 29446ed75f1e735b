"""A wire that breaks: connections passed on to a server, some of which end or fall silent after so many bytes."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Self


class Wire:
    """Listens, and passes each connection on to a port of this machine.

    Parameters
    ----------
    upstream : int
        The port.

    Attributes
    ----------
    port : int
        Where it listens.
    breaks : list of (str, int)
        What happens to the next connections, one each: ``("cut", n)`` or ``("hang", n)`` after n bytes in both
        directions together. Afterwards all goes well.
    made : int
        How many connections there were.
    """

    def __init__(self, upstream: int) -> None:
        self._upstream = upstream
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.breaks: list[tuple[str, int]] = []
        self.made = 0
        self._ends: list[socket.socket] = []
        self._left: list[list[int]] = []

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def sever(self) -> None:
        """End all connections that there are."""
        for end in self._ends:
            shut(end)

    def hush(self) -> None:
        """Let all connections that there are fall silent, without an end."""
        for left in self._left:
            left[0] = 0

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.made += 1
            trouble, after_bytes = self.breaks.pop(0) if self.breaks else ("hang", 1 << 60)
            server = socket.create_connection(("127.0.0.1", self._upstream))
            self._ends += [client, server]
            left = [after_bytes]
            self._left.append(left)
            for one, other in ((client, server), (server, client)):
                threading.Thread(target=carry, args=(one, other, left, trouble), daemon=True).start()


def carry(one: socket.socket, other: socket.socket, left: list[int], trouble: str) -> None:
    """Pass on what comes from one end until the wire breaks."""
    try:
        while block := one.recv(65536):
            left[0] -= len(block)
            if left[0] < 0:
                if trouble == "hang":
                    continue
                break
            other.sendall(block)
    except OSError:
        pass
    shut(one)
    shut(other)


def shut(end: socket.socket) -> None:
    """End a connection, unless it has ended."""
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
