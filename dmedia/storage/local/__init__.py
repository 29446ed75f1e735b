"""Files of this machine: open a source safely, publish a rendition whole or not at all."""

from __future__ import annotations

from dmedia.storage.local.marks import marked_by
from dmedia.storage.local.renditions import (
    create,
    discard,
    is_temporary,
    prepare_parent,
    publish,
    refuse_foreign,
    sweep,
    temporary_path,
)
from dmedia.storage.local.roots import (
    is_inside,
    leading_out,
    lies_below,
    narrowed,
    real_roots,
    refuse_outside,
    refuse_outside_descriptor,
)
from dmedia.storage.local.sources import checksum, open_source, read_head, same_file

__all__ = [
    "checksum",
    "create",
    "discard",
    "is_inside",
    "is_temporary",
    "leading_out",
    "lies_below",
    "marked_by",
    "narrowed",
    "open_source",
    "prepare_parent",
    "publish",
    "read_head",
    "real_roots",
    "refuse_foreign",
    "refuse_outside",
    "refuse_outside_descriptor",
    "same_file",
    "sweep",
    "temporary_path",
]
