"""What is what: media formats by their first bytes (``signatures``) and by name (``extensions``). Loads no codec."""

from __future__ import annotations

from dmedia.formats.extensions import (
    EXTENSION_FORMAT,
    FILM_EXTENSIONS,
    RENDITION_EXTENSION,
    Kind,
    extension,
    kind_by_extension,
)
from dmedia.formats.signatures import HEAD_BYTES, Sniffed, rendition_format, sniff

__all__ = [
    "EXTENSION_FORMAT",
    "FILM_EXTENSIONS",
    "HEAD_BYTES",
    "RENDITION_EXTENSION",
    "Kind",
    "Sniffed",
    "extension",
    "kind_by_extension",
    "rendition_format",
    "sniff",
]
