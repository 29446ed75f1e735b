"""Libraries that write the pixels of a JPEG or a PNG in fewer bytes, without changing one: the extra ``optimize``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dmedia.errors import MediaError
from dmedia.media.markers import EOI, jpeg_parts

if TYPE_CHECKING:
    from collections.abc import Callable

    from dmedia.operations.parameters import Encoding

LEVELS = (0, 0, 1, 1, 2, 2, 3, 4, 5, 6)
"""oxipng's level by the scale of effort of 0-9. Of a photo of 0.8 MP that libvips had written with all filters, CPU
seconds a megapixel and bytes against that: 0: 0.1 s, -0.1 %; 1: 0.5 s, -6.4 %; 2: 1.0 s, -6.8 %; 3: 2.7 s, -8.0 %; 4:
3.4 s; 6: 8.4 s, the same. JPEG has one way to do it, at 0.05 s."""

SECONDS_A_MEGAPIXEL = {"jpg": 2.0, "png": 40.0}
"""For the deadline: several times what the slowest level takes."""

NAMES = {"jpg": ("JPEG", "mozjpeg-lossless-optimization"), "png": ("PNG", "pyoxipng")}


class NotOptimisedError(Exception):
    """An optimiser cannot do anything with a file that decoders can read."""


def optimised(data: bytes, image_format: str, parameters: Encoding) -> bytes:
    """Write a picture file in fewer bytes.

    Parameters
    ----------
    data : bytes
        The file. What it holds besides pixels stays.
    image_format : str
        ``jpg`` or ``png``.
    parameters : Encoding
        ``effort``, and ``progressive`` for PNG. A JPEG becomes progressive in every case: that is what makes it small.

    Returns
    -------
    bytes
        The new file; it may be larger.

    Raises
    ------
    NotOptimisedError
        When the file is built in a way that the library does not know.
    MediaError
        ``unsupported_format`` when it is not installed; the hint says which extra brings it.
    """
    try:
        optimise = {"jpg": _optimise_jpeg, "png": _optimise_png}[image_format]
        return optimise(data, parameters)
    except ImportError:
        name, package = NAMES[image_format]
        message = f"Unsupported format: {name} without loss needs {package}, which is not installed"
        raise MediaError("unsupported_format", message, "encode", "pip install 'dmedia[optimize]'") from None


def _optimise_jpeg(data: bytes, parameters: Encoding) -> bytes:  # noqa: ARG001  # there is one way to do it
    from mozjpeg_lossless_optimization import COPY_MARKERS, optimize

    if next((end for marker, _, end in jpeg_parts(data) if marker == EOI), 0) != len(data):
        raise NotOptimisedError("what follows the picture in the file would be lost")
    try:
        return bytes(optimize(data, copy=COPY_MARKERS.ALL))
    except ValueError as error:
        raise NotOptimisedError(str(error)) from None


def _optimise_png(data: bytes, parameters: Encoding) -> bytes:
    import oxipng

    level = LEVELS[4 if parameters.effort is None else parameters.effort]
    interlace = oxipng.Interlacing.Adam7 if parameters.progressive else oxipng.Interlacing.Off
    force = parameters.progressive  # else it gives back what it was given where it is larger
    return _calm(lambda: oxipng.optimize_from_memory(data, level=level, interlace=interlace, force=force))


def _calm(work: Callable[[], bytes]) -> bytes:
    """Take a panic of Rust, which is no ``Exception``, for what it is: one file that the library cannot do."""
    try:
        return bytes(work())
    except (KeyboardInterrupt, SystemExit, MemoryError, ImportError):
        raise
    except BaseException as error:  # noqa: BLE001
        raise NotOptimisedError(f"{type(error).__name__}: {error}"[:200]) from None
