"""What SSH servers and paramiko say when they refuse, as failures of files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dmedia.storage.faults import remote_fault
from dmedia.storage.stores.attempts import Refusal
from dmedia.words import gist

if TYPE_CHECKING:
    from dmedia.errors import Stage

CREDENTIALS = "dmedia uses ssh's own: keys in ~/.ssh, the agent, and what ~/.ssh/config says of the host"
HOST_KEY = "Connect once with ssh as the account that runs dmedia, and confirm the key; on a cluster, on each worker"


def explain(error: Exception, name: str, stage: Stage) -> Refusal | None:
    """Turn what a request to an SSH server raised into a refusal.

    Parameters
    ----------
    error : Exception
        As paramiko raised it.
    name : str
        ``sftp://host``.
    stage : Stage
        Where on the file's way it happened.

    Returns
    -------
    Refusal or None
        ``None`` for what is a bug.
    """
    import paramiko

    if isinstance(error, paramiko.BadHostKeyException) or "known_hosts" in str(error):
        said = f"the key of {name} is not the known one, or not known: {gist(error)}"
        return Refusal(remote_fault(403, said, stage, HOST_KEY))
    if isinstance(error, paramiko.AuthenticationException) or "No authentication methods" in str(error):
        return Refusal(remote_fault(403, f"{name} lets nobody in: {gist(error)}", stage, CREDENTIALS))
    known: tuple[tuple[type[Exception], int, str, str | None], ...] = (
        (FileNotFoundError, 404, f"{name} has no such file", None),
        (PermissionError, 403, f"{name} does not allow it", None),
        (FileExistsError, 412, f"something else stands at that place of {name} now", None),
        (UnicodeDecodeError, 0, f"{name} has a file whose name is not UTF-8", "Rename it there"),
    )
    for kind, status, said, hint in known:
        if isinstance(error, kind):
            return Refusal(remote_fault(status, said, stage, hint))
    if isinstance(error, paramiko.SSHException | OSError | EOFError):
        said = f"{name} cannot be reached or does not answer: {gist(error)}"
        return Refusal(remote_fault(0, said, stage, "Check the network and the address"), passes=True)
    return None
