"""Inputs become a lazy stream of sources: files, directories, globs and listings, on disks and in stores."""

from __future__ import annotations

from dmedia.catalog.catalog import Catalog

__all__ = ["Catalog"]
