from __future__ import annotations

import struct

import pytest

from dmedia.media.libvips import pyvips
from dmedia.media.profile import SRGB_PRIMARIES, describes, is_srgb
from tests.media_making import matrix_profile, srgb_profile

PRIMARIES = tuple(SRGB_PRIMARIES.values())


def sampled(values: list[int]) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(f">I{len(values)}H", len(values), *values)


def srgb_samples(count: int) -> list[int]:
    xs = (step / (count - 1) for step in range(count))
    return [round(65535 * (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4)) for x in xs]


def parametric(kind: int, *values: float) -> bytes:
    return b"para\0\0\0\0" + struct.pack(f">HH{len(values)}i", kind, 0, *(round(value * 65536) for value in values))


def test_profiles_of_srgb_are_srgb_whoever_made_them() -> None:
    assert is_srgb(srgb_profile())
    assert is_srgb(pyvips.Image.profile_load("srgb"))
    assert is_srgb(matrix_profile(PRIMARIES))
    assert is_srgb(matrix_profile(PRIMARIES, sampled(srgb_samples(1024))))
    assert is_srgb(matrix_profile(PRIMARIES, parametric(4, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045, 0, 0)))


def test_other_primaries_and_other_curves_are_not_srgb() -> None:
    assert not is_srgb(matrix_profile())
    assert not is_srgb(pyvips.Image.profile_load("p3"))
    assert not is_srgb(pyvips.Image.profile_load("cmyk"))
    for curve in (
        sampled([]),
        sampled([round(2.2 * 256)]),
        parametric(0, 1.8),
        parametric(1, 2.4, 1, 0),
        parametric(2, 2, 1, 0, 0.1),
    ):
        assert not is_srgb(matrix_profile(PRIMARIES, curve))


def test_grey_of_gamma_2_2_is_shown_as_srgb_and_linear_grey_is_not() -> None:
    assert is_srgb(matrix_profile(curve=sampled([round(2.2 * 256)]), space=b"GRAY"))
    assert not is_srgb(matrix_profile(curve=sampled([]), space=b"GRAY"))


@pytest.mark.parametrize("damage", [b"", b"not a profile", b"\xff" * 500, matrix_profile(PRIMARIES)[:200]])
def test_a_damaged_profile_is_not_srgb(damage: bytes) -> None:
    assert not is_srgb(damage)


def test_a_profile_describes_pixels_of_its_own_colours_only() -> None:
    assert describes(matrix_profile(), "RGB")
    assert describes(matrix_profile(space=b"GRAY"), "GRAY")
    assert not describes(matrix_profile(), "GRAY")
    assert not describes(matrix_profile()[:200], "RGB")
    assert not describes(b"short", "RGB")
    assert not describes(matrix_profile().replace(b"rTRC", b"xTRC"), "RGB")
