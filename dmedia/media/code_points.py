"""Colours that a file tells without a profile: by primaries and transfer function, as numbers of a standard.

PNG, AVIF and HEIC can name their colours so. Here such a statement becomes an ICC profile, so that whatever follows
knows one kind of colour statement only. Numbers are from Rec. ITU-T H.273 (07/2024), tables 2 and 3; the layout of a
profile is from ICC.1:2001-04 (version 2), sections 6.1 to 6.5.
"""

from __future__ import annotations

import functools
import math
import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

Point = tuple[float, float]
Vector = tuple[float, float, float]
Matrix = tuple[Vector, Vector, Vector]


class Primaries(NamedTuple):
    """Chromaticities, as CIE 1931 x and y."""

    red: Point
    green: Point
    blue: Point
    white: Point


D65: Point = (0.3127, 0.3290)
C: Point = (0.310, 0.316)

SRGB = Primaries((0.640, 0.330), (0.300, 0.600), (0.150, 0.060), D65)
SMPTE_170M = Primaries((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), D65)

PRIMARIES: dict[int, Primaries] = {
    1: SRGB,
    4: Primaries((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), C),
    5: Primaries((0.64, 0.33), (0.29, 0.60), (0.15, 0.06), D65),
    6: SMPTE_170M,
    7: SMPTE_170M,
    9: Primaries((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), D65),
    11: Primaries((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.314, 0.351)),
    12: Primaries((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), D65),
    22: Primaries((0.630, 0.340), (0.295, 0.605), (0.155, 0.077), D65),
}
"""By H.273's ``ColourPrimaries``: BT.709, 470 M, 470 B/G, 601, 240, BT.2020, DCI-P3, Display P3, EBU 3213."""

ADOBE_RGB = Primaries((0.64, 0.33), (0.21, 0.71), (0.15, 0.06), D65)
ADOBE_GAMMA = 563 / 256
"""Adobe RGB (1998) Color Image Encoding (2005-05), 4.3.1.1 and 4.3.4.2."""

GAMMA_2_2, GAMMA_2_8, LINEAR, PQ, HLG = 4, 5, 8, 16, 18
"""H.273's ``TransferCharacteristics`` that are no sRGB: those of BT.601, BT.709 and BT.2020 (1, 6, 14, 15) are shown
with the same curve as sRGB by browsers and televisions alike, for both are meant for a screen."""

HDR = {PQ: "PQ", HLG: "HLG"}

WHITE_CD_M2 = 203.0
"""Luminance of white in PQ, and 75 % of the signal in HLG: Report ITU-R BT.2408, 2.2. What is brighter is clipped."""

HLG_WHITE = 0.75

CURVE_STEPS = 4096
"""Samples of a curve without a formula in ICC version 2: PQ rises from black so slowly that 1024 leave steps."""

TO_CONES: Matrix = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))
FROM_CONES: Matrix = (
    (0.9869929, -0.1470543, 0.1599627), (0.4323053, 0.5183603, 0.0492912), (-0.0085287, 0.0400428, 0.9684867),
)  # fmt: skip
"""The Bradford matrix and its inverse (ICC.1:2022, annex E.3)."""

PCS_WHITE: Vector = (0.9642, 1.0, 0.8249)
"""D50, as profiles hold it (ICC.1:2001-04, 6.1.12)."""


class Colours(NamedTuple):
    """What a file says of its colours without a profile.

    Attributes
    ----------
    primaries : Primaries
        Chromaticities.
    to_linear : callable
        From a sample to light, both 0 to 1.
    hdr : str
        Name of the transfer function where it reaches beyond the white of a page, else empty.
    """

    primaries: Primaries = SRGB
    to_linear: Callable[[float], float] | None = None
    hdr: str = ""

    @property
    def are_srgb(self) -> bool:
        """Whether they are what is assumed where nothing is said."""
        return self.primaries == SRGB and self.to_linear is None


def colours_of(primaries: int, transfer: int) -> Colours:
    """Read code points.

    Parameters
    ----------
    primaries, transfer : int
        ``ColourPrimaries`` and ``TransferCharacteristics`` of H.273; unspecified, reserved and unknown numbers mean
        those of sRGB.

    Returns
    -------
    Colours
        What they say.
    """
    return Colours(PRIMARIES.get(primaries, SRGB), _CURVES.get(transfer), HDR.get(transfer, ""))


