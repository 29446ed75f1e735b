"""Connections to an SSH server, as ssh itself would make them: its configuration, keys, agent and known hosts."""

from __future__ import annotations

import os
import shlex
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from dmedia.storage.stores.configuration import configured
from dmedia.storage.stores.settings import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

KNOWN_HOSTS = "/etc/ssh/ssh_known_hosts"
"""Hosts that all users of a machine know (man 8 sshd)."""

MOST_IDLE = 8
"""Connections that are kept for the next request: those of a worker with as many threads."""


class Sessions:
    """Connections to one server. Each is used by one thread at a time, for paramiko's are not safe for more.

    Parameters
    ----------
    host : str
        Name as in a URL: ``user@host:port``.
    """

    def __init__(self, host: str) -> None:
        self._user, _, rest = host.rpartition("@")
        name, colon, port = rest.rpartition(":")
        is_port = colon and port.isdecimal()
        self._name = (name if is_port else rest).strip("[]")
        self._port = int(port) if is_port else 0
        self._idle: list[Any] = []
        self._lock = threading.Lock()

    @contextmanager
    def one(self) -> Iterator[Any]:
        """Take an idle session, or connect; one in which something other than a request went wrong is closed.

        Yields
        ------
        paramiko.SFTPClient
            For this thread alone.
        """
        idle = self._take()
        session = idle or self._connect()
        is_sound = False
        try:
            yield session
            is_sound = True
        except Exception as error:
            is_sound = isinstance(error, FileNotFoundError | PermissionError)
            if idle and _is_of_connection(error, session):
                self._close_idle()
            raise
        finally:
            self._return(session, is_sound=is_sound)

    def _take(self) -> Any | None:
        """Take an idle session that nobody is known to have ended."""
        while True:
            with self._lock:
                session = self._idle.pop() if self._idle else None
            if session is None or _is_alive(session):
                return session
            _close(session)

    def _close_idle(self) -> None:
        """Close what lay idle as long as one that turned out to be dead: each would cost an attempt."""
        with self._lock:
            idle, self._idle = self._idle, []
        for session in idle:
            _close(session)

    def _return(self, session: Any, *, is_sound: bool) -> None:
        with self._lock:
            if is_sound and len(self._idle) < MOST_IDLE:
                self._idle.append(session)
                return
        _close(session)

    def _connect(self) -> Any:
        import paramiko

        client = paramiko.SSHClient()
        client.load_system_host_keys()
        with suppress(OSError):
            client.load_system_host_keys(KNOWN_HOSTS)
        limits = settings()
        try:
            with configured("sftp"):
                client.connect(
                    timeout=limits.connect_timeout_s,
                    banner_timeout=limits.read_timeout_s,
                    auth_timeout=limits.read_timeout_s,
                    channel_timeout=limits.read_timeout_s,
                    **self._options(),
                )
            session = client.open_sftp()
        except BaseException:
            client.close()
            raise
        session.get_channel().settimeout(limits.read_timeout_s)
        session.connection = client  # lives as long as the session
        return session

    def _options(self) -> dict[str, Any]:
        """Put together what ssh's configuration, fsspec's and the URL say, the last word being the URL's."""
        import fsspec.config
        import paramiko

        path = os.path.expanduser("~/.ssh/config")
        config = paramiko.SSHConfig.from_path(path) if os.path.isfile(path) else paramiko.SSHConfig()
        said = config.lookup(self._name)
        options: dict[str, Any] = {"hostname": said.get("hostname", self._name)}
        options["port"] = self._port or int(said.get("port", 22))
        if said.get("user"):
            options["username"] = said["user"]
        if said.get("identityfile"):
            options["key_filename"] = [file for file in said["identityfile"] if os.path.isfile(file)]
        command = said.get("proxycommand", "")
        if not command and said.get("proxyjump", "none") != "none":
            target = shlex.quote(f"{options['hostname']}:{options['port']}")  # it is parted as a shell would
            command = f"ssh -W {target} {said['proxyjump']}"
        if command and command != "none":
            options["sock"] = paramiko.ProxyCommand(command)
        given = {name: value for name, value in fsspec.config.conf.get("sftp", {}).items() if name != "host"}
        options |= given
        if self._user:
            options["username"] = self._user
        return options


def _is_alive(session: Any) -> bool:
    transport = session.connection.get_transport()
    return transport is not None and bool(transport.is_active())


def _is_of_connection(error: Exception, session: Any) -> bool:
    """Tell whether a request failed because of its connection, not of what was asked for."""
    from paramiko import SSHException

    return isinstance(error, SSHException | EOFError | TimeoutError) or not _is_alive(session)


def _close(session: Any) -> None:
    with suppress(Exception):
        session.connection.close()
