from __future__ import annotations

import io
import os

import numpy as np
import pytest
from PIL import Image

from dmedia.media.libvips import pyvips
from dmedia.model import FileResult
from tests.media.colour_difference import Array
from tests.media.conftest import Processing
from tests.media.containers import NAMES, TARGETS, contained

DEPTHS = {"png": 16, "tiff": 16, "avif": 10, "jpg": 8, "webp": 8, "gif": 8}
"""Bits a sample that a picture of more gets in each writable format."""


def ramp() -> Array:
    """Draw a ramp of 1024 steps, of which 8 bits would show a quarter."""
    steps = np.linspace(0, 65535, 1024).astype("uint16")
    return np.repeat(np.repeat(steps[None, :, None], 16, 0), 3, 2)


def deep(container: str) -> bytes:
    """Put the ramp into a container with as many bits as it holds."""
    samples = ramp()
    if container == "HEIF":
        pillow_heif = pytest.importorskip("pillow_heif")
        file, target = pillow_heif.HeifFile(), io.BytesIO()
        file.add_frombytes("RGB;16", (1024, 16), samples.tobytes())
        try:
            file.save(target, quality=100, chroma=444)
        except (RuntimeError, OSError) as error:
            pytest.skip(f"this pillow-heif writes no HEIC: {error}")
        return target.getvalue()
    image = pyvips.Image.new_from_memory(samples.tobytes(), 1024, 16, 3, "ushort").copy(interpretation="rgb16")
    if container == "AVIF":
        return bytes(image.heifsave_buffer(bitdepth=10, compression="av1", lossless=True, effort=0))
    return bytes(image.pngsave_buffer() if container == "PNG" else image.tiffsave_buffer())


def written(result: FileResult) -> tuple[int, Array]:
    """Read a rendition's bits a sample, and its middle row as 16 bits."""
    assert result.failure is None, result.failure
    image = pyvips.Image.new_from_file(os.fsdecode(result.outputs[0].path))
    bits = int(image.get("bits-per-sample")) if image.get("vips-loader").startswith("heif") else 0
    row = np.asarray(image.extract_band(1).numpy())[8].astype("float64")
    return bits or {"uchar": 8, "ushort": 16}[image.format], row * (257 if image.format == "uchar" else 1)


@pytest.mark.parametrize("target", DEPTHS)
@pytest.mark.parametrize("container", ["PNG", "TIFF", "AVIF", "HEIF"])
def test_more_than_8_bits_stay_as_many_as_the_format_holds(processed: Processing, container: str, target: str) -> None:
    quality = 100 if target in {"jpg", "webp"} else None
    result = processed(
        deep(container), "convert", name=NAMES[container], out=TARGETS[target], format=target, quality=quality,
        lossless=target == "avif", effort=1,
    )  # fmt: skip
    bits, row = written(result)
    assert bits == DEPTHS[target]
    steps = len(set(row.tolist()))
    assert steps > 600 if bits > 8 else steps <= 256
    assert np.abs(row - ramp()[8, :, 1]).mean() < (200 if bits > 8 else 900)


@pytest.mark.parametrize("target", DEPTHS)
@pytest.mark.parametrize("container", NAMES)
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_8_bits_stay_8(processed: Processing, container: str, target: str, mode: str) -> None:
    image = Image.linear_gradient("L").convert(mode)
    source = contained(image, container)
    result = processed(source, "convert", name=NAMES[container], out=TARGETS[target], format=target, effort=1)
    assert result.failure is None, result.failure
    image = pyvips.Image.new_from_file(os.fsdecode(result.outputs[0].path))
    assert image.format == "uchar"


@pytest.mark.parametrize("target", ["png", "tiff", "avif"])
def test_depth_stays_when_a_picture_is_scaled_and_padded(processed: Processing, target: str) -> None:
    image = pyvips.Image.new_from_buffer(deep("PNG"), "").copy()
    source = bytes(image.pngsave_buffer())
    result = processed(
        source,
        "resize",
        name="i.png",
        out=TARGETS[target],
        format=target,
        width=700,
        height=20,
        fit="contain",
        effort=1,
    )
    bits, row = written(result)
    assert bits == DEPTHS[target]
    assert len(set(row.tolist())) > 350
