"""What an operation of another package does to a picture: its function is loaded, called, and not trusted to be right.

Its code is as trusted as any package that was installed; but a mistake in it is that file's failure, told with the
operation's name, and neither a damaged rendition nor the end of the slot.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from dmedia.errors import MediaError, UnknownOperationError
from dmedia.media import faults
from dmedia.media.colour import named, with_colour
from dmedia.media.geometry import Size
from dmedia.media.libvips import EXIF_FIELD, ICC_FIELD, IPTC_FIELD, XMP_FIELD, pyvips
from dmedia.media.opened import pixel_count
from dmedia.media.owner import PNG_OWNER_FIELD
from dmedia.operations import find_operation, package_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from dmedia.media.encoders import Encoder
    from dmedia.model import Limits
    from dmedia.operations.parameters import Encoding

CARRIED = (EXIF_FIELD, XMP_FIELD, ICC_FIELD, IPTC_FIELD, PNG_OWNER_FIELD)
"""Metadata that a function loses when it makes a picture of its own out of pixels: an artist would lose the name."""

SPACES = {"uchar": ("b-w", "srgb"), "ushort": ("grey16", "rgb16")}
"""Names of grey and colour by the type of their samples."""

UNNAMED = {"multiband", "rgb", "matrix", "histogram"}
"""Names that say nothing of colours: arithmetic leaves them."""


@dataclass(frozen=True, slots=True)
class Work:
    """The function of an operation.

    Attributes
    ----------
    operation : str
        Its name.
    package : str
        Who brings it: ``name version``.
    function : callable
        Takes a ``pyvips.Image`` and the parameters, returns a ``pyvips.Image``.
    """

    operation: str
    package: str
    function: Callable[[Any, Encoding], object]

    def apply(self, image: Any, parameters: Encoding, encoder: Encoder, limits: Limits) -> Any:
        """Let the function work on a picture.

        Parameters
        ----------
        image : pyvips.Image
            Upright, framed, its colours settled. The function gets it with three bands, or four with alpha, in memory,
            so that it may read it in any order and more than once.
        parameters : Encoding
            The operation's.
        encoder : Encoder
            Of the rendition's format, which limits its sides.
        limits : Limits
            What one file may cost.

        Returns
        -------
        pyvips.Image
            Grey or RGB, maybe with alpha, with as many bits as it was given; in memory.

        Raises
        ------
        MediaError
            ``internal`` for whatever the function raises, and when it returns what cannot be encoded; ``too_large``
            when that has too many pixels; ``out_of_memory``.
        pyvips.Error
            When the picture cannot be decoded: that is not the function's fault.
        """
        given = with_colour(image).copy_memory()
        try:
            made = self.function(given, parameters)
        except MemoryError:
            raise
        except (Exception, SystemExit) as error:  # whatever it raises is this file's failure
            said = faults.gist(str(error)) if isinstance(error, pyvips.Error) else str(error)
            raise self._failure(f"raised {type(error).__name__}: {said}"[: faults.LONGEST_TEXT]) from error
        self._check(made, encoder, limits)
        try:
            return _with_metadata(_as_samples(made, given.format), given).copy_memory()
        except pyvips.Error as error:
            raise self._failure(f"made a picture that cannot be computed: {faults.gist(str(error))}") from error

    def _check(self, made: Any, encoder: Encoder, limits: Limits) -> None:
        if not isinstance(made, pyvips.Image):
            raise self._failure(f"returned a {type(made).__name__}, and no pyvips.Image")
        if made.bands > 4:
            raise self._failure(f"returned {made.bands} bands: a picture has at most four, red, green, blue and alpha")
        size = Size(made.width, made.height)
        if size.pixels > limits.max_page_pixels:
            most = pixel_count(limits.max_page_pixels)
            message = f"Too large: the operation {self.operation} made {size}, the limit is {most}"
            raise MediaError("too_large", message, "process", "--max-pixels raises the limit")
        if max(size) > encoder.longest_side:
            message = f"Encoding failed: the operation {self.operation} made {size}, and the format's longest side is "
            raise MediaError("encode_failed", f"{message}{encoder.longest_side}", "process", "Try another --format")

    def _failure(self, what: str) -> MediaError:
        message = f"Operation failed: {self.operation} {what}"
        return MediaError(
            "internal", message, "process", f"The fault is not dmedia's: tell the authors of {self.package}"
        )


@functools.cache
def load_work(operation: str) -> Work | None:
    """Load what another package's operation does.

    Parameters
    ----------
    operation : str
        Any operation's name.

    Returns
    -------
    Work or None
        ``None`` for dmedia's own.

    Raises
    ------
    UnknownOperationError
        When it is not installed here, or its function cannot be loaded; the message names the package and says why.
    """
    reference = find_operation(operation).work
    if not reference:
        return None
    module, _, name = reference.partition(":")
    try:
        function = getattr(import_module(module), name)
    except (Exception, SystemExit) as error:  # of a package that may do anything when it is loaded
        raise UnknownOperationError(
            f"The operation {operation!r} of {package_of(operation)} cannot be used: {type(error).__name__}: {error}"
        ) from error
    if not callable(function):
        raise UnknownOperationError(
            f"The operation {operation!r} of {package_of(operation)} cannot be used: {reference} is no function"
        )
    return Work(operation, package_of(operation), function)


def packages_of(operation: str) -> tuple[str, ...]:
    """Name the packages that another package's operation consists of, for the sandbox; none for dmedia's own."""
    found = find_operation(operation)
    if not found.work:
        return ()
    modules = (found.work.partition(":")[0], found.parameters.__module__)
    return tuple(dict.fromkeys(module.partition(".")[0] for module in modules))


def _as_samples(image: Any, samples: str) -> Any:
    """Bring a picture back to the type of samples it had, by its colours where it names them, else by their values."""
    if image.interpretation not in {*SPACES[samples], *UNNAMED}:
        image = image.colourspace(SPACES[samples][1])
    return named(image.cast(samples))


def _with_metadata(image: Any, given: Any) -> Any:
    lost = [name for name in CARRIED if given.get_typeof(name) and not image.get_typeof(name)]
    if lost:
        image = image.copy()
        for name in lost:
            image.set_type(pyvips.GValue.blob_type, name, given.get(name))
    return image
