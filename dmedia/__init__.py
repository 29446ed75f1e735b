"""dmedia: batch processing of photos and films at any scale.

A tour, in the order a file travels::

    cli          what a person typed becomes a JobSpec
    serve        what an assistant asks over MCP becomes a call of the Python interface
    api          what a program asks: the functions that this package offers
    operations   what can be asked of a file: one module per operation, with its parameters
    presets      named operations with parameters, in TOML files
    catalog      inputs become a lazy stream of sources
    planning     sources x operation become tasks: rendition paths, collisions, preflight
    record       the durable account of the job on disk: the only truth about it
    run          Dask: clusters, fitness of workers, slots, dispatch, collect, dashboard
    media        the work on one file, in a slot: open, decode, process, encode, verify, publish
    report       terminal progress, status documents
    storage      disks and object stores: read a source safely, publish a rendition whole
    model        the frozen records that cross all these borders
    errors       the error tree
    words        how messages name things
    formats      what is what

Imports point downward only; a linter holds it. What a program uses stands in ``__all__``, and is loaded when it is
first named.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dmedia.api.batches import batch_process, get_batch_status
    from dmedia.api.files import apply_preset, media_info, process_file
    from dmedia.api.job import Job
    from dmedia.api.plans import plan
    from dmedia.api.presets import list_presets
    from dmedia.errors import DmediaError, MediaError
    from dmedia.model import Limits, Persistence

__version__ = "0.1.0"

HOMES = {
    "batch_process": "dmedia.api.batches",
    "get_batch_status": "dmedia.api.batches",
    "plan": "dmedia.api.plans",
    "apply_preset": "dmedia.api.files",
    "media_info": "dmedia.api.files",
    "process_file": "dmedia.api.files",
    "Job": "dmedia.api.job",
    "list_presets": "dmedia.api.presets",
    "DmediaError": "dmedia.errors",
    "MediaError": "dmedia.errors",
    "Limits": "dmedia.model",
    "Persistence": "dmedia.model",
}
"""Where each public name lives."""

__all__ = [
    "DmediaError",
    "Job",
    "Limits",
    "MediaError",
    "Persistence",
    "apply_preset",
    "batch_process",
    "get_batch_status",
    "list_presets",
    "media_info",
    "plan",
    "process_file",
]


if not TYPE_CHECKING:  # a type checker knows the names above, and takes every other one for a mistake

    def __getattr__(name: str) -> object:
        """Load a public name when it is first used (PEP 562): importing dmedia costs nothing."""
        if name not in HOMES:
            raise AttributeError(f"module 'dmedia' has no attribute {name!r}")
        found: object = getattr(import_module(HOMES[name]), name)
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
