"""Pictures of products, as shops get them: something in the middle of a border of one colour."""

from __future__ import annotations

import random
from dataclasses import dataclass

from PIL import Image, ImageDraw

from dmedia.media.libvips import pyvips
from dmedia.model import FileResult

INK = (30, 60, 140)
LABEL = (235, 238, 230)
"""A light part of the product, well inside of it."""

NEARLY_WHITE = (246, 246, 243)


def product(
    size: tuple[int, int] = (400, 300),
    part: tuple[int, int, int, int] = (120, 60, 260, 260),
    border: tuple[int, int, int] = NEARLY_WHITE,
    noise: int = 0,
) -> Image.Image:
    """Make a picture with a product at left, top, right and bottom of ``part``."""
    image = Image.new("RGB", size, border)
    if noise:
        grains = random.Random(1)
        image.putdata([tuple(c + grains.randint(-noise, noise) for c in border) for _ in range(size[0] * size[1])])
        for x, y in ((3, 3), (size[0] - 9, 30), (40, size[1] - 5)):
            image.putpixel((x, y), (0, 0, 0))  # dust
    drawing = ImageDraw.Draw(image)
    left, top, right, low = part
    drawing.rectangle((left, top, right - 1, low - 1), fill=INK)
    across, down = (right - left) // 4, (low - top) // 4
    drawing.rectangle((left + across, top + down, right - across, top + 2 * down), fill=LABEL)
    return image


@dataclass(frozen=True)
class Seen:
    """A rendition as a shop sees it: its size, where what is not white begins and ends, and the colour of its edge."""

    size: tuple[int, int]
    left: int
    top: int
    right: int
    low: int
    edge: set[tuple[int, ...]]

    @property
    def longest(self) -> int:
        return max(self.right - self.left, self.low - self.top)

    def is_centred(self) -> bool:
        return abs(self.left + self.right - self.size[0]) <= 2 and abs(self.top + self.low - self.size[1]) <= 2


def seen(result: FileResult) -> Seen:
    """Look at a rendition from outside, for what differs from white by more than a JPEG's ringing."""
    assert result.failure is None, result.failure
    image = pyvips.Image.new_from_file(result.outputs[0].path.decode()).colourspace("srgb")
    image = image.flatten(background=[255, 255, 255]) if image.hasalpha() else image
    left, top, width, height = image.find_trim(background=[255, 255, 255], threshold=60, line_art=True)
    far_right, far_low = image.width - 1, image.height - 1
    places = [(0, 0), (far_right, 0), (0, far_low), (far_right, far_low), (image.width // 2, 0), (0, image.height // 2)]
    edge = {tuple(int(part) for part in image.getpoint(*place)) for place in places}
    return Seen((image.width, image.height), left, top, left + width, top + height, edge)
