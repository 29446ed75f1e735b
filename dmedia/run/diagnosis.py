"""What this installation is made of and how it stands: asked of a real slot, not guessed."""

from __future__ import annotations

import contextlib
import os
import platform
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

from dmedia import __version__
from dmedia.media.libraries import installed
from dmedia.model import Limits
from dmedia.operations import broken_operations, known_operations, package_of
from dmedia.planning.folding import nearest_existing
from dmedia.planning.preflight import free_bytes
from dmedia.record.home import home
from dmedia.run.machine import default_slots, usable_cpus
from dmedia.run.single import idle_slot

if TYPE_CHECKING:
    from dmedia.run.answers import SlotReport, Trials

CLUSTER = ("dask", "distributed", "bokeh")
EXTRAS = {
    "heif": "pillow-heif", "raw": "rawpy", "optimize": "pyoxipng", "s3": "s3fs", "gcs": "gcsfs", "azure": "adlfs",
    "sftp": "paramiko", "http": "aiohttp",
}  # fmt: skip
"""By extra, the package it brings. It is looked for and not loaded."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What this machine offers.

    Attributes
    ----------
    cpus : int
        Processors this process may use.
    slots : int
        Slots a job gets without ``-j``.
    slot_bytes : int
        Memory a slot may grow to while it works on a picture.
    available_bytes : int
        Memory that is free now.
    """

    cpus: int
    slots: int
    slot_bytes: int
    available_bytes: int


@dataclass(frozen=True, slots=True)
class Records:
    """Where records lie.

    Attributes
    ----------
    folder : bytes
        Absolute path; it need not exist yet.
    free_bytes : int or None
        Space there; ``None`` where nobody can tell.
    is_writable : bool
        Whether a job can begin a record there.
    """

    folder: bytes
    free_bytes: int | None
    is_writable: bool


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All that is found out.

    Attributes
    ----------
    versions : dict of str
        Of dmedia, Python and everything it works with, by name; empty where something is not installed.
    extras : dict of bool
        Whether each of the extras is installed.
    machine : Machine
        What this machine offers.
    records : Records
        Where records lie.
    slot : SlotReport or str
        What a real slot says of itself; a text when none can start.
    trials : Trials or str
        What a real slot has decoded and encoded; a text when it could not, or nobody asked.
    scratch_bytes : int or None
        Space in the directory for temporary files.
    operations : dict of str
        The package of each operation that another package brings.
    broken_operations : dict of str
        Of each that cannot be used, a sentence that says why.
    """

    versions: dict[str, str]
    extras: dict[str, bool]
    machine: Machine
    records: Records
    slot: SlotReport | str
    trials: Trials | str
    scratch_bytes: int | None
    operations: dict[str, str]
    broken_operations: dict[str, str]


def diagnose(*, tries: bool = False) -> Diagnosis:
    """Find out what this installation is made of, and start a slot to ask it.

    Parameters
    ----------
    tries : bool
        Whether the slot shall also decode and encode a specimen of each format: that takes some seconds.

    Returns
    -------
    Diagnosis
        Whatever is broken is told, not raised.
    """
    limits = Limits()
    machine = Machine(
        usable_cpus(),
        default_slots(limits.image_slot_bytes),
        limits.image_slot_bytes,
        int(psutil.virtual_memory().available),
    )
    with idle_slot("doctor", limits) as asked:
        slot = asked.report()
        trials = asked.try_formats() if tries else "nobody asked"
    versions = {"dmedia": __version__, "python": platform.python_version(), "system": platform.platform()}
    versions |= {name: installed(name) for name in CLUSTER}
    if not isinstance(slot, str):
        versions |= slot.versions
    extras = {extra: bool(installed(distribution)) for extra, distribution in EXTRAS.items()}
    foreign = {name: package_of(name) for name, operation in known_operations().items() if operation.work}
    return Diagnosis(
        versions=versions,
        extras=extras,
        machine=machine,
        records=_look_at_records(),
        slot=slot,
        trials=trials,
        scratch_bytes=_free_bytes(os.fsencode(tempfile.gettempdir())),
        operations=foreign,
        broken_operations=broken_operations(),
    )


def _look_at_records() -> Records:
    folder = os.fsencode(home())
    return Records(folder, _free_bytes(folder), os.access(nearest_existing(folder), os.W_OK | os.X_OK))


def _free_bytes(folder: bytes) -> int | None:
    with contextlib.suppress(OSError):
        return free_bytes(folder)
    return None
