"""Text over a picture: drawn once as a small patch."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from dmedia.media import overlay
from dmedia.media.font import FAMILY, FONT_FILE, LINE_HEIGHT, missing_characters, use_only_shipped_font
from dmedia.media.libvips import pyvips
from dmedia.media.lines import balanced
from dmedia.operations.colour import parse_colour

if TYPE_CHECKING:
    from dmedia.operations.watermark import Watermark

MEASURE_PX = 64.0
"""Line height in pixels at which a text is measured, so that none is ever drawn larger than it fits."""

SMALLEST_SHARE = 0.6
"""Share of the height asked for, below which a text is rather wrapped than made smaller."""

READABLE_PX = 8.0
"""Height of a line in pixels below which small letters are 4 px high and run together."""

OUTLINE_WIDTH = 0.04
"""Blur of the outline in line heights: seen where text and picture have one colour, unobtrusive elsewhere."""

OUTLINE_GAIN, OUTLINE_CEILING = 2.0, 150
"""The blurred letters times the gain, at most the ceiling (of 255), are the outline's alpha: solid beside a
letter, soft outside. Both chosen by eye."""

BLUR_REACH = 2.5
"""Standard deviations beyond which a Gaussian blur of 8-bit pixels shows nothing."""

LUMINANCE = (0.2126, 0.7152, 0.0722)
"""Weights of red, green and blue: Rec. ITU-R BT.709-6, item 3.2."""

MID_GREY = 127
"""Of 255: lighter letters get a dark outline, darker ones a light outline."""

TILE_GAP = (2.0, 3.0)
"""Free space right of and below each repeated text, in line heights."""


@dataclass(frozen=True, slots=True)
class Lettering:
    """What decides how a patch looks. Pictures of one size share it, so patches are kept.

    Attributes
    ----------
    text : str
        What is written.
    align : str
        ``low``, ``centre`` or ``high``: where the lines of a longer text begin.
    line_px : float
        Height of a line in pixels, before it is fitted.
    room : tuple of int
        Width and height in pixels that the patch must fit into.
    colour : tuple of int
        Red, green, blue and alpha, 0-255.
    opacity : float
        0-1, over all.
    """

    text: str
    align: str
    line_px: float
    room: tuple[int, int]
    colour: tuple[int, int, int, int]
    opacity: float


@dataclass(frozen=True, slots=True)
class Patch:
    """A text as an sRGB picture with alpha.

    Attributes
    ----------
    image : pyvips.Image
        Four bands, 8 bit, in memory.
    line_px : float
        Height of a line as drawn, in pixels.
    lines : int
        Number of lines.
    is_wrapped, is_smaller : bool
        Whether it had to be broken into more lines, or to become smaller, to fit.
    """

    image: pyvips.Image
    line_px: float
    lines: int
    is_wrapped: bool
    is_smaller: bool


def draw_text(image: pyvips.Image, parameters: Watermark) -> tuple[pyvips.Image, tuple[str, ...]]:
    """Write a text over a picture.

    Parameters
    ----------
    image : pyvips.Image
        Upright picture in any colour space, 8 or 16 bit, with or without alpha.
    parameters : Watermark
        Text, position, size and margin (percent of the width), colour and opacity (0-1). A text that is
        larger than the picture within its margins is wrapped and made smaller; margins narrow to a quarter of a side.

    Returns
    -------
    tuple of pyvips.Image and tuple of str
        The picture, and warnings: characters that the font lacks; a text that was wrapped, made smaller, or is
        hardly readable.
    """
    text, margin = _printable(parameters.text or ""), overlay.margin_of(image, parameters)
    size = parameters.extent()
    patch = _draw_patch(
        Lettering(
            text=text,
            align=_alignment(parameters.position),
            line_px=image.width * size / 100,
            room=(image.width - 2 * margin, image.height - 2 * margin),
            colour=parse_colour(parameters.color),
            opacity=parameters.opacity,
        )
    )
    warnings = []
    if missing := missing_characters(text):
        warnings.append(f"The font has no {' '.join(missing)}; boxes stand in the text instead")
    if fitted := _fitted(patch):
        warnings.append(f"The text did not fit at size {size:g} %: {fitted}")
    if patch.line_px < READABLE_PX:
        warnings.append(f"The text is hardly readable: its lines are {patch.line_px:.0f} px high")
    across, down = TILE_GAP
    gap = across * patch.line_px, down * patch.line_px
    return overlay.lay_over(image, patch.image, parameters, gap), tuple(warnings)


def _fitted(patch: Patch) -> str:
    wrapped = f"it stands on {patch.lines} lines" if patch.is_wrapped else ""
    smaller = "it was made smaller" if patch.is_smaller else ""
    return " and ".join(part for part in (wrapped, smaller) if part)


def _printable(text: str) -> str:
    """Replace what UTF-8 cannot hold (an undecodable argument's surrogates) and drop control characters."""
    decodable = re.sub("[\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", text.replace("\t", " "))
    return "".join(c for c in decodable if c == "\n" or unicodedata.category(c) != "Cc")


def _alignment(position: str) -> str:
    return "low" if position.endswith("west") else "high" if position.endswith("east") else "centre"


@lru_cache(maxsize=16)
def _draw_patch(lettering: Lettering) -> Patch:
    room_width, room_height = lettering.room
    text, largest_px = _wrap(lettering)
    drawn = replace(lettering, text=text)
    line_px = min(lettering.line_px, largest_px)
    image = _colour(_mask(drawn, line_px), drawn, line_px)
    if image.width > room_width or image.height > room_height:  # hinting and whole pixels of padding
        image = image.thumbnail_image(room_width, height=room_height)
    is_smaller = largest_px < lettering.line_px
    return Patch(image.copy_memory(), line_px, text.count("\n") + 1, text != lettering.text, is_smaller)


def _wrap(lettering: Lettering) -> tuple[str, float]:
    """Break a text that would become too small into more lines; tell the largest height of a line that then fits."""
    best = lettering.text, _largest_px(lettering)
    if best[1] >= SMALLEST_SHARE * lettering.line_px:
        return best
    for count in range(2, len(lettering.text)):
        text = balanced(lettering.text, count)
        fitting = text, _largest_px(replace(lettering, text=text))
        if fitting[1] <= best[1]:  # from here on, its height decides
            break
        best = fitting
        if best[1] >= lettering.line_px:
            break
    return best


def _largest_px(lettering: Lettering) -> float:
    room_width, room_height = lettering.room
    measured = _mask(lettering, MEASURE_PX)
    padding = 2 * _blur(MEASURE_PX) * BLUR_REACH
    largest_px: float = MEASURE_PX * min(
        room_width / (measured.width + padding), room_height / (measured.height + padding)
    )
    return largest_px


def _mask(lettering: Lettering, line_px: float) -> pyvips.Image:
    """Draw a text as an 8-bit coverage mask, trimmed to its ink."""
    use_only_shipped_font()
    markup = f'<span fallback="false">{escape(lettering.text)}</span>'
    font = f"{FAMILY} {max(line_px / LINE_HEIGHT, 1):.2f}px"
    try:
        return pyvips.Image.text(markup, font=font, fontfile=str(FONT_FILE), dpi=72, align=lettering.align)
    except pyvips.Error as error:
        if "no text to render" not in str(error):
            raise
        return pyvips.Image.black(1, 1)  # nothing but invisible characters


def _blur(line_px: float) -> float:
    return max(line_px * OUTLINE_WIDTH, 0.3)


def _colour(mask: pyvips.Image, lettering: Lettering, line_px: float) -> pyvips.Image:
    """Give a mask its colour, a soft outline of the contrasting one, and its opacity."""
    *colour, alpha = lettering.colour
    luminance = sum(weight * part for weight, part in zip(LUMINANCE, colour, strict=True))
    contrast = 0 if luminance > MID_GREY else 255
    padding = math.ceil(_blur(line_px) * BLUR_REACH)
    mask = mask.embed(padding, padding, mask.width + 2 * padding, mask.height + 2 * padding)
    outline = mask.gaussblur(_blur(line_px)) * OUTLINE_GAIN
    outline = (outline > OUTLINE_CEILING).ifthenelse(OUTLINE_CEILING, outline)
    cover = (outline > mask).ifthenelse(outline, mask) * (lettering.opacity * alpha / 255)
    painted = mask.ifthenelse(colour, [contrast] * 3, blend=True)
    return painted.bandjoin(cover.rint()).cast("uchar").copy(interpretation="srgb")
