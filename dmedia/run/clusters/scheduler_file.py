"""The file in which a scheduler says where it is, and what Dask's configuration says of schedulers."""

from __future__ import annotations

import json
import os
import re
import site
import sys
import time
from typing import TYPE_CHECKING

from dmedia.errors import ClusterError, UsageError
from dmedia.run.clusters.places import RunningCluster, is_address
from dmedia.run.launcher import told_configuration
from dmedia.run.patience import TICK_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ADDRESS, FILE = "scheduler-address", "scheduler-file"
"""Keys of Dask's configuration; in the environment ``DASK_SCHEDULER_ADDRESS`` and ``DASK_SCHEDULER_FILE``."""

FILE_WAIT_S = 10.0
"""Seconds to wait for a scheduler's file: Python takes some to start, over a network more."""

MALFORMED_WAIT_S = 1.0
"""Seconds after which a file that is none of a scheduler's is not about to become one: that takes milliseconds."""

MENTION = re.compile(rb"^[^#\n]*scheduler[-_](?:address|file)", re.MULTILINE)


def find_scheduler(place: RunningCluster, tick: Callable[[], None], limit_s: float) -> str:
    """Tell a scheduler's address.

    Parameters
    ----------
    place : RunningCluster
        By an address, or by a file that a scheduler writes when it starts, and writes anew when it is started again.
    tick : callable
        Is called while the file is waited for; what it raises ends that.
    limit_s : float
        Seconds to wait for it.

    Raises
    ------
    ClusterError
        When the file is not there by then, or says no address.
    """
    if place.address is not None or place.scheduler_file is None:
        return place.address or ""
    until_s = time.monotonic() + limit_s
    while True:
        try:
            return _address_in(place.scheduler_file)
        except (OSError, ValueError) as error:  # it may be about to be written
            if time.monotonic() >= until_s:
                why = error.strerror if isinstance(error, OSError) else error
                raise ClusterError(
                    f"The scheduler file {place.scheduler_file} tells of no scheduler: {why}",
                    f"start one with: dask scheduler --scheduler-file {place.scheduler_file}",
                ) from error
        tick()
        time.sleep(TICK_S)


def refuse_malformed(place: RunningCluster) -> None:
    """Refuse a file that no scheduler has written. One that is not there may come.

    Raises
    ------
    UsageError
        It names the file.
    """
    if place.scheduler_file is None:
        return
    until_s = time.monotonic() + MALFORMED_WAIT_S
    while True:
        try:
            _address_in(place.scheduler_file)
        except OSError:
            return
        except ValueError as error:
            if time.monotonic() >= until_s:
                raise UsageError(
                    f"The scheduler file {place.scheduler_file} tells of no scheduler: {error}",
                    "name the one of: dask scheduler --scheduler-file FILE",
                ) from error
            time.sleep(TICK_S)
        else:
            return


def _address_in(path: str) -> str:
    with open(path, "rb") as file:
        try:
            said = json.load(file)
        except ValueError:
            raise ValueError("it is not the JSON that a scheduler writes") from None
    address = said.get("address") if isinstance(said, dict) else None
    if not isinstance(address, str) or not address:
        raise ValueError("it has no address")
    if not is_address(address):
        raise ValueError(f"{address!r} is no address of a Dask scheduler")
    return address


def configured_cluster(*, insecure: bool) -> RunningCluster | None:
    """Tell which scheduler Dask's own configuration names, in the environment or in its files.

    Dask is loaded only where one of the files has something to say of it: that takes a tenth of a second and more.

    Parameters
    ----------
    insecure : bool
        See `RunningCluster`.

    Returns
    -------
    RunningCluster or None
        ``None`` where nothing is said: the job then runs in this process.
    """
    address, file = os.environ.get("DASK_SCHEDULER_ADDRESS"), os.environ.get("DASK_SCHEDULER_FILE")
    if any(MENTION.search(text) for text in _configuration_files()):
        with told_configuration():
            import dask.config

        address, file = dask.config.get(ADDRESS, None), dask.config.get(FILE, None)
    if address:
        return RunningCluster(str(address), insecure=insecure, configured=True)
    return RunningCluster(None, os.path.expanduser(str(file)), insecure, configured=True) if file else None


def _configuration_files() -> Iterator[bytes]:
    """Read the files that Dask reads its configuration from (``dask.config.paths``)."""
    places = [
        os.environ.get("DASK_ROOT_CONFIG", "/etc/dask"),
        *(os.path.join(prefix, "etc", "dask") for prefix in dict.fromkeys((sys.prefix, *site.PREFIXES))),
        os.path.join(os.path.expanduser("~"), ".config", "dask"),
        *filter(None, (os.environ.get("DASK_CONFIG"),)),
    ]
    for place in places:
        try:
            names = os.listdir(place) if os.path.isdir(place) else [os.path.basename(place)]
        except OSError:
            continue
        folder = place if os.path.isdir(place) else os.path.dirname(place)
        for name in names:
            if name.lower().endswith((".yaml", ".yml", ".json")):
                try:
                    with open(os.path.join(folder, name), "rb") as file:
                        yield file.read()
                except OSError:
                    continue
