"""Drawn photographs: landscapes and products of gradients and soft shapes, for trying dmedia out without own media."""

from __future__ import annotations

import math
import random

from PIL import Image, ImageDraw, ImageFilter

from dmedia.media.demo.brushes import (
    boat,
    disc,
    dune,
    glow,
    gradient,
    grain,
    reflection,
    ridge,
    shade,
    umbrella,
    vase_outline,
    wave,
)


def sunset_bay(width: int, height: int) -> Image.Image:
    """Draw a low sun over the sea, with hills on the far shore."""
    horizon = int(height * 0.58)
    picture = gradient(width, height, ["#2b2d62", "#7d4f8f", "#e8846b", "#ffc977"], 0.0, 0.58)
    glow(picture, (width * 0.62, horizon * 0.9), width * 0.55, "#ffdf9a", 0.9)
    disc(picture, (width * 0.62, horizon * 0.86), width * 0.052, "#fff3cf")
    sea = gradient(width, height - horizon, ["#f2a878", "#a4607f", "#3a3568", "#1b2048"], 0.0, 1.0)
    picture.paste(sea, (0, horizon))
    reflection(picture, width * 0.62, horizon, "#ffe9b8")
    ridge(picture, horizon, height * 0.13, "#5b4374", (4, 0.55))
    ridge(picture, horizon, height * 0.055, "#3b2d5c", (9, 0.8))
    boat(picture, (width * 0.3, height * 0.72), width * 0.05)
    return grain(picture)


def mountains(width: int, height: int) -> Image.Image:
    """Draw ranges of mountains in morning haze, each bluer than the one behind it."""
    picture = gradient(width, height, ["#5f9bd1", "#a9cde8", "#f7e6d0"], 0.0, 0.6)
    glow(picture, (width * 0.25, height * 0.3), width * 0.4, "#fff6df", 0.8)
    layers = ("#b6cbdc", "#8fb0ca", "#668eb0", "#436d91", "#28506f", "#17354c")
    for index, colour in enumerate(layers):
        base = height * (0.46 + 0.1 * index)
        ridge(picture, base, height * (0.26 - 0.015 * index), colour, (20 + index, 0.62), to_bottom=True)
    return grain(picture)


def beach(width: int, height: int) -> Image.Image:
    """Draw a beach at noon: sky, turquoise water, foam and sand."""
    picture = gradient(width, height, ["#3f8fd6", "#9fd3ef", "#e3f4f8"], 0.0, 0.42)
    horizon = int(height * 0.42)
    water = gradient(width, height - horizon, ["#1f7fa8", "#2fb3bd", "#9fe3d4"], 0.0, 0.55)
    picture.paste(water, (0, horizon))
    for x, y, size in ((0.2, 0.14, 0.12), (0.31, 0.17, 0.09), (0.7, 0.1, 0.14), (0.83, 0.13, 0.1)):
        glow(picture, (width * x, height * y), width * size, "#ffffff", 0.75, flat=0.4)
    for base, colour in ((0.70, "#ffffff"), (0.72, "#f3e2bd"), (0.80, "#ecd3a2")):
        wave(picture, height * base, height * 0.02, colour)
    umbrella(picture, (width * 0.68, height * 0.74), width * 0.1)
    return grain(picture)


def lighthouse(width: int, height: int) -> Image.Image:
    """Draw an upright picture: a striped lighthouse before an evening sky."""
    picture = gradient(width, height, ["#24406e", "#6f86b5", "#f3b795"], 0.0, 0.75)
    glow(picture, (width * 0.5, height * 0.24), width * 0.7, "#ffedb3", 0.75)
    draw = ImageDraw.Draw(picture)
    ridge(picture, height * 0.86, height * 0.1, "#2a3a4a", (3, 0.7), to_bottom=True)
    top, bottom = height * 0.27, height * 0.86
    for stripe in range(7):
        upper, lower = (top + (bottom - top) * part / 7 for part in (stripe, stripe + 1))
        corners = [(width * (0.5 + side * (0.07 + 0.05 * (y - top) / (bottom - top))), y) for side, y in
                   ((-1, upper), (1, upper), (1, lower), (-1, lower))]  # fmt: skip
        draw.polygon(corners, fill="#c8423b" if stripe % 2 == 0 else "#f5efe4")
    draw.rectangle((width * 0.41, top - height * 0.012, width * 0.59, top), fill="#2b2f38")
    draw.rectangle((width * 0.45, height * 0.205, width * 0.55, top - height * 0.012), fill="#ffe79a")
    draw.polygon(
        [(width * 0.43, height * 0.205), (width * 0.57, height * 0.205), (width * 0.5, height * 0.16)], fill="#8f2f2b"
    )
    tower = [(width * 0.43, top), (width * 0.57, top), (width * 0.62, bottom), (width * 0.38, bottom)]
    shade(picture, tower, 0.6)
    return grain(picture)


def dunes(width: int, height: int) -> Image.Image:
    """Draw sand dunes in late light."""
    picture = gradient(width, height, ["#4d7fb8", "#a7c4dc", "#fbe0bd"], 0.0, 0.5)
    layers = (("#e2b27c", "#b97f4e"), ("#d99f62", "#a5683a"), ("#c98748", "#84502b"), ("#a9683a", "#5f3820"))
    for index, (light, dark) in enumerate(layers):
        base = height * (0.46 + 0.14 * index)
        dune(picture, base, height * 0.09, (light, dark), phase=1.7 * index + 0.4)
    return grain(picture)


