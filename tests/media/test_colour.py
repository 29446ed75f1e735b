from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dmedia.media.libvips import pyvips
from dmedia.model import FileResult
from tests.command import Dmedia
from tests.media.colour_difference import Array, chart, lab_of, mean_difference
from tests.media.conftest import Processing
from tests.media.containers import NAMES, TARGETS, contained, plain_tiff, psd
from tests.media.profiles import GREY_PROFILES, PROFILES, cmyk_profile, samples_of, seen
from tests.media_making import encoded

CHART = Image.fromarray(chart())
LIMIT = {"png": 0.5, "tiff": 0.5}
"""Mean CIEDE2000 that a rendition may lie from the second engine's colours: 2, and less where nothing is lost."""

RGB_FORMATS = ["jpg", "png", "tiff", "webp", "avif", "gif"]


def stored(result: FileResult) -> Array:
    assert result.failure is None, result.failure
    return samples_of(os.fsdecode(result.outputs[0].path))


def profile_in(result: FileResult) -> bytes | None:
    assert result.failure is None, result.failure
    with Image.open(os.fsdecode(result.outputs[0].path)) as image:
        return image.info.get("icc_profile")


def fine(target: str) -> dict[str, Any]:
    return {"format": target, "quality": 95 if target in {"jpg", "webp", "avif"} else None, "effort": 1}


@pytest.mark.parametrize("target", RGB_FORMATS)
@pytest.mark.parametrize("container", NAMES)
@pytest.mark.parametrize("space", PROFILES)
def test_colours_of_other_spaces_come_out_srgb(processed: Processing, space: str, container: str, target: str) -> None:
    source = contained(CHART, container, icc_profile=PROFILES[space])
    result = processed(source, "convert", name=NAMES[container], out=TARGETS[target], **fine(target))
    assert mean_difference(stored(result), seen(CHART, PROFILES[space])) < LIMIT.get(target, 2)
    assert result.warnings == ()


@pytest.mark.parametrize("target", ["jpg", "png", "tiff", "webp", "avif"])
@pytest.mark.parametrize("container", NAMES)
def test_colours_stay_in_their_profile_when_that_is_asked_for(
    processed: Processing, container: str, target: str
) -> None:
    profile = PROFILES["ProPhoto RGB"]
    source = contained(CHART, container, icc_profile=profile)
    result = processed(source, "convert", name=NAMES[container], out=TARGETS[target], icc="keep", **fine(target))
    assert profile_in(result) == profile
    assert mean_difference(stored(result), chart()) < 2


def test_what_holds_no_profile_gets_srgb_although_keep_is_asked_for_and_that_is_told(processed: Processing) -> None:
    profile = PROFILES["Adobe RGB"]
    result = processed(
        contained(CHART, "PNG", icc_profile=profile), "convert", name="i.png", out="o.gif", format="gif", icc="keep"
    )
    assert mean_difference(stored(result), seen(CHART, profile)) < 2
    assert "converted to sRGB" in result.warnings[0]


def deep(bands: int, profile: bytes, saver: str) -> bytes:
    wide = chart()[..., :bands].astype("uint16") * 257
    image = pyvips.Image.new_from_memory(wide.tobytes(), wide.shape[1], wide.shape[0], bands, "ushort")
    image = image.copy(interpretation={1: "grey16", 3: "rgb16"}[bands])
    image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    return bytes(getattr(image, saver)())


@pytest.mark.parametrize("icc", ["srgb", "keep"])
@pytest.mark.parametrize("target", ["jpg", "png", "tiff", "webp", "avif"])
@pytest.mark.parametrize(("name", "saver"), [("i.png", "pngsave_buffer"), ("i.tif", "tiffsave_buffer")])
@pytest.mark.parametrize("space", PROFILES)
def test_16_bits_in_other_spaces_keep_depth_and_colours(
    processed: Processing, space: str, name: str, saver: str, target: str, icc: str
) -> None:
    source = deep(3, PROFILES[space], saver)
    result = processed(source, "convert", name=name, out=TARGETS[target], icc=icc, **fine(target))
    wanted = seen(CHART, PROFILES[space]) if icc == "srgb" else chart()
    assert mean_difference(stored(result), wanted) < LIMIT.get(target, 2)
    written = pyvips.Image.new_from_file(os.fsdecode(result.outputs[0].path))
    assert written.format == ("ushort" if target in {"png", "tiff", "avif"} else "uchar")