@functools.lru_cache(maxsize=32)
def make_profile(colours: Colours, *, grey: bool = False) -> bytes:
    """Make a profile of three primaries and one curve.

    Parameters
    ----------
    colours : Colours
        As a file says them.
    grey : bool
        Whether it is for grey samples, which have the curve alone.

    Returns
    -------
    bytes
        An ICC profile of version 2.

    Raises
    ------
    ValueError, ZeroDivisionError
        For chromaticities that are none of a display: on one line, or without light.
    """
    to_linear = colours.to_linear or _srgb
    samples = [round(65535 * min(1.0, max(0.0, to_linear(x / (CURVE_STEPS - 1))))) for x in range(CURVE_STEPS)]
    curve = b"curv\0\0\0\0" + struct.pack(f">I{CURVE_STEPS}H", CURVE_STEPS, *samples)
    text = b"colours of the file"
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", len(text) + 1) + text + bytes(1 + 78),
        b"cprt": b"text\0\0\0\0public domain\0",
        b"wtpt": _xyz(PCS_WHITE),
    }
    if grey:
        return _laid_out(b"GRAY", {**tags, b"kTRC": curve}, {})
    red, green, blue = _adapted(colours.primaries)
    tags |= {b"rXYZ": _xyz(red), b"gXYZ": _xyz(green), b"bXYZ": _xyz(blue), b"rTRC": curve}
    return _laid_out(b"RGB ", tags, shared={b"gTRC": b"rTRC", b"bTRC": b"rTRC"})


@functools.lru_cache(maxsize=32)
def gamma(stored: float) -> Callable[[float], float]:
    """Give the curve of samples that are light to a power, as PNG's ``gAMA`` tells it: 0.45 for most displays."""
    return lambda x: float(x ** (1 / stored))


def _laid_out(space: bytes, tags: dict[bytes, bytes], shared: dict[bytes, bytes]) -> bytes:
    """Put header, table and tags together; tags that are alike stand in the file once (6.2)."""
    places: dict[bytes, tuple[int, int]] = {}
    body, start = b"", 128 + 4 + 12 * (len(tags) + len(shared))
    for name, data in tags.items():
        places[name] = start + len(body), len(data)
        body += data + bytes(-len(data) % 4)
    places |= {name: places[same] for name, same in shared.items()}
    table = struct.pack(">I", len(places))
    table += b"".join(name + struct.pack(">II", *place) for name, place in places.items())
    head = b"\x02\x10\0\0" + b"mntr" + space + b"XYZ " + bytes(12) + b"acsp" + bytes(28) + _xyz(PCS_WHITE)[8:]
    return struct.pack(">I4x", start + len(body)) + head.ljust(120, b"\0") + table + body


def _xyz(values: Vector) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in values))


def _adapted(primaries: Primaries) -> Matrix:
    """Tell each primary's colour, seen under D50 (ICC.1:2022, annex E)."""
    white = _light(primaries.white)
    red, green, blue = (_light(point) for point in primaries[:3])
    whole = _determinant(red, green, blue)
    shares = (
        _determinant(white, green, blue) / whole,
        _determinant(red, white, blue) / whole,
        _determinant(red, green, white) / whole,
    )
    if min(shares) <= 0:
        raise ValueError("white does not lie among the primaries")
    have, want = _times(TO_CONES, white), _times(TO_CONES, PCS_WHITE)

    def adapt(colour: Vector, share: float) -> Vector:
        cones = _times(TO_CONES, colour)
        scaled = [share * cone * wanted / had for cone, wanted, had in zip(cones, want, have, strict=True)]
        return _times(FROM_CONES, (scaled[0], scaled[1], scaled[2]))

    return adapt(red, shares[0]), adapt(green, shares[1]), adapt(blue, shares[2])


def _light(point: Point) -> Vector:
    x, y = point
    return x / y, 1.0, (1 - x - y) / y


def _times(matrix: Matrix, vector: Vector) -> Vector:
    first, second, third = (sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)
    return first, second, third


def _determinant(a: Vector, b: Vector, c: Vector) -> float:
    one = a[0] * (b[1] * c[2] - b[2] * c[1])
    return one - b[0] * (a[1] * c[2] - a[2] * c[1]) + c[0] * (a[1] * b[2] - a[2] * b[1])


def _srgb(x: float) -> float:
    """IEC 61966-2-1."""
    return x / 12.92 if x <= 0.04045 else float(((x + 0.055) / 1.055) ** 2.4)


def _pq(x: float) -> float:
    """SMPTE ST 2084, equation 4.1, with white at 1."""
    power = x ** (1 / 78.84375)
    share = max(power - 0.8359375, 0.0) / (18.8515625 - 18.6875 * power)
    return float(10_000 * share ** (1 / 0.1593017578125)) / WHITE_CD_M2


def _hlg(x: float) -> float:
    """Rec. ITU-R BT.2100, table 5, on a display of 1000 cd/m2 (gamma 1.2), with white at 1."""
    return float((_hlg_scene(x) / _hlg_scene(HLG_WHITE)) ** 1.2)


def _hlg_scene(x: float) -> float:
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return x * x / 3 if x <= 0.5 else (math.exp((x - c) / a) + b) / 12


_CURVES: dict[int, Callable[[float], float]] = {
    GAMMA_2_2: gamma(1 / 2.2),
    GAMMA_2_8: gamma(1 / 2.8),
    LINEAR: gamma(1.0),
    PQ: _pq,
    HLG: _hlg,
}
