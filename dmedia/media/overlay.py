"""A small picture over a large one: where it stands, and only its region of the large one is composited."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dmedia.media.libvips import pyvips

if TYPE_CHECKING:
    from dmedia.operations.watermark import Watermark

WIDEST_MARGIN = 0.25
"""Share of the shorter side that a margin may take: half of it is left for what stands there."""


def margin_of(image: pyvips.Image, parameters: Watermark) -> int:
    """Tell the distance from a picture's edges in pixels."""
    width, height = int(image.width), int(image.height)
    return min(round(width * parameters.margin / 100), int(min(width, height) * WIDEST_MARGIN))


def lay_over(image: pyvips.Image, patch: pyvips.Image, parameters: Watermark, gap: tuple[float, float]) -> pyvips.Image:
    """Lay a patch over a picture, at its position or repeated.

    Parameters
    ----------
    image : pyvips.Image
        RGB, 8 or 16 bit, with or without alpha; it may be read in sequence.
    patch : pyvips.Image
        sRGB with alpha, 8 bit, in memory; no larger than the picture.
    parameters : Watermark
        Position and margin.
    gap : tuple of float
        Free space right of and below each patch that is repeated, in pixels.

    Returns
    -------
    pyvips.Image
        With the picture's own colour space, bands and depth.
    """
    if parameters.position == "tile":
        return _insert(image, _tile(patch, gap, image.width, image.height), 0, 0)
    margin = margin_of(image, parameters)
    left = _offset(parameters.position, ("west", "east"), image.width - patch.width, margin)
    top = _offset(parameters.position, ("north", "south"), image.height - patch.height, margin)
    return _insert(image, patch, left, top)


def _offset(position: str, sides: tuple[str, str], free_px: int, margin: int) -> int:
    """Place a patch along one axis: at the margin of a named side, or in the middle."""
    low, high = sides
    if low in position:
        return min(margin, free_px)
    return max(free_px - margin, 0) if high in position else free_px // 2


def _tile(patch: pyvips.Image, gap: tuple[float, float], width: int, height: int) -> pyvips.Image:
    """Repeat a patch over a whole picture in staggered rows, with one patch in the middle."""
    gap_x, gap_y = (math.ceil(side) for side in gap)
    row = patch.embed(gap_x // 2, gap_y // 2, patch.width + gap_x, patch.height + gap_y)
    cell = row.join(row.wrap(x=row.width // 2, y=0), "vertical").copy_memory()
    left, top = (row.width - width) // 2 % cell.width, (row.height - height) // 2 % cell.height
    across, down = -(-(left + width) // cell.width), -(-(top + height) // cell.height)
    return cell.replicate(across, down).extract_area(left, top, width, height)


def _insert(image: pyvips.Image, overlay: pyvips.Image, left: int, top: int) -> pyvips.Image:
    """Composite an overlay's region alone, and insert it together with the column of picture below it.

    Once libvips' insert has passed the lower edge of what it inserts, it lets that picture and all it is
    made from drop their caches: a picture that is read in sequence then fails with "out of order read". A
    patch that reaches down to the picture's lower edge is never passed.
    """
    width, height = overlay.width, image.height - top
    column = image.extract_area(left, top, width, height)
    merged = _composite(column.crop(0, 0, width, overlay.height), overlay)
    if overlay.height < height:
        covered = (pyvips.Image.black(width, overlay.height) + 255).cast("uchar").embed(0, 0, width, height)
        merged = covered.ifthenelse(merged.embed(0, 0, width, height), column)
    return image.insert(merged, left, top)


def _composite(region: pyvips.Image, overlay: pyvips.Image) -> pyvips.Image:
    """Lay an overlay over a region in the region's own colour space, bands and depth."""
    space = region.interpretation
    merged = region.composite2(overlay.colourspace(space), "over", compositing_space=space)
    return merged.extract_band(0, n=region.bands).cast(region.format)
