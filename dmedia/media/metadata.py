"""What a rendition tells about its source: whose it is and what it shows; not where and with what it was made."""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING

from dmedia.media import exif, resolution
from dmedia.media.chunks import XMP_KEYWORD, png_chunk, png_head
from dmedia.media.libvips import EXIF_FIELD, ICC_FIELD, XMP_FIELD, pyvips
from dmedia.media.owner import OWNER_TAGS, PNG_OWNER_FIELD, ownership
from dmedia.media.profile import is_srgb
from dmedia.media.segments import FILTERS, Piece
from dmedia.media.statements import has_position

if TYPE_CHECKING:
    from collections.abc import Callable

    from dmedia.operations.parameters import ImageFormat, MetadataPolicy

STRUCTURE = frozenset({
    "width", "height", "bands", "format", "coding", "interpretation", "xoffset", "yoffset", "xres", "yres", "filename",
    "resolution-unit", "n-pages", "page-height", "loop", "delay", "gif-loop", "gif-delay", "gif-palette", "background",
    "palette", "interlaced", "bits-per-sample", "palette-bit-depth", "heif-bitdepth", "heif-compression",
    "jpeg-chroma-subsample", "jpeg-multiscan", "vips-loader", "vips-sequential",
})  # fmt: skip
"""Fields that say how pixels are laid out or were stored. Everything that is not named here can be about a person."""

ALPHA_FLAG, ANIMATION_FLAG = 0x10, 0x02
"""Bits of the first byte of VP8X (RFC 9649, section 2.7)."""

PIXEL_HEIGHT = (0xA003, 4, 1)
"""Of EXIF's entry ``PixelYDimension`` (Exif 2.32, 4.6.5) tag, type and count, as libvips writes it."""

UNWANTED = frozenset({"jpeg-thumbnail-data", PNG_OWNER_FIELD})
"""Of no use in any rendition: a thumbnail of another picture, and a note of our own."""


def keep_metadata(image: pyvips.Image, policy: MetadataPolicy) -> pyvips.Image:
    """Leave in a picture's metadata what may go into its rendition.

    Parameters
    ----------
    image : pyvips.Image
        Upright picture with the metadata of its source.
    policy : MetadataPolicy
        ``copyright`` keeps copyright, artist, description and ICC profile; ``keep`` keeps all but the thumbnail, which
        no longer fits; ``strip`` keeps nothing but an ICC profile without which the colours would be wrong. A
        resolution that the source states stays in every case, orientation becomes 1.

    Returns
    -------
    pyvips.Image
        The same pixels. Text in EXIF stays the bytes it is: libvips writes what it has not been told anew as it came.
    """
    image = image.copy() if resolution.is_stated(image) else resolution.forget(image)
    if policy == "keep":
        if image.get_typeof(PNG_OWNER_FIELD) and not image.get_typeof(EXIF_FIELD):  # for formats without PNG's text
            image.set_type(pyvips.GValue.blob_type, EXIF_FIELD, exif.PREFIX + bytes(image.get(PNG_OWNER_FIELD)))
        _remove(image, lambda name: name in UNWANTED or name.startswith("exif-ifd1-"))
        if "orientation" in image.get_fields():
            image.set_type(pyvips.GValue.gint_type, "orientation", 1)
        return image
    owner = ownership(image) if policy == "copyright" else {}
    unneeded = policy == "strip" and ICC_FIELD in image.get_fields() and is_srgb(image.get(ICC_FIELD))
    _remove(image, lambda name: name not in STRUCTURE and (name != ICC_FIELD or unneeded))
    if owner:
        image.set_type(pyvips.GValue.blob_type, EXIF_FIELD, exif.PREFIX + exif.write_exif(owner))
    return image


def loses_position(image: pyvips.Image, policy: MetadataPolicy) -> bool:
    """Tell whether a picture states where it was taken, and its rendition shall not."""
    if policy == "keep":
        return False
    block, packet = (bytes(image.get(name)) if image.get_typeof(name) else b"" for name in (EXIF_FIELD, XMP_FIELD))
    return has_position(block, packet)


def complete_tiff(temporary: bytes, image: pyvips.Image) -> None:
    """Write copyright, artist and what else EXIF says into a finished TIFF file: libvips leaves all of it out.

    Parameters
    ----------
    temporary : bytes
        A classic TIFF file as libvips wrote it. A BigTIFF stays as it is.
    image : pyvips.Image
        What was encoded, after ``keep_metadata``.

    Raises
    ------
    OSError
        When the file cannot be written; it is then useless.
    """
    if EXIF_FIELD not in image.get_fields():
        return
    main, children = exif.read_exif(image.get(EXIF_FIELD))
    main = exif.only(main, {*OWNER_TAGS, *exif.DESCRIPTIVE})
    with open(temporary, "r+b") as file:
        head = file.read(8)
        order = {b"II*\0": "<", b"MM\0*": ">"}.get(head[:4])
        if order is None or not (main or children):
            return
        (directory_at,) = struct.unpack(order + "I", head[4:])
        file.seek(directory_at)
        (count,) = struct.unpack(order + "H", file.read(2))
        rows = file.read(12 * count)
        next_directory = file.read(4)
        at = file.seek(0, os.SEEK_END)
        at += file.write(bytes(at % 2))
        written = exif.write_directory(main, children, at, order, rows)
        after_rows = 2 + 12 * struct.unpack(order + "H", written[:2])[0]
        file.write(written[:after_rows] + next_directory + written[after_rows + 4 :])
        file.seek(4)
        file.write(struct.pack(order + "I", at))


