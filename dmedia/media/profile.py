"""ICC profiles: whether colours in one are sRGB already. Decided by primaries and curve, never by the profile's name.

Converting costs 59 % of a whole file's CPU time, as measured, and most profiles in the wild are some copy of
sRGB. Offsets and types are from ICC.1:2022 (profile version 4.4), sections 7 and 10.
"""

from __future__ import annotations

import functools
import math
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

SRGB_PRIMARIES = {
    b"rXYZ": (0.4361, 0.2225, 0.0139),
    b"gXYZ": (0.3851, 0.7169, 0.0971),
    b"bXYZ": (0.1431, 0.0606, 0.7139),
}
"""sRGB's primaries adapted to D50 with the Bradford matrix, as the ICC's own sRGB profile holds them."""

PRIMARY_TOLERANCE = 0.003
"""Less than one step of 8 bits in linear light; Display P3's red is 0.08 away."""

CURVE_TOLERANCE = 2 / 255
"""Two steps of 8 bits. Small profiles sample the curve at 26 points and are that far off; gamma 2.2 is 8 steps off."""

GREY_TOLERANCE = 10 / 255
"""Grey profiles of gamma 2.2 (8 steps off in the deepest shadows) are shown as sRGB everywhere; dot gain is not."""


@functools.lru_cache(maxsize=32)
def is_srgb(profile: bytes) -> bool:
    """Tell whether colours in this profile are sRGB within what 8 bits can show.

    Parameters
    ----------
    profile : bytes
        An ICC profile.

    Returns
    -------
    bool
        ``False`` also for a profile that cannot be read or works by tables.
    """
    try:
        tags = _tags(profile)
        if profile[16:20] == b"GRAY":
            return _is_srgb_curve(tags[b"kTRC"], GREY_TOLERANCE)
        if profile[16:20] != b"RGB " or b"A2B0" in tags:
            return False
        return all(_is_near(_xyz(tags[name]), wanted) for name, wanted in SRGB_PRIMARIES.items()) and all(
            _is_srgb_curve(tags[name], CURVE_TOLERANCE) for name in (b"rTRC", b"gTRC", b"bTRC")
        )
    except (struct.error, KeyError, IndexError, ValueError, ZeroDivisionError, OverflowError):
        return False


def describes(profile: bytes, space: str) -> bool:
    """Tell whether a profile can be used for pixels of a colour space.

    Parameters
    ----------
    profile : bytes
        An ICC profile.
    space : str
        ``RGB`` or ``GRAY``.

    Returns
    -------
    bool
        ``False`` also for a profile without what a conversion needs: tables, or primaries and curves.
    """
    try:
        tags = _tags(profile)
    except struct.error:
        return False
    if profile[36:40] != b"acsp" or profile[16:20] != space.ljust(4).encode():
        return False
    needed = {b"kTRC"} if space == "GRAY" else {*SRGB_PRIMARIES, b"rTRC", b"gTRC", b"bTRC"}
    return all(tags.get(name) for name in needed) or bool(tags.get(b"A2B0"))


def name(profile: bytes) -> bytes | str:
    """Read a profile's own description.

    Parameters
    ----------
    profile : bytes
        Anything.

    Returns
    -------
    bytes or str
        As it is there, of any length; empty where there is none. In version 2 it is ASCII (ICC.1:2001-04, 6.5.17), in
        version 4 UTF-16 in one or more languages (ICC.1:2022, 10.15), of which the first is taken.
    """
    try:
        tag = _tags(profile).get(b"desc", b"")
        if tag[:4] == b"mluc":
            length, offset = struct.unpack_from(">II", tag, 20)
            return tag[offset : offset + length].decode("utf-16-be", "replace")
        (length,) = struct.unpack_from(">I", tag, 8)
        return tag[12 : 12 + length] if tag[:4] == b"desc" else b""
    except struct.error:
        return b""


def _tags(profile: bytes) -> dict[bytes, bytes]:
    (count,) = struct.unpack_from(">I", profile, 128)
    tags: dict[bytes, bytes] = {}
    for entry in range(min(count, 100)):
        name, offset, size = struct.unpack_from(">4sII", profile, 132 + 12 * entry)
        tags[name] = profile[offset : offset + size]
    return tags


def _xyz(tag: bytes) -> tuple[float, ...]:
    return tuple(value / 65536 for value in struct.unpack_from(">3i", tag, 8))


def _is_near(found: tuple[float, ...], wanted: tuple[float, ...]) -> bool:
    return all(abs(one - other) <= PRIMARY_TOLERANCE for one, other in zip(found, wanted, strict=True))


def _is_srgb_curve(tag: bytes, tolerance: float) -> bool:
    curve = _parametric(tag) if tag[:4] == b"para" else _sampled(tag)
    return all(abs(_encode_srgb(curve(step / 16)) - step / 16) <= tolerance for step in range(17))


def _encode_srgb(linear: float) -> float:
    """Apply the transfer function of IEC 61966-2-1."""
    return 12.92 * linear if linear <= 0.0031308 else 1.055 * math.pow(linear, 1 / 2.4) - 0.055


def _sampled(tag: bytes) -> Callable[[float], float]:
    """Read a ``curveType``: no entry is the identity, one is a gamma, more are samples of the curve (10.6)."""
    (count,) = struct.unpack_from(">I", tag, 8)
    if count == 0:
        return lambda x: x
    values = struct.unpack_from(f">{count}H", tag, 12)
    if count == 1:
        return lambda x: math.pow(x, values[0] / 256)

    def interpolate(x: float) -> float:
        position = x * (count - 1)
        below = min(int(position), count - 2)
        return float(values[below] + (values[below + 1] - values[below]) * (position - below)) / 65535

    return interpolate


def _parametric(tag: bytes) -> Callable[[float], float]:
    """Read a ``parametricCurveType`` (10.18): Y = (aX + b)^g + e from X = d on, cX + f below."""
    (kind,) = struct.unpack_from(">H", tag, 8)
    count = (1, 3, 4, 5, 7)[kind]
    given = [value / 65536 for value in struct.unpack_from(f">{count}i", tag, 12)]
    g, a, b, c, d, e, f = given + [0.0] * (7 - count)
    if kind == 0:
        a = 1.0
    elif kind in {1, 2}:
        c, d, e, f = 0.0, -b / a, (c if kind == 2 else 0.0), (c if kind == 2 else 0.0)
    return lambda x: math.pow(max(a * x + b, 0.0), g) + e if x >= d else c * x + f
