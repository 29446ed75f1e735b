"""What is done to pixels whose colours are settled, whatever they came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dmedia.media import framing, sharpening
from dmedia.media.colour import with_colour
from dmedia.operations.colour import parse_colour
from dmedia.operations.crop import Crop
from dmedia.operations.parameters import Box
from dmedia.operations.watermark import Watermark

if TYPE_CHECKING:
    from dmedia.media.encoders import Encoder
    from dmedia.media.framing import Anchor
    from dmedia.media.geometry import Layout
    from dmedia.media.logo import LogoWork
    from dmedia.media.opened import Notes
    from dmedia.media.work import Work
    from dmedia.model import Limits
    from dmedia.operations.parameters import Encoding

FEW_PIXELS = 16_000_000
"""Up to here a picture is held in memory to see whether anything in it really is transparent."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """What is done to pixels whose colours are settled: to a picture, or to each frame of an animation.

    Attributes
    ----------
    layout : Layout
        What size they get.
    parameters : Encoding
        The operation's.
    encoder : Encoder
        Of the rendition's format.
    limits : Limits
        What one file may cost.
    notes : Notes
        Gets the warnings.
    work : Work or None
        What another package's operation does.
    anchor : Anchor
        What stays of them where they are cropped.
    """

    layout: Layout
    parameters: Encoding
    encoder: Encoder
    limits: Limits
    notes: Notes
    work: Work | LogoWork | None
    anchor: Anchor

    def draw(self, image: Any) -> Any:
        """Frame an upright picture that has its scale, and do what the operation does."""
        image = self.fitted(image)
        image = _operate(image, self)
        return self.fitted(self.work.apply(image, self.parameters, self.encoder, self.limits)) if self.work else image

    def draws_nothing(self) -> bool:
        """Tell whether an upright picture would stay as it is."""
        is_plain = isinstance(self.parameters, Box) and not isinstance(self.parameters, Watermark) and not self.work
        return is_plain and self.layout.source == self.layout.scaled == self.layout.canvas

    def fitted(self, image: Any) -> Any:
        """Lay what is transparent onto the background, for a format that has no alpha."""
        is_flat = self.encoder.alpha or not image.hasalpha()
        return image if is_flat else _flatten(image, self.parameters, self.notes)


def _operate(image: Any, drawing: Drawing) -> Any:
    parameters, notes = drawing.parameters, drawing.notes
    if isinstance(parameters, Crop):
        return framing.cut_part(image, parameters, drawing.anchor, notes.warn)
    if isinstance(parameters, Box):
        red, green, blue, opacity = parse_colour(parameters.background)
        colour = (red, green, blue, opacity if drawing.encoder.alpha else 255)
        if parameters.sharpen and drawing.layout.shrinks:
            image = sharpening.sharpen(image, parameters.sharpen)
        image = framing.frame(image, drawing.layout, drawing.anchor, colour)
    if isinstance(parameters, Watermark) and parameters.text is not None:
        from dmedia.media import lettering

        image, warnings = lettering.draw_text(with_colour(image), parameters)
        for warning in warnings:
            notes.warn(warning)
    return image


def _flatten(image: Any, parameters: Encoding, notes: Notes) -> Any:
    """Lay a picture onto the background, for a format without alpha."""
    colour = parse_colour(parameters.background)[:3]
    few = image.width * image.height <= FEW_PIXELS
    if few:
        image = image.copy_memory()
    opaque = 65535 if image.format == "ushort" else 255
    if not few or image.extract_band(image.bands - 1).min() < opaque:
        notes.warn(f"transparency was laid onto {parameters.background}: the format has none")
    if len(set(colour)) > 1:
        image = with_colour(image)
    step = 257 if image.format == "ushort" else 1
    return image.flatten(background=[part * step for part in colour[: image.bands - 1]])