def complete_png(descriptor: int, image: pyvips.Image) -> None:
    """Write XMP into a finished PNG file as the bytes it is, and leave out a resolution that no source has stated.

    libvips writes XMP as compressed Latin-1, where readers look for an ``iTXt`` chunk (XMP specification part 3,
    1.1.5), and always some resolution.

    Parameters
    ----------
    descriptor : int
        A PNG file as ``encode`` wrote it, open for reading and writing.
    image : pyvips.Image
        What was encoded, after ``keep_metadata``.

    Raises
    ------
    OSError
        When the file cannot be written; it is then useless.
    """
    if not resolution.is_stated(image):
        for name, at, length in png_head(descriptor):
            if name == b"pHYs":
                write_at(descriptor, at, png_chunk(name, resolution.ONLY_SQUARE[:length]))
    if XMP_FIELD in image.get_fields():
        (after_header, *_) = (at + 12 + length for _, at, length in png_head(descriptor))
        rest = read_whole(descriptor)[after_header:]
        write_at(descriptor, after_header, png_chunk(b"iTXt", XMP_KEYWORD + image.get(XMP_FIELD)) + rest)


def complete_webp(descriptor: int, image: pyvips.Image) -> None:
    """Correct what a finished animated WebP says of itself: that it is transparent, and in EXIF how high it is.

    libwebp does not set the flag where only what lies beside its frames is transparent, and Pillow then shows that as
    opaque; libvips takes the height of all frames for that of the picture.

    Parameters
    ----------
    descriptor : int
        A WebP file as ``encode`` wrote it, open for reading and writing.
    image : pyvips.Image
        What was encoded.

    Raises
    ------
    OSError
        When the file cannot be written; it is then useless.
    """
    head = os.pread(descriptor, 21, 0)
    if not image.get_typeof("page-height") or head[12:16] != b"VP8X":
        return
    heights = image.height, image.get("page-height")
    if image.hasalpha() and head[20] & ANIMATION_FLAG:
        write_at(descriptor, 20, bytes([head[20] | ALPHA_FLAG]))
    at = 12
    while len(chunk := os.pread(descriptor, 8, at)) == 8:
        length = int.from_bytes(chunk[4:], "little")
        if chunk[:4] == b"EXIF":
            block = os.pread(descriptor, length, at + 8)
            for order in "<>":
                told, right = (struct.pack(f"{order}HHII", *PIXEL_HEIGHT, rows) for rows in heights)
                block = block.replace(told, right, 1)
            write_at(descriptor, at + 8, block)
        at += 8 + length + length % 2


def copy_without_private(descriptor: int, temporary: bytes, image_format: ImageFormat, policy: MetadataPolicy) -> bool:
    """Copy a picture file without decoding it, and leave out what may not leave.

    Copyright, artist, description, orientation, resolution and ICC profile stay under ``copyright``; ``strip`` also
    drops the first three. The pixels are the same bits. Under ``keep`` the copy is the file.

    Parameters
    ----------
    descriptor : int
        The open file; its position does not matter.
    temporary : bytes
        Path of the copy.
    image_format : ImageFormat
        What the file is.
    policy : MetadataPolicy
        What stays.

    Returns
    -------
    bool
        ``False`` when nothing was written, because the format has no filter here or the file is built in a way that
        the filter does not know; the file has to be decoded and encoded then.

    Raises
    ------
    OSError
        When the source cannot be read or the copy cannot be written.
    """
    data = read_whole(descriptor)
    pieces: list[Piece] | None
    if policy == "keep":
        pieces = [data]
    elif image_format in FILTERS:
        pieces = FILTERS[image_format](data, OWNER_TAGS if policy == "copyright" else set())
    else:
        pieces = None
    if pieces is None:
        return False
    with open(temporary, "wb") as file:
        file.writelines(pieces)
    return True


def _remove(image: pyvips.Image, is_unwanted: Callable[[str], bool]) -> None:
    for name in image.get_fields():
        if is_unwanted(name):
            image.remove(name)


def read_whole(descriptor: int) -> bytes:
    """Read all of an open file, whatever its position is."""
    size = os.fstat(descriptor).st_size
    parts, at = [], 0
    while at < size and (part := os.pread(descriptor, size - at, at)):
        parts.append(part)
        at += len(part)
    return b"".join(parts)


def write_at(descriptor: int, at: int, data: bytes) -> None:
    """Write all of some bytes into an open file, from a certain place on."""
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, at)
        view, at = view[written:], at + written