INKED = np.moveaxis(np.stack([chart()[..., 0], chart()[..., 1], chart()[..., 2], np.roll(chart()[..., 0], 40)]), 0, -1)
CMYK = Image.frombytes("CMYK", CHART.size, INKED.tobytes())


@pytest.mark.parametrize("container", ["JPEG", "TIFF", "PSD", "TIFF of 16 bits"])
@pytest.mark.parametrize("has_profile", [True, False])
@pytest.mark.parametrize("target", ["jpg", "png", "avif"])
def test_cmyk_comes_out_srgb(processed: Processing, container: str, has_profile: bool, target: str) -> None:
    profile = cmyk_profile() if has_profile else bytes(pyvips.Image.profile_load("cmyk"))
    tagged: dict[str, Any] = {"icc_profile": profile} if has_profile else {}
    if container == "PSD":
        source, name = psd(255 - INKED, 4, profile if has_profile else b""), "i.psd"  # 0 is all of an ink there
    elif container == "TIFF of 16 bits":
        source, name = deep_cmyk(profile if has_profile else b""), "i.tif"
    else:
        source, name = contained(CMYK, container, **tagged), NAMES[container]  # Pillow inverts JPEG's as Adobe does
    result = processed(source, "convert", name=name, out=TARGETS[target], **fine(target))
    assert stored(result).shape[2] == 3
    assert mean_difference(stored(result), seen(CMYK, profile)) < LIMIT.get(target, 2)
    assert result.warnings == ()
    kept = processed(source, "convert", name=name, out=TARGETS[target], icc="keep", **fine(target))
    assert (stored(kept) == stored(result)).all()
    assert "CMYK was converted" in kept.warnings[0]


def deep_cmyk(profile: bytes) -> bytes:
    wide = INKED.astype("uint16") * 257
    image = pyvips.Image.new_from_memory(wide.tobytes(), wide.shape[1], wide.shape[0], 4, "ushort")
    image = image.copy(interpretation="cmyk")
    if profile:
        image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    return bytes(image.tiffsave_buffer())


LAB = lab_of(chart())
SIGNED = LAB * (2.55, 1, 1)
UNSIGNED = np.add(SIGNED, (0, 128, 128))
SIGNED_16 = np.rint(LAB * (655.35, 256, 256)).astype("int32").astype("uint16")


@pytest.mark.parametrize(
    ("content", "name", "sample"),
    [
        (plain_tiff(np.rint(SIGNED).astype("int16").astype("uint8"), 8), "i.tif", "uchar"),
        (plain_tiff(SIGNED_16, 8), "i.tif", "ushort"),
        (plain_tiff(SIGNED_16, 8, order=">"), "i.tif", "ushort"),
        (plain_tiff(np.rint(UNSIGNED).astype("uint8"), 9), "i.tif", "uchar"),
        (plain_tiff(np.rint(UNSIGNED * 256).astype("uint16"), 9), "i.tif", "ushort"),
        (psd(np.rint(UNSIGNED).astype("uint8"), 9), "i.psd", "uchar"),
    ],
    ids=["CIE Lab", "CIE Lab of 16 bits", "CIE Lab of 16 bits, big-endian", "ICC Lab", "ICC Lab of 16 bits", "PSD"],
)  # fmt: skip
def test_lab_comes_out_srgb_of_the_same_depth(processed: Processing, content: bytes, name: str, sample: str) -> None:
    result = processed(content, "convert", name=name, out="o.png", format="png")
    assert mean_difference(stored(result), chart()) < 0.5
    assert pyvips.Image.new_from_file(os.fsdecode(result.outputs[0].path)).format == sample
    small = processed(content, "resize", name=name, format="jpg", width=96, quality=95)
    assert mean_difference(stored(small), CHART.resize((96, 128), Image.Resampling.LANCZOS)) < 2


@pytest.mark.parametrize("target", ["jpg", "png", "tiff", "webp", "avif", "gif"])
@pytest.mark.parametrize("mode", ["L", "LA"])
@pytest.mark.parametrize("container", ["PNG", "TIFF"])
@pytest.mark.parametrize("curve", GREY_PROFILES)
def test_grey_in_a_profile_comes_out_srgb_whatever_is_asked_for_where_it_cannot_stay(
    processed: Processing, curve: str, container: str, mode: str, target: str
) -> None:
    ramp = Image.linear_gradient("L")
    image = ramp if mode == "L" else Image.merge("LA", (ramp, Image.new("L", ramp.size, 255)))
    source = contained(image, container, icc_profile=GREY_PROFILES[curve])
    as_srgb = seen(ramp, GREY_PROFILES[curve])[..., :1].astype("int16")
    arguments = {"name": NAMES[container], "out": TARGETS[target], **fine(target)}
    for icc in ("srgb", "keep"):
        result = processed(source, "convert", icc=icc, **arguments)
        stays = icc == "keep" and target in {"jpg", "png", "tiff"}
        wanted = np.asarray(ramp, "int16")[..., None] if stays else as_srgb
        assert np.abs(stored(result) - wanted).max() <= 4, icc
        assert profile_in(result) == (GREY_PROFILES[curve] if stays else None), icc
        assert stored(result).shape[2] == (1 if target in {"jpg", "png", "tiff"} else 3)


