"""Where SQLite keeps what is not yet in the record's one file."""

from __future__ import annotations

import os
import sqlite3
from typing import TYPE_CHECKING

from dmedia.record.schema import WRITE_WAIT_S

if TYPE_CHECKING:
    from pathlib import Path

CHECKPOINT_PAGES = 4_000
"""Pages (of 4 KiB) in the write-ahead log after which SQLite moves them into the one file."""

NETWORK_FILE_SYSTEMS = frozenset(
    {
        *("nfs", "nfs3", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "afpfs", "webdav", "ncpfs", "coda"),
        *("lustre", "gpfs", "beegfs", "ceph", "glusterfs", "orangefs", "pvfs2", "panfs", "afs", "openafs"),
        *("9p", "virtiofs", "vboxsf", "prl_fs", "vmhgfs", "ocfs2", "gfs2"),
    }
)
"""Types as ``mount`` names them; the shared folders of virtual machines have two kernels too."""

LOCAL_FUSE = frozenset({"fuse.fuse-overlayfs", "fuseblk"})
"""All other file systems in user space are taken for remote: a rollback journal is right there in any case."""


def keep_journal(connection: sqlite3.Connection, path: Path) -> None:
    """Choose the journal: a write-ahead log on a local file system, a rollback journal where memory is not shared.

    Source: https://www.sqlite.org/wal.html, "All processes using a database must be on the same host computer".
    """
    mode = "WAL" if is_local(path) else "DELETE"
    connection.execute(f"PRAGMA journal_mode = {mode}")
    connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")


def drop_journal(connection: sqlite3.Connection, wait_s: float) -> bool:
    """Bring everything into the one file, so that it can be read without the right to write beside it.

    Returns
    -------
    bool
        Whether it is done: not while a reader is in the record.
    """
    connection.execute(f"PRAGMA busy_timeout = {int(wait_s * 1000)}")
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return bool(connection.execute("PRAGMA journal_mode = DELETE").fetchone()[0] == "delete")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            raise
        return False
    finally:
        connection.execute(f"PRAGMA busy_timeout = {int(WRITE_WAIT_S * 1000)}")


def shorten_journal(connection: sqlite3.Connection) -> None:
    """Bring what was written into the one file and empty the log, unless a reader is in the way."""
    connection.execute("PRAGMA busy_timeout = 0")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.execute(f"PRAGMA busy_timeout = {int(WRITE_WAIT_S * 1000)}")


def is_local(path: Path) -> bool:
    """Tell whether a file lies on a file system of this host alone.

    Parameters
    ----------
    path : Path
        Need not exist.

    Returns
    -------
    bool
        By the type of the longest mount point above it; ``True`` for types that are not known as network file systems.
    """
    import psutil

    real = os.path.realpath(path)
    kind, longest = "", -1
    for mount in psutil.disk_partitions(all=True):
        inside = real == mount.mountpoint or real.startswith(mount.mountpoint.rstrip("/") + "/")
        if inside and len(mount.mountpoint) >= longest:
            kind, longest = mount.fstype.lower(), len(mount.mountpoint)
    if kind.startswith("fuse") and kind not in LOCAL_FUSE:
        return False
    return kind not in NETWORK_FILE_SYSTEMS
