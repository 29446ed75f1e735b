"""What a process does to itself that is a launcher, and nothing else. A program that runs a job stays as it is."""

from __future__ import annotations

import gc
import logging
import os
import threading
import warnings

LOADER = "dmedia-load-dask"
"""Name of the thread that loads Dask."""


def become_launcher() -> None:
    """Load Dask quickly and quietly, while the job is being planned.

    Numpy's threads are of no use here, and cost 0.3 s of CPU. What matters of Dask's warnings and logs becomes an
    error of ours. Objects that were made until it is loaded stay, and are left out of every later collection.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    warnings.filterwarnings("ignore", module="distributed")
    threading.Thread(target=_load_dask, name=LOADER, daemon=True).start()


def wait_for_dask() -> None:
    """Wait until Dask is loaded and quiet, in a process that has become a launcher.

    Whoever loads a part of Dask by its own name must: two threads that load it by different ways meet in the middle.
    """
    for thread in threading.enumerate():
        if thread.name == LOADER:
            thread.join()


def _load_dask() -> None:
    import distributed  # noqa: F401 - the import is the point: it takes most of a second

    for name in list(logging.root.manager.loggerDict):
        if name.startswith("distributed"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    gc.freeze()
    gc.enable()
