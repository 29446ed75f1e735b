"""libvips as this package uses it: everybody imports ``pyvips`` from here.

- One thread: the slots are the parallelism.
- No operation cache: in a long-lived process it answers with a file's old pixels after the file changed.
- No loader that libvips itself does not trust with hostile files.
"""

from __future__ import annotations

import os

os.environ["VIPS_CONCURRENCY"] = "1"
os.environ["VIPS_BLOCK_UNTRUSTED"] = "1"

import pyvips as pyvips  # noqa: PLC0414  # libvips reads the environment when it is loaded; named again: exported

EXIF_FIELD, ICC_FIELD, XMP_FIELD, IPTC_FIELD = "exif-data", "icc-profile-data", "xmp-data", "iptc-data"
"""Metadata of an image, as libvips' own loaders name it."""

PALETTE_FIELD = "gif-palette"
"""The palette that all frames of a GIF have in common, where it is the only one."""

BITS_FIELD = "bits-per-sample"
"""Bits a sample in the file, where the loader tells them; the image's own samples can be wider."""

pyvips.cache_set_max(0)
pyvips.concurrency_set(1)  # somebody may have loaded it before
pyvips.block_untrusted_set(True)  # noqa: FBT003  # the C function has one unnamed argument


def with_blob(image: pyvips.Image, field: str, value: bytes) -> pyvips.Image:
    """Give a copy of an image a field of bytes."""
    image = image.copy()
    image.set_type(pyvips.GValue.blob_type, field, value)
    return image
