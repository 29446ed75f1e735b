"""What this machine lets a job use."""

from __future__ import annotations

import os

import psutil


def default_slots(slot_bytes: int) -> int:
    """Choose how many slots to run: one a CPU, as long as their memory fits.

    Parameters
    ----------
    slot_bytes : int
        Memory a slot may grow to.

    Returns
    -------
    int
        At least 1.
    """
    available_bytes: int = psutil.virtual_memory().available
    return max(1, min(usable_cpus(), available_bytes // slot_bytes))


def usable_cpus() -> int:
    """Count the CPUs this process may use: its affinity, and a container's quota (cgroup v2 ``cpu.max``).

    Returns
    -------
    int
        At least 1.
    """
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        with open("/sys/fs/cgroup/cpu.max", encoding="ascii") as file:
            quota, period = file.read().split()
        cpus = min(cpus, max(1, round(int(quota) / int(period))))
    except (OSError, ValueError):
        pass  # no quota, or not this kind of system
    return cpus
