from __future__ import annotations

import io
import os
import struct
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dmedia.media import itemboxes
from dmedia.media.chunks import png_chunk
from dmedia.media.code_points import PRIMARIES, Colours, Primaries, colours_of, make_profile
from dmedia.media.profile import is_srgb
from dmedia.model import FileResult
from tests.corpus import CORPUS, needs_corpus
from tests.media.colour_difference import Array, chart, mean_difference
from tests.media.conftest import Processing
from tests.media.containers import NAMES, contained
from tests.media.profiles import PRIMARIES as REGISTERED
from tests.media.profiles import PROFILES, power, samples_of, seen
from tests.media_making import encoded, matrix_profile, work

CHART = Image.fromarray(chart())

P3, ADOBE, BT_2020 = PROFILES["Display P3"], PROFILES["Adobe RGB"], matrix_profile(REGISTERED["BT.2020"])
SRGB_XY = (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
ADOBE_XY = (0.3127, 0.3290, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06)


def stored(result: FileResult) -> Array:
    assert result.failure is None, result.failure
    return samples_of(os.fsdecode(result.outputs[0].path))


def png(*chunks: tuple[bytes, bytes], image: Image.Image = CHART, **options: Any) -> bytes:
    content = encoded(image, "PNG", **options)
    return content[:33] + b"".join(png_chunk(*chunk) for chunk in chunks) + content[33:]


def gamma(value: float) -> tuple[bytes, bytes]:
    return b"gAMA", struct.pack(">I", round(value * 100_000))


def primaries(values: tuple[float, ...]) -> tuple[bytes, bytes]:
    return b"cHRM", struct.pack(">8I", *(round(value * 100_000) for value in values))


def points(first: int, second: int) -> tuple[bytes, bytes]:
    return b"cICP", bytes([first, second, 0, 1])


LINEAR = matrix_profile(((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141)), power(1.0))


@pytest.mark.parametrize(
    ("content", "profile"),
    [
        (png(points(12, 13)), P3), (png(points(9, 14)), BT_2020), (png(points(12, 13), icc_profile=ADOBE), P3),
        (png(gamma(1.0)), LINEAR), (png(gamma(256 / 563), primaries(ADOBE_XY)), ADOBE),
        (png(gamma(1.0), icc_profile=ADOBE), ADOBE), (png(gamma(1.0), points(12, 13)), P3),
    ],
    ids=["cICP", "cICP of video", "cICP before iCCP", "gAMA", "gAMA and cHRM", "iCCP before gAMA", "cICP before gAMA"],
)  # fmt: skip
def test_a_png_comes_out_srgb_from_whatever_states_its_colours(
    processed: Processing, content: bytes, profile: bytes
) -> None:
    result = processed(content, "convert", name="i.png", out="o.png", format="png")
    assert mean_difference(stored(result), seen(CHART, profile)) < 0.1
    assert mean_difference(stored(result), chart()) > 1


@pytest.mark.parametrize(
    "content",
    [
        png((b"sRGB", b"\0")), png((b"sRGB", b"\0"), gamma(1.0)), png(points(1, 13)), png(points(2, 2)),
        png(points(1, 13), icc_profile=ADOBE), png(gamma(0.45455)), png(gamma(0.45), primaries(SRGB_XY)),
        png(primaries((0.31269, 0.32899, 0.63999, 0.33001, 0.3, 0.6, 0.15, 0.05999))),
    ],
)  # fmt: skip
def test_a_png_that_states_srgb_in_any_way_is_not_touched(processed: Processing, content: bytes) -> None:
    assert (stored(processed(content, "convert", name="i.png", out="o.png", format="png")) == chart()).all()


@pytest.mark.parametrize(
    "chunk",
    [
        gamma(0), gamma(9999), (b"gAMA", b"\1"), (b"cHRM", bytes(32)), (b"cHRM", b"\xff" * 32), (b"cHRM", b"short"),
        primaries((0.9, 0.05, *ADOBE_XY[2:])), (b"cICP", b"\x0c"), points(99, 99),
    ],
)  # fmt: skip
def test_statements_that_cannot_be_are_passed_over(processed: Processing, chunk: tuple[bytes, bytes]) -> None:
    result = processed(png(chunk), "convert", name="i.png", out="o.png", format="png")
    assert (stored(result) == chart()).all()


def test_a_grey_png_follows_its_gamma_and_stays_grey(processed: Processing) -> None:
    ramp = Image.linear_gradient("L")
    for mode in ("L", "LA"):
        image = ramp if mode == "L" else Image.merge("LA", (ramp, Image.new("L", ramp.size, 99)))
        result = processed(png(gamma(1.0), image=image), "convert", name="i.png", out="o.png", format="png")
        with Image.open(os.fsdecode(result.outputs[0].path)) as out:
            assert out.mode == mode
            light = np.asarray(ramp) / 255
            wanted = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055) * 255
            assert np.abs(np.asarray(out.getchannel(0)) - wanted)[40:].max() < 2


