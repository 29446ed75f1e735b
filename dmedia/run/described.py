"""A slot's description of a media file, taken as data: every field within its range, every text short and printable."""

from __future__ import annotations

import re
from typing import cast

from dmedia.model import MediaInfo
from dmedia.model.info import LARGEST_COUNT, LONGEST_VALUE, ColourSpace, MediaFormat, MediaKind
from dmedia.run.fields import MOST_TEXTS, BreachError, Fields

LARGEST_RATE = 1e6
"""Of frames a second, and of pixels an inch."""

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)?", re.ASCII)


def media_info(found: Fields) -> MediaInfo:
    """Take a description.

    Parameters
    ----------
    found : Fields
        As a slot spells it.

    Returns
    -------
    MediaInfo
        Plain data; whether it is true nobody can tell from outside.

    Raises
    ------
    BreachError
        When a field is missing, of another type or out of its range.
    """
    return MediaInfo(
        kind=cast("MediaKind", found.choice("kind", MediaKind)),
        format=cast("MediaFormat", found.choice("format", MediaFormat)),
        width=found.integer("width", LARGEST_COUNT, 1),
        height=found.integer("height", LARGEST_COUNT, 1),
        size_bytes=found.integer("size_bytes"),
        frames=_count(found, "frames", 1),
        animated=_truth(found, "animated"),
        has_alpha=_truth(found, "has_alpha"),
        bits=_count(found, "bits", 1, 64),
        colour=cast("ColourSpace", found.choice("colour", ColourSpace)) if found.has("colour") else None,
        icc_profile=_text(found, "icc_profile"),
        orientation=_count(found, "orientation", 1, 8),
        dpi=_resolution(found),
        taken_at=_moment(found),
        camera=_text(found, "camera"),
        lens=_text(found, "lens"),
        artist=_text(found, "artist"),
        copyright=_text(found, "copyright"),
        has_gps=found.boolean("has_gps"),
        duration_s=found.number("duration_s") if found.has("duration_s") else None,
        frame_rate=_rate("frame_rate", found.number("frame_rate")) if found.has("frame_rate") else None,
        video_codec=_text(found, "video_codec"),
        audio_codec=_text(found, "audio_codec"),
        audio_channels=_count(found, "audio_channels", 0),
        rotation=_rotation(found),
        video_streams=_count(found, "video_streams", 0),
        audio_streams=_count(found, "audio_streams", 0),
        decoder=_text(found, "decoder") or "",
        warnings=tuple(_short("warnings", value) for value in found.items("warnings", MOST_TEXTS)),
    )


def _count(found: Fields, name: str, least: int, most: int = LARGEST_COUNT) -> int | None:
    return found.integer(name, most, least) if found.has(name) else None


def _rotation(found: Fields) -> int | None:
    degrees = _count(found, "rotation", 0, 270)
    if degrees is not None and degrees % 90:
        raise BreachError("rotation is no quarter turn")
    return degrees


def _truth(found: Fields, name: str) -> bool | None:
    return found.boolean(name) if found.has(name) else None


def _text(found: Fields, name: str) -> str | None:
    return (_short(name, found.text(name)) or None) if found.has(name) else None


def _short(name: str, value: object) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_VALUE or not value.isprintable():
        raise BreachError(f"{name} is no printable text of at most {LONGEST_VALUE} characters")
    return value


def _moment(found: Fields) -> str | None:
    text = _text(found, "taken_at")
    if text is not None and not MOMENT.fullmatch(text):
        raise BreachError("taken_at is no moment")
    return text


def _resolution(found: Fields) -> tuple[float, float] | None:
    if not found.has("dpi"):
        return None
    values = found.items("dpi", 2)
    if len(values) != 2:
        raise BreachError("dpi is no pair")
    across, down = (Fields({"dpi": value}).number("dpi") for value in values)
    return _rate("dpi", across), _rate("dpi", down)


def _rate(name: str, value: float) -> float:
    if not 0 < value <= LARGEST_RATE:
        raise BreachError(f"{name} is out of its range")
    return value
