"""Damage to a file, the same for the same number: what disks, networks and people who mean harm do to files."""

from __future__ import annotations

import random
import struct
import zlib

from tests.hostile.bombs import find_all

HEAD_BYTES = 512
"""Where most of what a decoder believes is."""

NUMBERS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
"""What lengths and counts overflow at."""

PNG = b"\x89PNG\r\n\x1a\n"


def mutate(seed: bytes, name: str, number: int) -> bytes:
    """Damage a file.

    Parameters
    ----------
    seed : bytes
        A good file.
    name : str
        Its name.
    number : int
        Which damage.

    Returns
    -------
    bytes
        Something else, at least one byte.
    """
    chance = random.Random(f"{name}/{number}")
    data = bytearray(seed)
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        KINDS[chance.randrange(len(KINDS))](data, chance)
        if not data:
            data += seed[:1]
    if data.startswith(PNG) and chance.random() < 0.7:
        repair_png(data)
    return bytes(data)


def place_in(data: bytearray, chance: random.Random) -> int:
    """Choose a place: half of the time in the header."""
    return chance.randrange(min(HEAD_BYTES, len(data)) if chance.random() < 0.5 else len(data))


def length_in(data: bytearray, chance: random.Random) -> int:
    """Choose a length: mostly short."""
    return min(len(data), int(2 ** chance.uniform(0, 12)))


def flip_bits(data: bytearray, chance: random.Random) -> None:
    for _ in range(int(2 ** chance.uniform(0, 6))):
        data[place_in(data, chance)] ^= 1 << chance.randrange(8)


def overwrite_number(data: bytearray, chance: random.Random) -> None:
    form = chance.choice(("B", ">H", "<H", ">I", "<I", ">Q"))
    size = struct.calcsize(form)
    if len(data) > size:
        at = min(place_in(data, chance), len(data) - size)
        value = chance.choice(NUMBERS) if chance.random() < 0.7 else chance.randrange(0, 70_000)
        struct.pack_into(form, data, at, value & (256**size - 1))


def truncate(data: bytearray, chance: random.Random) -> None:
    del data[chance.randrange(1, max(2, len(data))) :]


def splice(data: bytearray, chance: random.Random) -> None:
    length = length_in(data, chance)
    from_, to = place_in(data, chance), place_in(data, chance)
    data[to : to + length] = data[from_ : from_ + length]


def duplicate(data: bytearray, chance: random.Random) -> None:
    length = length_in(data, chance)
    at = place_in(data, chance)
    data[at:at] = bytes(data[at : at + length]) * chance.choice((1, 1, 2, 50))


def remove(data: bytearray, chance: random.Random) -> None:
    at = place_in(data, chance)
    del data[at : at + length_in(data, chance)]


def blank(data: bytearray, chance: random.Random) -> None:
    at, length = place_in(data, chance), length_in(data, chance)
    length = min(length, len(data) - at)
    data[at : at + length] = chance.choice((b"\0", b"\xff", b"A")) * length


def noise(data: bytearray, chance: random.Random) -> None:
    at, length = place_in(data, chance), length_in(data, chance)
    length = min(length, len(data) - at)
    data[at : at + length] = chance.randbytes(length)


KINDS = (flip_bits, flip_bits, overwrite_number, overwrite_number, truncate, splice, duplicate, remove, blank, noise)
"""All kinds of damage; the ones that reach deepest twice."""


def repair_png(data: bytearray) -> None:
    """Make the checksums of chunks right again, so that damage is met by more than a checksum."""
    for name in (b"IHDR", b"PLTE", b"IDAT", b"acTL", b"fcTL", b"fdAT", b"tRNS", b"eXIf", b"iCCP", b"pHYs", b"IEND"):
        for at in find_all(bytes(data), name):
            length = struct.unpack_from(">I", data, at - 4)[0] if at >= 4 else 0
            if at + 4 + length + 4 <= len(data):
                struct.pack_into(">I", data, at + 4 + length, zlib.crc32(data[at : at + 4 + length]))
