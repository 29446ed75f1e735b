"""What a media file is, by its header: nothing of a picture is decoded, and of a film one frame."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from dmedia.errors import MediaError
from dmedia.media import profile
from dmedia.media.decoders import decoders_for
from dmedia.media.framing import turned
from dmedia.media.geometry import Size
from dmedia.media.opened import Notes, look_at
from dmedia.media.statements import legible, statements_of
from dmedia.model import MediaInfo
from dmedia.model.info import LARGEST_COUNT

if TYPE_CHECKING:
    from dmedia.media.decoders.picture import Picture, Traits
    from dmedia.media.opened import OpenSource
    from dmedia.model import Limits
    from dmedia.model.info import MediaFormat

UNLIMITED = 2**62
"""Pixels and bytes: a file that is only described is not refused for its size."""

DECODED_AT_ONCE = frozenset({"ico"})
"""Formats whose pictures Pillow decodes when it opens a file: for them the limits hold."""

ANIMATIONS = frozenset({"gif", "webp", "png", "avif", "fli"})
TURNED_BY_DECODER = frozenset({"avif", "heif", "raw"})

UNNAMED = "unnamed"
LEAST_DPI, LARGEST_DPI = 0.01, 1e6
"""Fewer and more pixels an inch than anything states that means it."""


def describe(descriptor: int, path: bytes, limits: Limits) -> MediaInfo:
    """Read what a file says about itself.

    Parameters
    ----------
    descriptor : int
        From ``local.open_source``; it stays the caller's to close.
    path : bytes
        Absolute path, to compare its name with the content.
    limits : Limits
        Time is limited by them, pixels and bytes are not.

    Returns
    -------
    MediaInfo
        Whatever else is wrong with the file: pixels that are damaged or missing are not looked for.

    Raises
    ------
    MediaError
        For what is no known media file, or has no readable header.
    """
    notes = Notes()
    source = look_at(descriptor, path, notes)
    limits = replace(limits, max_image_bytes=UNLIMITED, max_film_bytes=UNLIMITED)
    if source.sniffed.kind == "film":
        from dmedia.media.films.description import describe_film

        return describe_film(source, replace(limits, max_page_pixels=UNLIMITED), notes)
    return _describe_picture(source, limits, notes)


def _describe_picture(source: OpenSource, limits: Limits, notes: Notes) -> MediaInfo:
    image_format = source.sniffed.format.removesuffix(" sequence")
    if image_format not in DECODED_AT_ONCE:
        limits = replace(limits, max_page_pixels=UNLIMITED, max_file_pixels=UNLIMITED)
    picture = _open(source, limits)
    traits, upright = picture.traits(), turned(Size(picture.width, picture.height), picture.orientation)
    if not all(0 < side <= LARGEST_COUNT for side in upright):
        raise MediaError("corrupt_input", f"Corrupt input: a picture of {upright} pixels", "open")
    stated = statements_of(traits)
    return MediaInfo(
        kind="image",
        format=cast("MediaFormat", image_format),
        width=upright.width,
        height=upright.height,
        size_bytes=source.size_bytes,
        frames=picture.frames if picture.frames <= LARGEST_COUNT else None,
        animated=picture.frames > 1 and image_format in ANIMATIONS,
        has_alpha=traits.has_alpha,
        bits=traits.bits,
        colour=traits.colour,
        icc_profile=legible(profile.name(traits.icc)) or UNNAMED if traits.icc else None,
        orientation=None if image_format in TURNED_BY_DECODER else picture.orientation,
        dpi=_resolution(traits),
        taken_at=stated.taken_at,
        camera=stated.camera,
        lens=stated.lens,
        artist=stated.artist,
        copyright=stated.copyright,
        has_gps=stated.has_gps,
        decoder=picture.decoder,
        warnings=tuple(filter(None, map(legible, (*notes.warnings, *picture.warnings)))),
    )


def _open(source: OpenSource, limits: Limits) -> Picture:
    """Open with the first decoder that can; where none can, the first one's reason counts."""
    refusal: MediaError | None = None
    for opener in decoders_for(source):
        try:
            return opener(source, limits)
        except MediaError as error:
            refusal = refusal or error
            if error.code != "unsupported_format":
                break
    assert refusal is not None, "every format has a decoder"
    raise refusal


def _resolution(traits: Traits) -> tuple[float, float] | None:
    """Take a resolution that is possible, rounded: files hold it as a fraction, or in pixels a metre."""
    if traits.dpi is None or not all(LEAST_DPI <= value <= LARGEST_DPI for value in traits.dpi):
        return None
    across, down = traits.dpi
    return round(across, 2), round(down, 2)