def test_colour_on_a_grey_picture_in_a_profile_of_its_own_makes_it_srgb(processed: Processing) -> None:
    source = contained(Image.new("L", (400, 300), 55), "PNG", icc_profile=GREY_PROFILES["linear"])
    arguments: dict[str, Any] = {"name": "i.png", "out": "o.png", "icc": "keep"}
    marked = processed(source, "watermark", text="x", size=5, color="red", **arguments)
    padded = processed(source, "resize", width=400, height=400, fit="contain", background="red", **arguments)
    for result in (marked, padded):
        assert tuple(stored(result)[150, 5]) == (128, 128, 128)
        assert profile_in(result) is None
    assert tuple(stored(padded)[5, 5]) == (255, 0, 0)


@pytest.mark.parametrize("bits", [1, 8, 16])
@pytest.mark.parametrize("photometric", [0, 1])
def test_white_is_white_whichever_number_it_has(processed: Processing, photometric: int, bits: int) -> None:
    upper, lower = (0, 1) if photometric == 0 else (1, 0)  # white above black
    levels = np.repeat(np.array([upper] * 8 + [lower] * 8), 16).reshape(16, 16, 1)
    if bits == 1:
        image = Image.fromarray((levels[..., 0] > 0) if photometric else (levels[..., 0] == 0))
        source = encoded(image, "TIFF", compression="group4" if photometric == 0 else None)
    else:
        source = plain_tiff((levels * (2**bits - 1)).astype(f"uint{bits}"), photometric)
    out = stored(processed(source, "convert", name="i.tif", out="o.png", format="png"))
    assert (out[2, 2, 0], out[13, 2, 0]) == (255, 0)


def luma_chroma(rgb: Array) -> Array:
    """Separate luma from chroma as JPEG does (ITU-T T.871, 7)."""
    red, green, blue = np.moveaxis(rgb.astype("float64"), -1, 0)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    parts = [luma, (blue - luma) / 1.772 + 128, (red - luma) / 1.402 + 128]
    rounded: Array = np.clip(np.rint(np.stack(parts, -1)), 0, 255).astype("uint8")
    return rounded


def test_plain_ycbcr_in_a_tiff_is_not_taken_for_rgb(processed: Processing) -> None:
    sources = [
        plain_tiff(luma_chroma(chart()), 6), encoded(CHART.convert("YCbCr"), "TIFF", compression="tiff_lzw"),
        encoded(CHART, "TIFF", compression="jpeg", quality=95),
    ]  # fmt: skip
    for source in sources:
        out = stored(processed(source, "convert", name="i.tif", out="o.png", format="png"))
        assert mean_difference(out, chart()) < 1


def test_the_command_converts_colours_in_its_slots(dmedia: Dmedia, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for container in ("JPEG", "PNG", "TIFF", "WEBP", "AVIF"):
        source = contained(CHART, container, icc_profile=PROFILES["Display P3"])
        (tmp_path / "in" / f"{container}-{NAMES[container]}").write_bytes(source)
    (tmp_path / "in" / "cmyk.jpg").write_bytes(contained(CMYK, "JPEG", icc_profile=cmyk_profile()))
    (tmp_path / "in" / "lab.tif").write_bytes(plain_tiff(np.rint(UNSIGNED).astype("uint8"), 9))
    assert dmedia("convert", "in", "-r", "-o", "out", "--format", "png").status == 0
    made = {path.stem: samples_of(str(path)) for path in (tmp_path / "out").rglob("*.png")}
    assert len(made) == 7
    wanted = {"cmyk": seen(CMYK, cmyk_profile()), "lab": chart()}
    for stem, samples in made.items():
        assert mean_difference(samples, wanted.get(stem, seen(CHART, PROFILES["Display P3"]))) < 0.5, stem
