"""What a process does to itself that is a launcher, and nothing else. A program that runs a job stays as it is."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import threading
import warnings
from typing import TYPE_CHECKING

from dmedia.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

LOADER = "dmedia-load-dask"
"""Name of the thread that loads Dask."""

MALFORMED = "dask config file"
"""In what Dask says of a file of its configuration that it cannot read, and then cannot be loaded at all."""


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


@contextlib.contextmanager
def told_configuration() -> Iterator[None]:
    """Turn what Dask says of a file of its configuration, when it is loaded, into an error for people.

    Raises
    ------
    UsageError
        It names the file.
    """
    try:
        yield
    except ValueError as error:
        if MALFORMED not in str(error):
            raise
        said = " ".join(str(error).split())
        raise UsageError(
            f"Dask cannot be configured: {said}", "mend that file, or name another by DASK_CONFIG"
        ) from None


def _load_dask() -> None:
    try:
        import distributed  # noqa: F401 - the import is the point: it takes most of a second
    except ValueError:  # whoever needs it first tells what is wrong
        return

    for name in list(logging.root.manager.loggerDict):
        if name.startswith("distributed"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    gc.freeze()
    gc.enable()
