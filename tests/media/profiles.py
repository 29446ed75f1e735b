"""ICC profiles made by hand, and the second colour engine: Pillow's LittleCMS."""

from __future__ import annotations

import io
import itertools
import struct
from typing import Any

import numpy as np
from PIL import Image, ImageCms

from tests.media.colour_difference import Array, lab_of
from tests.media_making import matrix_profile

PRIMARIES = {
    "Display P3": ((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841)),
    "Adobe RGB": ((0.6097, 0.3111, 0.0195), (0.2053, 0.6257, 0.0609), (0.1492, 0.0632, 0.7446)),
    "ProPhoto RGB": ((0.7977, 0.2880, 0.0000), (0.1352, 0.7119, 0.0000), (0.0313, 0.0001, 0.8249)),
    "BT.2020": ((0.6735, 0.2790, -0.0019), (0.1657, 0.6753, 0.0300), (0.1251, 0.0456, 0.7968)),
}
"""Red, green and blue adapted to D50, as XYZ: from the profiles of the ICC's registry."""


def power(exponent: float) -> bytes:
    """Make the curve of version 2 that is one exponent (ICC.1:2001-04, 6.5.3)."""
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(exponent * 256))


def sampled(values: list[float]) -> bytes:
    """Make the curve of version 2 that is a table of values from 0 to 1."""
    return b"curv\0\0\0\0" + struct.pack(f">I{len(values)}H", len(values), *(round(65535 * value) for value in values))


def parametric(kind: int, *values: float) -> bytes:
    """Make the curve of version 4 that is a formula (ICC.1:2022, 10.18)."""
    return b"para\0\0\0\0" + struct.pack(f">HH{len(values)}i", kind, 0, *(round(value * 65536) for value in values))


PROFILES = {
    "Display P3": matrix_profile(PRIMARIES["Display P3"]),  # version 4, sRGB's curve as a formula
    "Adobe RGB": matrix_profile(PRIMARIES["Adobe RGB"], power(563 / 256), version=2),
    "ProPhoto RGB": matrix_profile(PRIMARIES["ProPhoto RGB"], parametric(3, 1.8, 1, 0, 1 / 16, 1 / 32)),
    "BT.2020": matrix_profile(PRIMARIES["BT.2020"], sampled([(x / 1023) ** 2.4 for x in range(1024)]), version=2),
}

GREY_PROFILES = {
    "linear": matrix_profile(curve=sampled([0, 1]), space=b"GRAY"),
    "gamma 1.8": matrix_profile(curve=power(1.8), space=b"GRAY", version=2),
    "dot gain": matrix_profile(curve=sampled([(x / 255) ** 1.75 for x in range(256)]), space=b"GRAY", version=2),
}

INKS = ((0, 150, 200), (200, 20, 110), (250, 225, 20), (40, 38, 36))
"""What full cyan, magenta, yellow and black look like on white paper."""


def cmyk_profile(steps: int = 5) -> bytes:
    """Make a profile of four inks that filter light one after the other, as a table (``lut8Type``, 6.5.8)."""
    shares = [step / (steps - 1) for step in range(steps)]
    inks = np.array(INKS) / 255
    colours = [
        np.prod([1 - share * (1 - ink) for share, ink in zip(amounts, inks, strict=True)], axis=0)
        for amounts in itertools.product(shares, repeat=4)
    ]
    lab = lab_of(np.rint(255 * np.array(colours)))
    table = np.clip(np.rint(lab * (2.55, 1, 1) + (0, 128, 128)), 0, 255).astype("uint8").tobytes()
    identity = bytes(range(256))
    lut = b"mft1\0\0\0\0" + struct.pack(">BBBx9i", 4, 3, steps, 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    return matrix_profile(
        space=b"CMYK", connection=b"Lab ", version=2, device=b"prtr",
        tables={b"A2B0": lut + 4 * identity + table + 3 * identity},
    )  # fmt: skip


def seen(image: Image.Image, profile: bytes) -> Array:
    """Tell what LittleCMS makes of samples in a profile: sRGB, relative to white, with black mapped to black."""
    converted = ImageCms.profileToProfile(
        image,
        ImageCms.ImageCmsProfile(io.BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    assert converted is not None
    return np.asarray(converted)


def samples_of(path: Any) -> Array:
    """Read a picture's samples as they are stored, in 8 bits, grey as grey and without alpha; deeper ones rounded."""
    from dmedia.media.libvips import pyvips

    image = pyvips.Image.new_from_file(path)
    if image.format == "ushort":
        image = (image / 257).rint().cast("uchar")
    stored = np.frombuffer(image.write_to_memory(), "uint8").reshape(image.height, image.width, image.bands)
    return stored[..., :3] if image.bands > 2 else stored[..., :1]
