"""Numbers of bytes as people write them: ``200k``, ``400M``, ``2GiB``."""

from __future__ import annotations

import re

FACTORS = {
    "": 1,
    "k": 10**3,
    "m": 10**6,
    "g": 10**9,
    "t": 10**12,
    "ki": 2**10,
    "mi": 2**20,
    "gi": 2**30,
    "ti": 2**40,
}
"""k, M, G and T are powers of 1000, Ki, Mi, Gi and Ti of 1024, as the SI and IEC 80000-13 have them."""

UNIT = "bytes"
"""Unit of a parameter whose values may be written so."""

_WRITTEN = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?i?)b?")


def parse_size(text: str) -> int:
    """Read a number with an optional suffix.

    Parameters
    ----------
    text : str
        ``400M``, ``2GiB``, ``1.5G``; case does not matter.

    Returns
    -------
    int
        Whole; 0 or more.

    Raises
    ------
    ValueError
        When the text is no such number.
    """
    match = _WRITTEN.fullmatch(text.strip().lower())
    if match is None or match[2] not in FACTORS:
        raise ValueError(f"{text!r} is no size; write for instance 400M or 2GiB")
    return int(float(match[1]) * FACTORS[match[2]])
