"""A logo over a picture: decoded once in a slot, scaled once for each size."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dmedia import formats
from dmedia.errors import MediaError
from dmedia.media import faults, overlay
from dmedia.media.colour import settle, with_colour
from dmedia.media.decoders.picture import orientation_of
from dmedia.media.decoders.vips import LOADERS
from dmedia.media.encoders import ENCODERS
from dmedia.media.framing import scale, size_of, upright
from dmedia.media.geometry import Size
from dmedia.media.libvips import pyvips
from dmedia.operations.watermark import Watermark

if TYPE_CHECKING:
    from dmedia.media.opened import Notes
    from dmedia.model import WorkOrder
    from dmedia.operations.parameters import Encoding

TILE_GAP = (0.6, 1.2)
"""Free space right of and below each repeated logo, in its widths and heights. By eye."""


@dataclass(frozen=True, slots=True)
class LogoWork:
    """What laying a logo over a picture is; called as another package's operation is, see ``Work.apply``.

    Attributes
    ----------
    content : bytes
        The logo's file.
    notes : Notes
        Gets the warnings about a picture.
    operation : str
        Whose work it is.
    """

    content: bytes
    notes: Notes
    operation: str = "watermark"

    def apply(self, image: Any, parameters: Encoding, *_: object) -> Any:
        """Lay the logo over a picture.

        Parameters
        ----------
        image : pyvips.Image
            Upright, framed, its colours settled; grey or RGB, 8 or 16 bit, with or without alpha.
        parameters : Encoding
            A ``Watermark``: position, opacity, size and margin.

        Returns
        -------
        pyvips.Image
            RGB, for a logo has colours; otherwise the same kind.

        Raises
        ------
        MediaError
            ``internal`` when the logo cannot be decoded here, though it could where the job was asked for.
        """
        assert isinstance(parameters, Watermark), "only this operation has a logo"
        margin = overlay.margin_of(image, parameters)
        room = Size(image.width - 2 * margin, image.height - 2 * margin)
        wanted = max(1, round(image.width * parameters.extent() / 100))
        own = size_of(_decoded(self.content))
        share = min(wanted / own.width, room.width / own.width, room.height / own.height)
        size = Size(*(max(1, round(side * share)) for side in own))
        if size.width < wanted:
            self.notes.warn(f"The logo did not fit at size {parameters.extent():g} %: it was made smaller")
        if share > 1:
            self.notes.warn(f"The logo was enlarged from {own} to {size}: a larger file would be sharper")
        patch = _patch(self.content, size, parameters.opacity)
        gap = TILE_GAP[0] * size.width, TILE_GAP[1] * size.height
        return overlay.lay_over(with_colour(image), patch, parameters, gap)


def logo_work(order: WorkOrder, parameters: Encoding, notes: Notes) -> LogoWork | None:
    """Tell what a job's logo does to a rendition; ``None`` where its parameters name none."""
    named = isinstance(parameters, Watermark) and parameters.logo is not None
    return LogoWork(order.logo.content, notes) if named and order.logo else None


@functools.lru_cache(maxsize=1)
def _decoded(content: bytes) -> Any:
    """Decode a logo: its first frame, upright, as sRGB of 8 bits with alpha, in memory."""
    loader = getattr(pyvips.Image, LOADERS[formats.sniff(content[: formats.HEAD_BYTES]).format])
    try:
        image = loader(pyvips.Source.new_from_memory(content), access="sequential", fail_on="error")
        image = upright(image, orientation_of(image))
        image = with_colour(settle(image, "srgb", ENCODERS["webp"]).image)
        image = image if image.hasalpha() else image.addalpha()
        return image.copy_memory()
    except pyvips.Error as error:
        message = f"Operation failed: the logo cannot be decoded: {faults.gist(str(error))}"
        raise MediaError("internal", message, "process", "Have the workers the same libraries? dmedia doctor") from None


@functools.lru_cache(maxsize=16)
def _patch(content: bytes, size: Size, opacity: float) -> Any:
    """Scale a logo and weaken it: pictures of one size share the patch."""
    scaled = scale(_decoded(content), size)
    alpha = (scaled.extract_band(3) * opacity).rint().cast("uchar")
    return scaled.extract_band(0, n=3).bandjoin(alpha).copy(interpretation="srgb").copy_memory()
