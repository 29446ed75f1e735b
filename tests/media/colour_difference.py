"""The colour difference CIEDE2000, and the chart it is measured on.

G. Sharma, W. Wu, E. N. Dalal: The CIEDE2000 Color-Difference Formula: Implementation Notes, Supplementary Test Data,
and Mathematical Observations. Color Research and Application 30 (2005), 21-30. Equation numbers are the paper's.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

PATCHES = (
    (115, 82, 68), (194, 150, 130), (98, 122, 157), (87, 108, 67), (133, 128, 177), (103, 189, 170),
    (214, 126, 44), (80, 91, 166), (193, 90, 99), (94, 60, 108), (157, 188, 64), (224, 163, 46),
    (56, 61, 150), (70, 148, 73), (175, 54, 60), (231, 199, 31), (187, 86, 149), (8, 133, 161),
    (243, 243, 242), (200, 200, 200), (160, 160, 160), (122, 122, 121), (85, 85, 85), (52, 52, 52),
)  # fmt: skip
"""Samples like those of a colour checker: four rows of six."""

WHITE = (0.9642, 1.0, 0.8249)
SRGB_TO_XYZ = ((0.4360747, 0.3850649, 0.1430804), (0.2225045, 0.7168786, 0.0606169), (0.0139322, 0.0971045, 0.7141733))
"""D50 and sRGB's primaries adapted to it (IEC 61966-2-1 with Bradford's matrix)."""


def chart(cell: int = 32) -> Array:
    """Draw patches of many colours, and below them ramps of red, green, blue and grey."""
    patches = np.kron(np.array(PATCHES, "uint8").reshape(4, 6, 3), np.ones((cell, cell, 1), "uint8"))
    ramp = np.linspace(0, 255, 6 * cell).astype("uint8")[None, :, None]
    ramps = [
        np.repeat(ramp * np.array(colour, "uint8"), cell, 0) for colour in ((1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1))
    ]
    return np.concatenate([patches, *ramps]).astype("uint8")


def lab_of(srgb: Array) -> Array:
    """Tell L*, a* and b* of sRGB samples of 8 bits, under D50."""
    share = srgb[..., :3].astype("float64") / 255
    light = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    xyz = light @ np.array(SRGB_TO_XYZ).T / np.array(WHITE)
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1)


def mean_difference(one: Any, other: Any) -> float:
    """Tell the mean CIEDE2000 of two pictures of sRGB samples of 8 bits."""
    return float(differences(lab_of(np.asarray(one)), lab_of(np.asarray(other))).mean())


def differences(one: Array, other: Array) -> Array:
    """Tell CIEDE2000 of each colour of one picture in Lab to that of another, with all weights 1."""
    (l1, a1, b1), (l2, a2, b2) = np.moveaxis(one, -1, 0), np.moveaxis(other, -1, 0)
    chroma = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2  # equations 2 and 3
    more = 1 + (1 - _saturation(chroma)) / 2  # 4 and 5
    c1, c2 = np.hypot(more * a1, b1), np.hypot(more * a2, b2)  # 6
    h1, h2 = np.degrees(np.arctan2(b1, more * a1)) % 360, np.degrees(np.arctan2(b2, more * a2)) % 360  # 7
    grey, turn = c1 * c2 == 0, h2 - h1
    turn = np.where(grey, 0, np.where(turn > 180, turn - 360, np.where(turn < -180, turn + 360, turn)))  # 10
    hue_step = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2))  # 11
    light, chroma = (l1 + l2) / 2, (c1 + c2) / 2  # 12 and 13
    whole, near = h1 + h2, np.abs(h1 - h2) <= 180
    far = np.where(whole < 360, whole / 2 + 180, whole / 2 - 180)
    hue = np.where(grey, whole, np.where(near, whole / 2, far))  # 14
    shape = 1 - 0.17 * _cos(hue - 30) + 0.24 * _cos(2 * hue) + 0.32 * _cos(3 * hue + 6) - 0.2 * _cos(4 * hue - 63)  # 15
    turned = 30 * np.exp(-(((hue - 275) / 25) ** 2))  # 16
    by_light = (l2 - l1) / (1 + 0.015 * (light - 50) ** 2 / np.sqrt(20 + (light - 50) ** 2))  # 18
    by_chroma = (c2 - c1) / (1 + 0.045 * chroma)  # 19
    by_hue = hue_step / (1 + 0.015 * chroma * shape)  # 20
    rotation = -2 * _saturation(chroma) * np.sin(np.radians(2 * turned))  # 17 and 21
    squares: Array = by_light**2 + by_chroma**2 + by_hue**2 + rotation * by_chroma * by_hue
    return np.sqrt(squares)  # 22


def _saturation(chroma: Array) -> Array:
    return np.sqrt(chroma**7 / (chroma**7 + 25.0**7))


def _cos(degrees: Array) -> Array:
    return np.cos(np.radians(degrees))
