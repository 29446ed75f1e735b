"""A rendition that is being written: a temporary file, and what is done to it before it is published."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dmedia.media import metadata
from dmedia.media.decoders.vips import VipsPicture
from dmedia.media.encoders import encode
from dmedia.media.geometry import Size

if TYPE_CHECKING:
    from dmedia.operations.parameters import Encoding, ImageFormat


@dataclass(frozen=True, slots=True)
class Draft:
    """A rendition that is being written.

    Attributes
    ----------
    path : bytes
        The temporary file.
    descriptor : int
        It, open for reading and writing.
    format : ImageFormat
        What it becomes.
    """

    path: bytes
    descriptor: int
    format: ImageFormat

    @property
    def size_bytes(self) -> int:
        """What has been written."""
        return os.fstat(self.descriptor).st_size

    def encode(self, image: Any, parameters: Encoding) -> None:
        """Write a picture with its metadata; what was there is replaced. Raises what ``encoders.encode`` does."""
        encode(image, self.descriptor, self.format, parameters)
        if self.format == "tiff":
            metadata.complete_tiff(self.path, image)
        if self.format == "png":
            metadata.complete_png(self.descriptor, image)

    def decode(self) -> Any:
        """Give the pixels that were written, as stored: a ``pyvips.Image`` that can be read once."""
        picture = VipsPicture(self.descriptor, self.format)
        return picture.decode(Size(picture.width, picture.height))

    def read(self) -> bytes:
        """Give the bytes that were written."""
        return metadata.read_whole(self.descriptor)

    def replace(self, data: bytes) -> None:
        """Write these bytes; what was there is replaced."""
        os.ftruncate(self.descriptor, 0)
        metadata.write_at(self.descriptor, 0, data)