def relabelled(container: str, first: int, second: int, image: Image.Image = CHART) -> bytes:
    """Let an AVIF or HEIC name its colours by other code points than those of sRGB."""
    content = contained(image, container)
    at = content.index(b"nclx") + 4
    return content[:at] + struct.pack(">HH", first, second) + content[at + 4 :]


@pytest.mark.parametrize("container", ["AVIF", "HEIF"])
@pytest.mark.parametrize(("pair", "profile"), [((12, 13), P3), ((9, 14), BT_2020), ((9, 13), BT_2020)])
@pytest.mark.parametrize("icc", ["srgb", "keep"])
def test_code_points_are_converted_and_not_relabelled(
    processed: Processing, container: str, pair: tuple[int, int], profile: bytes, icc: str
) -> None:
    source = relabelled(container, *pair)
    result = processed(source, "convert", name=NAMES[container], out="o.png", format="png", icc=icc)
    wanted = seen(CHART, profile)
    if icc == "srgb":
        assert mean_difference(stored(result), wanted) < 0.5
    else:
        with Image.open(os.fsdecode(result.outputs[0].path)) as kept:
            assert mean_difference(kept, chart()) < 0.5
            assert mean_difference(seen(kept, kept.info["icc_profile"]), wanted) < 0.5


@pytest.mark.parametrize("container", ["AVIF", "HEIF"])
@pytest.mark.parametrize("pair", [(1, 13), (2, 2), (1, 1)])
def test_code_points_of_srgb_and_of_nothing_change_nothing(
    processed: Processing, container: str, pair: tuple[int, int]
) -> None:
    result = processed(relabelled(container, *pair), "convert", name=NAMES[container], out="o.png", format="png")
    assert mean_difference(stored(result), chart()) < 0.5
    assert Image.open(os.fsdecode(result.outputs[0].path)).info.get("icc_profile") is None


@pytest.mark.parametrize("container", ["AVIF", "HEIF"])
def test_a_profile_counts_more_than_code_points(processed: Processing, container: str) -> None:
    content = contained(CHART, container, icc_profile=ADOBE)
    if b"nclx" in content:
        at = content.index(b"nclx") + 4
        content = content[:at] + struct.pack(">HH", 9, 16) + content[at + 4 :]
    result = processed(content, "convert", name=NAMES[container], out="o.png", format="png")
    assert mean_difference(stored(result), seen(CHART, ADOBE)) < 0.5
    assert result.warnings == ()


@pytest.mark.parametrize(("transfer", "white"), [(16, 0.5807), (18, 0.75)])
def test_high_dynamic_range_has_its_white_where_pages_have_it_and_is_told(
    processed: Processing, transfer: int, white: float
) -> None:
    levels = (0, white * 0.7, white, 1.0)
    image = Image.new("RGB", (64, 16))
    for number, level in enumerate(levels):
        image.paste((round(level * 255),) * 3, (number * 16, 0, number * 16 + 16, 16))
    result = processed(png(points(9, transfer), image=image), "convert", name="i.png", out="o.png", format="png")
    black, middle, page, highlight = (int(stored(result)[8, 16 * number + 8, 1]) for number in range(4))
    assert black <= 2
    assert 60 < middle < 200
    assert page >= 252
    assert highlight == 255
    assert "high dynamic range" in result.warnings[0]


