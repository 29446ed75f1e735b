"""The font that comes with the installation: where it is, and which characters it has."""

from __future__ import annotations

import os
import struct
import unicodedata
from bisect import bisect_right
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "fonts"
FONT_FILE = FOLDER / "DejaVuSans.ttf"
FAMILY = "DejaVu Sans"

LINE_HEIGHT = 1.164
"""Height of a line in em: ascender 1901 and descender 483 of 2048 units (``hhea`` table of the font file)."""

FULL_UNICODE = (3, 10)
"""Platform and encoding of a character map beyond the Basic Multilingual Plane (OpenType, ``cmap``)."""

INVISIBLE = {"Cc", "Cf", "Zs", "Zl", "Zp"}
"""General categories of characters that need no glyph: controls, format characters and separators."""


def use_only_shipped_font() -> None:
    """Point fontconfig to a configuration without system fonts, unless the environment names one.

    Takes effect when it is called before a process draws its first text.
    """
    os.environ.setdefault("FONTCONFIG_FILE", str(FOLDER / "fonts.conf"))


def missing_characters(text: str) -> str:
    """Tell which characters of a text the font has no glyph for.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str
        Each missing character once, in the order of appearance.
    """
    starts, ends = character_ranges()
    missing = dict.fromkeys(
        character
        for character in text
        if unicodedata.category(character) not in INVISIBLE
        and not _is_variation_selector(character)
        and ord(character) > ends[bisect_right(starts, ord(character)) - 1]
    )
    return "".join(missing)


@cache
def character_ranges() -> tuple[list[int], list[int]]:
    """Read which code points the font has glyphs for.

    Returns
    -------
    tuple of two lists of int
        First and last code point of each range, ascending (OpenType specification, ``cmap`` format 12). The
        first range is empty and begins at 0, so that every code point lies behind the start of one.
    """
    font = FONT_FILE.read_bytes()
    (table_count,) = struct.unpack_from(">H", font, 4)
    tables = {
        font[at : at + 4]: struct.unpack_from(">I", font, at + 8)[0] for at in range(12, 12 + 16 * table_count, 16)
    }
    cmap = tables[b"cmap"]
    (map_count,) = struct.unpack_from(">H", font, cmap + 2)
    records = (struct.unpack_from(">HHI", font, cmap + 4 + 8 * i) for i in range(map_count))
    offset = next(cmap + at for platform, encoding, at in records if (platform, encoding) == FULL_UNICODE)
    (group_count,) = struct.unpack_from(">I", font, offset + 12)
    starts, ends = [0], [-1]
    for start, end, _glyph in struct.iter_unpack(">III", font[offset + 16 : offset + 16 + 12 * group_count]):
        starts.append(start)
        ends.append(end)
    return starts, ends


def _is_variation_selector(character: str) -> bool:
    return "\ufe00" <= character <= "\ufe0f"
