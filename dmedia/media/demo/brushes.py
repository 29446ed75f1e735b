"""What the demo's pictures are painted with: gradients, glows, ridges and small figures."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageDraw

if TYPE_CHECKING:
    from collections.abc import Sequence

Point = tuple[float, float]

GRAIN_TILE = 256
GRAIN_SIGMA = 5.0
"""Standard deviation of the grain, of 255: hides the steps of a gradient in 8 bits, and is not seen as noise."""


def _rgb(colour: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(colour[1:])
    return red, green, blue


def gradient(width: int, height: int, colours: Sequence[str], start: float, end: float) -> Image.Image:
    """Blend colours downwards, the first at ``start`` and the last at ``end`` of the height."""
    column = Image.new("RGB", (1, 256))
    last = len(colours) - 1
    for y in range(256):
        place = min(max((y / 255 - start) / (end - start), 0.0), 1.0) * last
        index = min(int(place), last - 1)
        above, below = _rgb(colours[index]), _rgb(colours[index + 1])
        column.putpixel((0, y), tuple(round(a + (b - a) * (place - index)) for a, b in zip(above, below, strict=True)))
    return column.resize((1, height), Image.Resampling.BICUBIC).resize((width, height), Image.Resampling.NEAREST)


def glow(picture: Image.Image, centre: Point, radius: float, colour: str, strength: float, **shape: float) -> None:
    """Light up (or darken) a round part softly; ``squash`` flattens it, ``flat`` makes its middle even."""
    across, down = max(int(2 * radius), 2), max(int(2 * radius * shape.get("squash", shape.get("flat", 1.0))), 2)
    falling = [int(255 * strength * max(0.0, 1 - v / 180) ** 2) for v in range(256)]
    mask = Image.radial_gradient("L").point(falling).resize((across, down), Image.Resampling.BILINEAR)
    picture.paste(_rgb(colour), (int(centre[0] - across / 2), int(centre[1] - down / 2)), mask)


def disc(picture: Image.Image, centre: Point, radius: float, colour: str) -> None:
    """Draw a sharp disc."""
    x, y = centre
    ImageDraw.Draw(picture).ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)


def ridge(
    picture: Image.Image, base: float, height: float, colour: str, form: tuple[int, float], *, to_bottom: bool = False
) -> None:
    """Draw a range of hills or mountains along a line; its form is a seed and a roughness of 0 to 1."""
    seed, roughness = form
    shape = random.Random(seed)  # noqa: S311  # a landscape, not a secret
    waves = [
        (1.7 * 1.9**octave, roughness**octave * (0.6 + 0.4 * shape.random()), 6.3 * shape.random())
        for octave in range(7)
    ]
    total = sum(amplitude for _, amplitude, _ in waves)
    steps = 400
    line = []
    for step in range(steps + 1):
        swing = sum(size * math.sin(pace * 3 * step / steps + start) for pace, size, start in waves) / total
        line.append((picture.width * step / steps, min(base, base - height * (0.5 + 0.8 * swing))))
    floor = picture.height if to_bottom else base
    ImageDraw.Draw(picture).polygon([*line, (picture.width, floor), (0, floor)], fill=colour)


def dune(picture: Image.Image, base: float, height: float, colours: tuple[str, str], phase: float) -> None:
    """Draw a dune whose crest parts light from shadow."""
    width, floor = picture.width, picture.height
    crest = [
        (width * i / 200, base - height * math.sin(3.4 * i / 200 + phase) * math.cos(1.3 * i / 200)) for i in range(201)
    ]
    draw = ImageDraw.Draw(picture)
    draw.polygon([*crest, (width, floor), (0, floor)], fill=colours[0])
    top = min(range(201), key=lambda i: crest[i][1])
    shadow = [
        (x + (y - crest[top][1]) * 0.8 + width * 0.02 * i / 200, y + height * (0.25 + 0.9 * (i - top) / 200))
        for i, (x, y) in enumerate(crest[top:], start=top)
    ]
    draw.polygon([*crest[top:], *reversed(shadow)], fill=colours[1])


def wave(picture: Image.Image, base: float, height: float, colour: str) -> None:
    """Draw an undulating shore; what is below gets the colour."""
    line = [
        (picture.width * i / 100, base + height * math.sin(i / 9) + height * 0.5 * math.sin(i / 4 + 1))
        for i in range(101)
    ]
    ImageDraw.Draw(picture).polygon([*line, (picture.width, picture.height), (0, picture.height)], fill=colour)


def reflection(picture: Image.Image, x: float, horizon: int, colour: str, phase: float = 0.0) -> None:
    """Draw a light's path on the water: short strokes that widen and fade towards the viewer."""
    depth = picture.height - horizon
    overlay = Image.new("L", picture.size)
    draw = ImageDraw.Draw(overlay)
    for row in range(34):
        part = (row / 34) ** 1.4
        y = horizon + 2 + depth * part
        half = picture.width * (0.018 + 0.07 * part) * (0.6 + 0.4 * math.sin(row * 2.7 + phase))
        thick = max(1.0, depth * 0.006 * (0.5 + part))
        draw.ellipse((x - half, y - thick, x + half, y + thick), fill=int(190 * (1 - part) ** 0.8))
    picture.paste(colour, (0, 0), overlay)