def camera_jpeg(index: bytes) -> bytes:
    """Make a JPEG as cameras do: its EXIF names an interoperability rule, and there is no profile."""
    block = Image.Exif()
    block[0x0112] = 1
    inner = block.get_ifd(0x8769)
    inner[0xA001] = 0xFFFF
    inner[0xA005] = {1: index.decode(), 2: b"0100"}
    return contained(CHART, "JPEG", exif=block.tobytes())


def test_a_camera_that_was_set_to_adobe_rgb_is_believed(processed: Processing) -> None:
    assert b"R03\0" in camera_jpeg(b"R03")
    adobe = processed(camera_jpeg(b"R03"), "convert", out="o.png", format="png")
    assert mean_difference(stored(adobe), seen(CHART, ADOBE)) < 0.5
    small = processed(camera_jpeg(b"R03"), "resize", out="o.png", format="png", width=90)  # decoded at a smaller scale
    assert mean_difference(stored(small), Image.fromarray(seen(CHART, ADOBE)).resize((90, 120), 1)) < 2
    plain = processed(camera_jpeg(b"R98"), "convert", out="o.png", format="png")
    assert mean_difference(stored(plain), chart()) < 0.5
    tagged = contained(CHART, "JPEG", exif=Image.open(io.BytesIO(camera_jpeg(b"R03"))).info["exif"], icc_profile=P3)
    assert mean_difference(stored(processed(tagged, "convert", out="o.png", format="png")), seen(CHART, P3)) < 0.5


def test_an_original_that_is_smaller_is_not_kept_where_its_colours_would_get_lost(processed: Processing) -> None:
    result = processed(camera_jpeg(b"R03"), "compress", quality=100, icc="keep")  # larger than the original
    with Image.open(os.fsdecode(result.outputs[0].path)) as kept:
        assert mean_difference(seen(kept.convert("RGB"), kept.info["icc_profile"]), seen(CHART, ADOBE)) < 1
    assert "original kept: it is smaller" in processed(camera_jpeg(b"R98"), "compress", quality=100).warnings


def test_profiles_of_code_points_are_those_of_the_registry() -> None:
    for number, name in ((12, "Display P3"), (9, "BT.2020")):
        made = make_profile(colours_of(number, 13))
        assert mean_difference(seen(CHART, made), seen(CHART, matrix_profile(REGISTERED[name]))) < 0.05
    assert is_srgb(make_profile(Colours(PRIMARIES[1])))
    for number in PRIMARIES:
        assert (
            mean_difference(seen(Image.new("RGB", (1, 1), "white"), make_profile(colours_of(number, 8))), [[[255] * 3]])
            < 0.5
        )
    line = Primaries((0.1, 0.1), (0.2, 0.2), (0.3, 0.3), (0.3127, 0.3290))
    with pytest.raises((ValueError, ZeroDivisionError)):
        make_profile(Colours(line))


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5, 0.9, 1.0])
def test_code_points_of_a_damaged_avif_are_none_or_what_they_were(tmp_path: Any, share: float) -> None:
    whole = relabelled("AVIF", 12, 13)
    meta = whole[: whole.index(b"mdat")]
    for damaged in (whole[: int(len(meta) * share)], meta[: int(len(meta) * share)] + bytes(200)):
        (tmp_path / "a.avif").write_bytes(damaged)
        descriptor = os.open(tmp_path / "a.avif", os.O_RDONLY)
        try:
            assert itemboxes.code_points(descriptor) in {None, (12, 13)}
        finally:
            os.close(descriptor)


@needs_corpus
def test_linear_light_of_a_real_png_looks_like_its_sibling_in_srgb(tmp_path: Any) -> None:
    made = {}
    for name in ("test_16-bpp.png", "test_16-bpp-linear.png"):
        result = work(os.fsencode(CORPUS / "images" / name), bytes(tmp_path / name), "resize", width=100)
        made[name] = stored(result)
    assert mean_difference(*made.values()) < 1
