"""An SFTP server: ``python -m tests.servers.sftp DIRECTORY``. It prints its port.

``DIRECTORY/files`` is its root; ``DIRECTORY/home/.ssh`` gets a key that it lets in, and known hosts with its own.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import asyncssh


async def serve(directory: Path) -> None:
    """Serve until the process is ended or orphaned."""
    host_key, user_key = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    ssh = directory / "home" / ".ssh"
    ssh.mkdir(parents=True, exist_ok=True)
    user_key.write_private_key(ssh / "id_ed25519")
    (ssh / "id_ed25519").chmod(0o600)
    user_key.write_public_key(directory / "authorized_keys")
    (directory / "files").mkdir(exist_ok=True)
    server = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_host_keys=[host_key],
        authorized_client_keys=str(directory / "authorized_keys"),
        sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=str(directory / "files").encode()),
    )
    port = server.get_port()
    public = host_key.export_public_key().decode().strip()
    (ssh / "known_hosts").write_text(f"[127.0.0.1]:{port} {public}\n")
    print(port, flush=True)
    parent = os.getppid()
    while os.getppid() == parent:
        await asyncio.sleep(1)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asyncio.run(serve(Path(sys.argv[1])))
