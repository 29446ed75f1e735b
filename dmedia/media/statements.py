"""What a media file states about itself in words: made fit to be shown, whatever its bytes are.

Positions are looked for, and never read out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from dmedia.media import exif
from dmedia.media.exif import ARTIST, COPYRIGHT, EXIF_DIRECTORY, GPS_DIRECTORY, LENS, TAKEN
from dmedia.model.info import LONGEST_VALUE

if TYPE_CHECKING:
    from dmedia.media.decoders.picture import Traits
    from dmedia.media.exif import Directory

MAKER, MODEL, DIGITISED, TAKEN_OFFSET, DIGITISED_OFFSET = 0x010F, 0x0110, 0x9004, 0x9011, 0x9012
GPS_POSITION = frozenset({0x0002, 0x0004})
"""GPSLatitude and GPSLongitude: Exif 2.32, 4.6.6."""

XMP_POSITION = (b"GPSLatitude", b"GPSLongitude")

MOMENT = re.compile(r"(\d{4})[:-](\d\d)[:-](\d\d)[T ](\d\d:\d\d:\d\d)(?:\.\d+)?\s*(Z|[+-]\d\d:?\d\d)?", re.ASCII)
"""Date and time as EXIF, ISO 8601 and FFmpeg write them; offset where there is one."""

MOST_BYTES = 8 * LONGEST_VALUE
"""Of a text that are looked at: more than any `LONGEST_VALUE` characters take."""


@dataclass(frozen=True, slots=True)
class Statements:
    """What is stated; the attributes are those of ``MediaInfo``."""

    taken_at: str | None = None
    camera: str | None = None
    lens: str | None = None
    artist: str | None = None
    copyright: str | None = None
    has_gps: bool = False


def statements_of(traits: Traits) -> Statements:
    """Read what a picture states.

    Parameters
    ----------
    traits : Traits
        With its EXIF block and XMP packet as they are in the file.

    Returns
    -------
    Statements
        Nothing where they are damaged.
    """
    main, children = exif.read_exif(traits.exif)
    details = children.get(EXIF_DIRECTORY, {})
    owner = exif.only(main, {COPYRIGHT, ARTIST})
    owner = traits.owner | owner
    return Statements(
        _moment(details, TAKEN, TAKEN_OFFSET) or _moment(details, DIGITISED, DIGITISED_OFFSET),
        camera(_text(main, MAKER), _text(main, MODEL)),
        _text(details, LENS),
        _text(owner, ARTIST),
        _text(owner, COPYRIGHT),
        _has_position(children, traits.xmp),
    )


def has_position(block: bytes, packet: bytes) -> bool:
    """Tell whether a picture states where it was taken.

    Parameters
    ----------
    block : bytes
        EXIF.
    packet : bytes
        XMP.

    Returns
    -------
    bool
        Whether there is a latitude or a longitude in one of them, whatever it is.
    """
    return _has_position(exif.read_exif(block)[1], packet)


def legible(found: bytes | str | None) -> str | None:
    """Make a text of a file fit to be shown.

    Parameters
    ----------
    found : bytes, str or None
        Anything. Bytes are UTF-8, else Latin-1, up to the first NUL.

    Returns
    -------
    str or None
        On one line, of printable characters, at most `LONGEST_VALUE` of them; ``None`` where nothing is left.
    """
    text = _decoded(found.split(b"\0", 1)[0][:MOST_BYTES]) if isinstance(found, bytes) else found or ""
    shown = "".join(letter if letter.isprintable() else " " for letter in text[:MOST_BYTES])
    return " ".join(shown.split())[:LONGEST_VALUE].strip() or None


def moment(text: str | None) -> str | None:
    """Bring a date and time into ISO 8601.

    Parameters
    ----------
    text : str or None
        As EXIF, XMP or a film's container spells it.

    Returns
    -------
    str or None
        ``2024-05-06T07:08:09``, with an offset where one is stated; ``None`` for what is no moment: cameras whose clock
        was never set write zeros.
    """
    found = MOMENT.match(text or "")
    if found is None:
        return None
    year, month, day, clock, offset = found.groups()
    if offset and len(offset) == 5:
        offset = f"{offset[:3]}:{offset[3:]}"
    told = f"{year}-{month}-{day}T{clock}{offset or ''}"
    try:
        datetime.fromisoformat(told)
    except ValueError:
        return None
    return told


def camera(maker: str | None, model: str | None) -> str | None:
    """Name a camera: models of many makers begin with the maker's name."""
    if maker and model and model.lower().startswith(maker.split()[0].lower()):
        return model
    return legible(" ".join(filter(None, (maker, model))))


def _has_position(children: dict[int, Directory], packet: bytes) -> bool:
    stated = GPS_POSITION & children.get(GPS_DIRECTORY, {}).keys()
    return bool(stated) or any(word in packet for word in XMP_POSITION)


def _decoded(found: bytes) -> str:
    try:
        return found.decode("utf-8")
    except UnicodeDecodeError as error:
        if len(found) == MOST_BYTES and error.start > len(found) - 4:  # cut off in the middle of a character
            return found[: error.start].decode("utf-8")
        return found.decode("latin-1")


def _moment(directory: Directory, tag: int, offset: int) -> str | None:
    return moment(f"{_text(directory, tag) or ''}{_text(directory, offset) or ''}")


def _text(directory: Directory, tag: int) -> str | None:
    entry = directory.get(tag)
    return legible(entry.data) if entry else None
