"""Cameras' RAW files, made on the spot."""

from __future__ import annotations

import struct


def dng(width: int = 64, height: int = 48, orientation: int = 1, artist: str = "") -> bytes:
    """Make an uncompressed 16-bit Bayer DNG (Adobe DNG 1.6; TIFF 6.0)."""
    data = struct.pack("<H", 12_000) * (width * height)
    matrix = [(round(value * 10_000), 10_000) for value in (0.8, -0.2, -0.1, -0.4, 1.2, 0.2, -0.1, 0.2, 0.7)]
    rows: list[tuple[int, int, int, bytes]] = [
        (254, 4, 1, struct.pack("<I", 0)), (256, 4, 1, struct.pack("<I", width)),
        (257, 4, 1, struct.pack("<I", height)),
        (258, 3, 1, struct.pack("<H", 16)), (259, 3, 1, struct.pack("<H", 1)), (262, 3, 1, struct.pack("<H", 32803)),
        (271, 2, 5, b"Test\0"), (272, 2, 5, b"Test\0"), (273, 4, 1, b"DATA"),
        (274, 3, 1, struct.pack("<H", orientation)),
        (277, 3, 1, struct.pack("<H", 1)), (278, 4, 1, struct.pack("<I", height)),
        (279, 4, 1, struct.pack("<I", len(data))),
        (33421, 3, 2, struct.pack("<HH", 2, 2)), (33422, 1, 4, bytes([0, 1, 1, 2])), (50706, 1, 4, bytes([1, 4, 0, 0])),
        (50708, 2, 5, b"Test\0"), (50717, 4, 1, struct.pack("<I", 65535)),
        (50721, 10, 9, b"".join(struct.pack("<ii", *value) for value in matrix)),
        (50728, 5, 3, struct.pack("<6I", 1, 2, 1, 1, 1, 2)), (50778, 3, 1, struct.pack("<H", 21)),
    ]  # fmt: skip
    if artist:
        rows = sorted([*rows, (315, 2, len(artist.encode()) + 1, artist.encode() + b"\0")])
    extra_at = 8 + 2 + 12 * len(rows) + 4
    extra = b"".join(value for _, _, _, value in rows if len(value) > 4)
    data_at = extra_at + len(extra)
    table, at = struct.pack("<H", len(rows)), extra_at
    for tag, kind, count, value in rows:
        if len(value) > 4:
            table += struct.pack("<HHII", tag, kind, count, at)
            at += len(value)
        else:
            content = struct.pack("<I", data_at) if value == b"DATA" else value.ljust(4, b"\0")
            table += struct.pack("<HHI", tag, kind, count) + content
    return b"II*\0" + struct.pack("<I", 8) + table + bytes(4) + extra + data
