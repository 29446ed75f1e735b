"""A source that is open: its descriptor, its size and what its first bytes say."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dmedia import formats
from dmedia.errors import MediaError
from dmedia.storage.faults import fault

if TYPE_CHECKING:
    from typing import BinaryIO

    from dmedia.formats import Kind, Sniffed
    from dmedia.model import Limits

TINY_BYTES = 16
"""Fewer bytes than any header this package knows."""


@dataclass(slots=True)
class Notes:
    """What is learned on a file's way, and is told whether or not the file succeeds.

    Attributes
    ----------
    decoder : str
        What decoded the source, empty before.
    bytes_in : int
        Size of the source in bytes.
    warnings : list of str
        What a person should know although the file completed.
    allowed_s : float
        Seconds that the renditions so far may take together.
    gps_removed : bool
        Whether the source states where it was taken, and its rendition does not.
    """

    decoder: str = ""
    bytes_in: int = 0
    warnings: list[str] = field(default_factory=list)
    allowed_s: float = 0.0
    gps_removed: bool = False

    def warn(self, text: str) -> None:
        """Note a warning once."""
        if text not in self.warnings:
            self.warnings.append(text)


@dataclass(frozen=True, slots=True)
class OpenSource:
    """A source that is open.

    Attributes
    ----------
    path : bytes
        Absolute path, to name it by: it is never opened by it, which a slot may not, and a name can say anything.
    descriptor : int
        For reading; positions are the reader's own business.
    size_bytes : int
        As the descriptor says.
    sniffed : Sniffed
        What the first bytes say.
    head : bytes
        The first bytes.
    """

    path: bytes
    descriptor: int
    size_bytes: int
    sniffed: Sniffed
    head: bytes

    def file(self) -> BinaryIO:
        """Open it once more, at its beginning, for a library that reads files."""
        file = os.fdopen(os.dup(self.descriptor), "rb")
        file.seek(0)
        return file


def look_at(descriptor: int, path: bytes, notes: Notes) -> OpenSource:
    """Look at the first bytes of a source that is open.

    Parameters
    ----------
    descriptor : int
        From ``local.open_source``; it stays the caller's to close.
    path : bytes
        Absolute path of the source.
    notes : Notes
        Gets the size, and a warning when name and content differ.

    Returns
    -------
    OpenSource
        For as long as the descriptor is open.

    Raises
    ------
    MediaError
        ``corrupt_input`` for an empty file; ``io_error`` when it cannot be read.
    """
    try:
        notes.bytes_in = os.fstat(descriptor).st_size
        head = os.pread(descriptor, formats.HEAD_BYTES, 0)
    except OSError as error:
        raise fault(error, "open") from None
    sniffed = formats.sniff(head, os.path.basename(path))
    if sniffed.kind == "unknown" and notes.bytes_in < TINY_BYTES:
        plural = "" if notes.bytes_in == 1 else "s"
        said = f"only {notes.bytes_in} byte{plural}" if notes.bytes_in else "empty file"
        raise MediaError("corrupt_input", f"Corrupt input: {said}", "open")
    _compare_name(path, sniffed, notes)
    return OpenSource(path, descriptor, notes.bytes_in, sniffed, head)


def check_bytes(size_bytes: int, kind: Kind, limits: Limits) -> None:
    """Refuse a source of too many bytes.

    Parameters
    ----------
    size_bytes : int
        Its size.
    kind : Kind
        A film may be larger than anything else.
    limits : Limits
        What one file may cost.

    Raises
    ------
    MediaError
        ``too_large``, with the option that raises the limit.
    """
    most = limits.max_film_bytes if kind == "film" else limits.max_image_bytes
    if size_bytes > most:
        message = f"Too large: {size_bytes:,} bytes, the limit is {most:,}"
        raise MediaError("too_large", message, "open", "--max-input-bytes raises the limit")


def check_pixels(width: int, height: int, limits: Limits) -> None:
    """Refuse a picture of too many pixels, before anything of it is decoded.

    Parameters
    ----------
    width, height : int
        As its header says.
    limits : Limits
        What one file may cost.

    Raises
    ------
    MediaError
        ``too_large``, with the option that raises the limit; ``corrupt_input`` for a picture without pixels.
    """
    if width < 1 or height < 1:
        raise MediaError("corrupt_input", f"Corrupt input: a picture of {width}x{height} pixels", "decode")
    most = min(limits.max_page_pixels, limits.max_file_pixels)
    if width * height > most:
        message = f"Too large: {width}x{height} are {pixel_count(width * height)}, the limit is {pixel_count(most)}"
        raise MediaError("too_large", message, "decode", "--max-pixels raises the limit")


def pixel_count(pixels: int) -> str:
    """Write a number of pixels for people: in megapixels from one on."""
    return f"{pixels / 1e6:,.1f} megapixels" if pixels >= 1_000_000 else f"{pixels:,} pixels"


def _compare_name(path: bytes, sniffed: Sniffed, notes: Notes) -> None:
    extension = formats.extension(path)
    promised = formats.EXTENSION_FORMAT.get(extension) or ("film" if extension in formats.FILM_EXTENSIONS else "")
    found = "avif" if sniffed.format == "avif sequence" else sniffed.format
    if promised and sniffed.kind != "unknown" and promised != found:
        notes.warn(f"named .{extension}, but the content is {sniffed.format}: decoded by content")
