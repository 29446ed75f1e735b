"""What this installation really decodes and encodes: a specimen of each format is put through."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING, Any

from dmedia.errors import MediaError
from dmedia.media.colour import settle
from dmedia.media.decoders import decoders_for, svg
from dmedia.media.decoders.poster import open_poster
from dmedia.media.encoders import ENCODERS, encode
from dmedia.media.geometry import Size
from dmedia.media.libvips import pyvips
from dmedia.media.opened import Notes, look_at
from dmedia.media.specimens import COLOUR, SIDE, SPECIMENS
from dmedia.media.verification import verify
from dmedia.model import Limits
from dmedia.operations.convert import Convert

if TYPE_CHECKING:
    from dmedia.media.decoders.picture import Picture

TOLERANCE = 12
"""Of 255, by which a colour may differ after a lossy codec."""

DEVELOPED = frozenset({"raw"})
"""Formats whose colours the decoder chooses."""

EXTENSIONS = {"film": "mp4", "raw": "dng", "heif": "heic"}
"""What a specimen is called, where that is not its format."""

SIZE = Size(SIDE, SIDE)


def try_formats(scratch: str) -> tuple[dict[str, str], dict[str, str]]:
    """Encode and decode a specimen of each format.

    Parameters
    ----------
    scratch : str
        A directory for temporary files.

    Returns
    -------
    tuple of dict of str
        Which formats are read, and which are written: empty where it works, else why it does not.
    """
    written = {name: _told(_write, name, scratch) for name in ENCODERS}
    writes = {name: outcome if isinstance(outcome, str) else "" for name, outcome in written.items()}
    specimens = {name: outcome for name, outcome in written.items() if isinstance(outcome, bytes)}
    reads = {name: "not tried: it is not written here" for name in ENCODERS if name not in specimens}
    for name in (*specimens, *SPECIMENS):
        outcome = _told(_read, name, scratch, specimens.get(name))
        reads[name] = outcome if isinstance(outcome, str) else ""
    return reads, writes


def _told(function: Any, *arguments: Any) -> Any:
    """Give what a trial gives, or a sentence on why it does not."""
    try:
        return function(*arguments)
    except MediaError as error:
        return error.message if error.hint is None else f"{error.message} ({error.hint})"
    except Exception as error:  # noqa: BLE001 - a library that is broken in any way is what somebody wants to know
        return f"{type(error).__name__}: {error}"


def _write(name: str, scratch: str) -> bytes:
    image = pyvips.Image.black(SIDE, SIDE, bands=3).copy(interpretation="srgb") + list(COLOUR)
    image = image.cast("uchar").copy(interpretation="srgb")
    with tempfile.TemporaryFile(dir=scratch) as file:
        encode(image, file.fileno(), name, Convert(format=name))  # type: ignore[arg-type]  # a key of ENCODERS
        verify(file.fileno(), name, SIZE)
        return os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0)


def _read(name: str, scratch: str, content: bytes | None) -> None:
    with tempfile.TemporaryFile(dir=scratch) as file:
        file.write(SPECIMENS[name]() if content is None else content)
        file.flush()
        picture = _open(file.fileno(), name)
        image = settle(picture.decode(SIZE), "srgb", ENCODERS["webp"]).image.copy_memory()
        size = Size(image.width, image.height)
        found = [image.extract_band(min(band, image.bands - 1)).avg() for band in range(3)]
    if size != SIZE:
        raise MediaError("internal", f"Wrong pixels: it comes out as {size} instead of {SIZE}", "decode")
    if name not in DEVELOPED and any(abs(one - other) > TOLERANCE for one, other in zip(found, COLOUR, strict=True)):
        raise MediaError("internal", "Wrong pixels: it comes out in another colour", "decode")


def _open(descriptor: int, name: str) -> Picture:
    path = f"/specimen.{EXTENSIONS.get(name, name)}".encode()
    source, limits, wanted = look_at(descriptor, path, Notes()), Limits(), [Convert(format="png")]
    if name == "film":
        return open_poster(source, limits, wanted)
    return svg.open_picture(source, limits) if name == "svg" else decoders_for(source)[0](source, limits)
