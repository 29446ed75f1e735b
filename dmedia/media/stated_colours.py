"""Colours that a picture file states without a profile: they become the profile that the picture has not got."""

from __future__ import annotations

import math
import os
import struct
from typing import TYPE_CHECKING, Any

from dmedia.media import exif, itemboxes
from dmedia.media.chunks import png_head
from dmedia.media.code_points import ADOBE_GAMMA, ADOBE_RGB, SRGB, Colours, Primaries, colours_of, gamma, make_profile
from dmedia.media.libvips import EXIF_FIELD, ICC_FIELD, pyvips

if TYPE_CHECKING:
    from collections.abc import Callable

SRGB_GAMMA = 0.45455
"""What PNG's ``gAMA`` holds of sRGB (PNG 3rd edition, 11.3.2.5): with its primaries, its curve is meant."""

GAMMA_TOLERANCE = 0.01
"""Two steps of 8 bits, as in ``profile.CURVE_TOLERANCE``; writers round the number to two or three places."""

POSSIBLE_GAMMA = (0.1, 10.0)
"""``gAMA`` outside is damage: 1 is linear light, and no display is far from 0.45."""

INTEROPERABILITY, INTEROPERABILITY_INDEX = 0xA005, 1
"""Exif 2.32, 4.6.3: the pointer to the Interoperability directory, and that directory's ``InteroperabilityIndex``."""

ADOBE_INDEX = b"R03"
"""Says Adobe RGB (DCF 2.0, CIPA DC-009-2010): cameras that are set to it write this, and many of them no profile."""


def with_stated(image: Any, image_format: str, descriptor: int, warnings: list[str]) -> Any:
    """Give a picture the profile of the colours that its file states otherwise.

    Parameters
    ----------
    image : pyvips.Image
        As libvips loaded it.
    image_format : str
        Of the file.
    descriptor : int
        The file; its position does not change.
    warnings : list of str
        Gets what a person should know.

    Returns
    -------
    pyvips.Image
        The same one where the file states nothing, or has a profile that counts more.
    """
    has_profile = bool(image.get_typeof(ICC_FIELD))
    colours: Colours | None = None
    if image_format == "png":
        colours = _of_png(descriptor)  # the one format where something counts more than a profile
    elif not has_profile and image_format == "avif":
        points = itemboxes.code_points(descriptor)
        colours = colours_of(*points) if points else None
    elif not has_profile and image_format == "jpg" and image.get_typeof(EXIF_FIELD):
        colours = _of_exif(bytes(image.get(EXIF_FIELD)))
    return image if colours is None else in_colours(image, colours, warnings)


def in_colours(image: Any, colours: Colours, warnings: list[str]) -> Any:
    """Give a picture the profile of colours that are stated by numbers.

    Parameters
    ----------
    image : pyvips.Image
        Grey or RGB.
    colours : Colours
        What the file says.
    warnings : list of str
        Gets what a person should know.

    Returns
    -------
    pyvips.Image
        Without a profile where the colours are sRGB's, or cannot be.
    """
    if colours.hdr:
        warnings.append(f"high dynamic range ({colours.hdr}): what is brighter than white was clipped")
    try:
        profile = b"" if colours.are_srgb else make_profile(colours, grey=image.bands < 3)
    except (ValueError, ZeroDivisionError, struct.error):  # struct: numbers larger than a profile holds
        profile = b""
    image = image.copy()
    if profile:
        image.set_type(pyvips.GValue.blob_type, ICC_FIELD, profile)
    elif image.get_typeof(ICC_FIELD):
        image.remove(ICC_FIELD)
    return image


def _of_png(descriptor: int) -> Colours | None:
    """Read what a PNG states, by the precedence of its 3rd edition, 4.3: cICP, iCCP, sRGB, then gAMA with cHRM."""
    chunks = {
        name: os.pread(descriptor, min(length, 32), at + 8)
        for name, at, length in png_head(descriptor)
        if name in {b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM"}
    }
    points = chunks.get(b"cICP", b"")
    if len(points) == 4:
        return colours_of(points[0], points[1])
    if b"iCCP" in chunks or b"sRGB" in chunks:
        return None
    primaries = _primaries(chunks.get(b"cHRM", b""))
    colours = Colours(primaries, _curve(chunks.get(b"gAMA", b""), of_srgb=primaries == SRGB))
    return None if colours.are_srgb else colours


def _curve(data: bytes, *, of_srgb: bool) -> Callable[[float], float] | None:
    stated = int.from_bytes(data, "big") / 100_000 if len(data) == 4 else 0.0
    if not POSSIBLE_GAMMA[0] <= stated <= POSSIBLE_GAMMA[1]:
        return None
    return None if of_srgb and abs(stated - SRGB_GAMMA) <= GAMMA_TOLERANCE else gamma(stated)


def _primaries(data: bytes) -> Primaries:
    if len(data) != 32:
        return SRGB
    white, *colours = struct.iter_unpack(">II", data)
    found = Primaries(*((x / 100_000, y / 100_000) for x, y in (*colours, white)))
    near = all(math.dist(one, other) < 0.002 for one, other in zip(found, SRGB, strict=True))
    return SRGB if near else found


def _of_exif(block: bytes) -> Colours | None:
    if ADOBE_INDEX not in block:  # a search costs nothing, reading the directories does
        return None
    body = block.removeprefix(exif.PREFIX)
    pointer = exif.read_exif(body)[1].get(exif.EXIF_DIRECTORY, {}).get(INTEROPERABILITY)
    if pointer is None or pointer.kind != exif.LONG:
        return None
    order = exif.ORDERS.get(body[:4], ">")
    head = body[:4] + struct.pack(order + "I", pointer.number)  # as if the file began with that directory
    found, _ = exif.read_tiff(lambda at, length: head if (at, length) == (0, 8) else body[at : at + length])
    index = found.get(INTEROPERABILITY_INDEX)
    return Colours(ADOBE_RGB, gamma(1 / ADOBE_GAMMA)) if index and index.data.startswith(ADOBE_INDEX) else None