def night(width: int, height: int) -> Image.Image:
    """Draw a full moon over dark hills: a picture that is meant to be dark."""
    picture = gradient(width, height, ["#060a1c", "#101d44", "#27406f"], 0.0, 0.8)
    stars, draw = random.Random(11), ImageDraw.Draw(picture)  # noqa: S311  # stars, not secrets
    for _ in range(150):
        x, y, size = stars.random() * width, stars.random() * height * 0.65, width * (0.0004 + 0.0009 * stars.random())
        draw.ellipse((x - size, y - size, x + size, y + size), fill="#dfe6ff")
    glow(picture, (width * 0.3, height * 0.3), width * 0.28, "#cfdcff", 0.6)
    disc(picture, (width * 0.3, height * 0.3), width * 0.045, "#f6f4e6")
    ridge(picture, height * 0.8, height * 0.16, "#0b1630", (31, 0.7), to_bottom=True)
    ridge(picture, height * 0.92, height * 0.12, "#060c1c", (32, 0.7), to_bottom=True)
    return grain(picture)


def product(width: int, height: int, shape: str, colour: str) -> Image.Image:
    """Draw a thing in a studio: ``ball``, ``vase`` or ``mug``, before a soft background."""
    picture = gradient(width, height, ["#f4f1ec", "#e2ddd4", "#cfc8bc"], 0.0, 1.0)
    centre, floor, size = width * 0.5, height * 0.8, min(width, height) * 0.27
    glow(picture, (centre, floor), size * 2.0, "#8a8276", 0.55, squash=0.18)
    mask = Image.new("L", picture.size)
    draw = ImageDraw.Draw(mask)
    if shape == "ball":
        draw.ellipse((centre - size, floor - 2 * size, centre + size, floor), fill=255)
    elif shape == "vase":
        draw.polygon(vase_outline(centre, floor, size), fill=255)
    else:
        draw.ellipse((centre + size * 0.45, floor - size * 1.35, centre + size * 1.3, floor - size * 0.4), fill=255)
        draw.ellipse((centre + size * 0.62, floor - size * 1.18, centre + size * 1.13, floor - size * 0.57), fill=0)
        draw.rounded_rectangle(
            (centre - size * 0.8, floor - size * 1.75, centre + size * 0.8, floor), size * 0.18, fill=255
        )
    lit = Image.new("RGB", picture.size, colour)
    glow(lit, (centre + size * 0.7, floor - size * 0.3), size * 2.2, "#000000", 0.5)
    glow(lit, (centre - size * 0.35, floor - size * 1.35), size * 0.9, "#ffffff", 0.75)
    picture.paste(lit, (0, 0), mask.filter(ImageFilter.BoxBlur(1)))
    return grain(picture)


def badge(size: int) -> Image.Image:
    """Draw a round emblem on a transparent ground, with a soft shadow."""
    picture = Image.new("RGBA", (size, size))
    shadow = (
        Image.radial_gradient("L")
        .resize((size, size))
        .point([max(0, min(120, int((166 - v) * 2.2))) for v in range(256)])
    )
    picture.paste((20, 30, 60), (0, int(size * 0.01)), shadow)
    draw = ImageDraw.Draw(picture)
    draw.ellipse((size * 0.12, size * 0.12, size * 0.88, size * 0.88), fill="#14605f")
    draw.ellipse((size * 0.16, size * 0.16, size * 0.84, size * 0.84), fill="#f6f1e3")
    draw.ellipse((size * 0.19, size * 0.19, size * 0.81, size * 0.81), fill="#1f8a84")
    peaks = [(0.27, 0.66), (0.42, 0.4), (0.52, 0.55), (0.6, 0.45), (0.73, 0.66)]
    draw.polygon([(size * x, size * y) for x, y in peaks], fill="#f6f1e3")
    draw.ellipse((size * 0.58, size * 0.28, size * 0.68, size * 0.38), fill="#ffc857")
    return picture.resize((size // 2, size // 2), Image.Resampling.LANCZOS)


def sailing(width: int, height: int, moment: float) -> Image.Image:
    """Draw one frame of a film: a boat crosses the bay while the sun sinks; ``moment`` runs from 0 to 1."""
    horizon = int(height * 0.55)
    picture = gradient(width, height, ["#33508f", "#c9809a", "#ffcf8f"], 0.0, 0.55)
    sun = (width * 0.7, horizon * (0.45 + 0.5 * moment))
    glow(picture, sun, width * 0.4, "#ffe6b0", 0.85)
    disc(picture, sun, width * 0.045, "#fff4d6")
    picture.paste(gradient(width, height - horizon, ["#e8a986", "#7a628f", "#28305f"], 0.0, 1.0), (0, horizon))
    reflection(picture, sun[0], horizon, "#ffe9b8", phase=6 * moment)
    ridge(picture, horizon, height * 0.12, "#54497c", (4, 0.55))
    boat(picture, (width * (0.12 + 0.6 * moment), height * (0.74 + 0.008 * math.sin(14 * moment))), width * 0.07)
    return picture
