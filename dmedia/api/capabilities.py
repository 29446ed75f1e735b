"""What this installation can do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dmedia import __version__, formats
from dmedia.formats.extensions import IMAGE_EXTENSIONS
from dmedia.model import Limits
from dmedia.operations import known_operations

if TYPE_CHECKING:
    from dmedia.report.shapes import CapabilitiesDocument

NEEDS_EXTRA = {"heif": "heif", "raw": "raw"}
"""Formats that are read with an extra."""

NEVER_READ = frozenset({"svg", "jxl", "exr", "hdr"})
"""Formats that are known by name, to be refused with a reason."""


def read_capabilities() -> CapabilitiesDocument:
    """Tell what can be asked for here, and what is read and written. A slot is started and asked.

    Returns
    -------
    dict
        Without the operations' parameters, and without roots.
    """
    from dmedia.run.diagnosis import diagnose

    diagnosis, limits = diagnose(), Limits()
    slot = diagnosis.slot
    reads = [
        name
        for name in IMAGE_EXTENSIONS
        if name not in NEVER_READ and diagnosis.extras.get(NEEDS_EXTRA.get(name, ""), True)
    ]
    return {
        "version": __version__,
        "operations": {
            name: {"summary": operation.summary, "accepts": sorted(operation.accepts), "parameters": {}}
            for name, operation in known_operations().items()
        },
        "reads": reads,
        "reads_films": sorted(formats.FILM_EXTENSIONS),
        "writes": list(formats.RENDITION_EXTENSION),
        "roots": [],
        "slots": diagnosis.machine.slots,
        "sandbox": not isinstance(slot, str) and slot.is_tight and not slot.reason,
        "limits": {
            "pixels": limits.max_page_pixels,
            "frames": limits.max_frames,
            "image_bytes": limits.max_image_bytes,
            "film_bytes": limits.max_film_bytes,
        },
    }