def boat(picture: Image.Image, place: Point, size: float) -> None:
    """Draw a sailing boat that stands on the water at a point."""
    x, y = place
    draw = ImageDraw.Draw(picture)
    draw.polygon(
        [(x - size, y), (x + size, y), (x + size * 0.7, y + size * 0.28), (x - size * 0.75, y + size * 0.28)],
        fill="#2a2140",
    )
    draw.polygon(
        [(x - size * 0.05, y - size * 0.08), (x - size * 0.05, y - size * 1.9), (x + size * 0.85, y - size * 0.08)],
        fill="#fbf3e6",
    )
    draw.polygon(
        [(x - size * 0.15, y - size * 0.08), (x - size * 0.15, y - size * 1.6), (x - size * 0.75, y - size * 0.08)],
        fill="#e9d3c0",
    )


def umbrella(picture: Image.Image, place: Point, size: float) -> None:
    """Draw a striped beach umbrella with its shadow."""
    x, y = place
    draw = ImageDraw.Draw(picture)
    glow(picture, (x + size * 0.5, y + size * 0.95), size * 1.3, "#7a5a33", 0.7, squash=0.22)
    draw.line((x, y - size * 0.2, x + size * 0.12, y + size * 0.95), fill="#f7f3ea", width=max(2, int(size * 0.06)))
    for stripe in range(6):
        first, second = 180 + 30 * stripe, 210 + 30 * stripe
        colour = "#e4553f" if stripe % 2 == 0 else "#fff6e5"
        draw.pieslice((x - size, y - size * 0.8, x + size, y + size * 0.6), first, second, fill=colour)


def vase_outline(centre: float, floor: float, size: float) -> list[Point]:
    """Give the outline of a vase that stands on a floor."""
    right = [
        (centre + size * (0.42 + 0.42 * math.sin(3.0 * t + 0.25) ** 2 * (1 - t) + 0.1 * t**6), floor - size * 2.3 * t)
        for t in (i / 60 for i in range(61))
    ]
    return [*right, *[(2 * centre - x, y) for x, y in reversed(right)]]


def shade(picture: Image.Image, outline: Sequence[Point], strength: float) -> None:
    """Darken a round body towards its right edge, away from the light."""
    left, right = int(min(x for x, _ in outline)), int(max(x for x, _ in outline))
    top, bottom = int(min(y for _, y in outline)), int(max(y for _, y in outline))
    size = (right - left, bottom - top)
    body = Image.new("L", size)
    ImageDraw.Draw(body).polygon([(x - left, y - top) for x, y in outline], fill=255)
    ramp = Image.linear_gradient("L").rotate(90).point([int(max(0, v - 90) * 1.5 * strength) for v in range(256)])
    picture.paste((10, 14, 30), (left, top), ImageChops.multiply(body, ramp.resize(size)))


def grain(picture: Image.Image) -> Image.Image:
    """Lay the fine grain of a photograph over a drawn picture."""
    tile = Image.effect_noise((GRAIN_TILE, GRAIN_TILE), GRAIN_SIGMA)
    field = Image.new("L", picture.size)
    for x in range(0, picture.width, GRAIN_TILE):
        for y in range(0, picture.height, GRAIN_TILE):
            field.paste(tile, (x, y))
    return ImageChops.add(picture, Image.merge("RGB", (field, field, field)), offset=-128)
