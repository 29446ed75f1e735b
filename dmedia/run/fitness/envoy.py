"""The envoy: what is put on every worker, those that come later too, before anything of dmedia is loaded there.

A worker may have no dmedia, or another version. Dask keeps a worker from starting when a plugin cannot be unpickled,
and that worker may be there for somebody else's work. So this module is sent as its source, needs nothing but Dask, and
unpickles the rest where the version is the same. (Its bytecode would do only where Python's version is the same too.)
"""

from __future__ import annotations

import inspect
import pickle
import sys
from typing import TYPE_CHECKING, Any

from distributed.diagnostics.plugin import WorkerPlugin

if TYPE_CHECKING:
    from distributed import Worker

AGAIN_S = 1.0
"""Seconds after which what was said is said again: the launcher may not have listened yet, or Dask not been ready."""

MADE_OF_SOURCE = "(exec(source, space := {'__name__': 'dmedia_envoy'}), space['Envoy'](*given))[1]"


class Envoy(WorkerPlugin):
    """Brings a plugin to a worker, where it can be used.

    Parameters
    ----------
    name : str
        The plugin's.
    version : str
        Of dmedia: no other can be used.
    content : bytes
        The plugin, pickled.
    topic : str
        Dask event topic on which the launcher listens.
    launch : str
        Tells this launcher's words from those of one before it.

    Attributes
    ----------
    plugin : object or None
        The plugin, where it can be used.
    """

    def __init__(self, *given: Any) -> None:
        self._given = given
        self.name, self._version, self._content, self._topic, self._launch = given
        self.plugin: Any = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel as source."""
        source = inspect.getsource(sys.modules[__name__])
        return eval, (MADE_OF_SOURCE, {"source": source, "given": self._given})

    def setup(self, worker: Worker) -> None:
        """Set the plugin up, or say why it cannot be."""
        hint = f"install dmedia {self._version} in every worker's environment"
        try:
            import dmedia

            found = str(dmedia.__version__)
        except Exception as error:  # noqa: BLE001 - whatever keeps it from being loaded
            missing = isinstance(error, ModuleNotFoundError) and error.name == "dmedia"
            detail = "" if missing else f"{type(error).__name__}: {error}"
            self._say(worker, "do not have dmedia" if missing else "cannot load dmedia", detail, hint)
            return
        if found != self._version:
            self._say(worker, "have another version of dmedia", found, hint)
            return
        try:
            self.plugin = pickle.loads(self._content)  # noqa: S301 - it comes from the launcher
        except Exception as error:  # noqa: BLE001
            self._say(worker, "cannot load dmedia", f"{type(error).__name__}: {error}", hint)
            return
        self.plugin.setup(worker)

    def teardown(self, worker: Worker) -> None:
        """End what the plugin has begun."""
        if self.plugin is not None:
            self.plugin.teardown(worker)

    def _say(self, worker: Worker, *lack: str) -> None:
        words = {"worker": worker.address, "launch": self._launch, "running": [], "slots": 0, "lacks": [lack]}
        worker.log_event(self._topic, words)
        worker.loop.call_later(AGAIN_S, worker.log_event, self._topic, words)
