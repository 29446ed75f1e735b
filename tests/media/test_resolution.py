from __future__ import annotations

import io
import os
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from dmedia.media import exif, resolution
from dmedia.media.libvips import pyvips
from dmedia.media.pixels import attach
from dmedia.model import FileResult
from tests.media.conftest import Processing
from tests.media_making import corners, encoded, photo
from tests.media_making import exif as exif_block

EXTENSIONS = {"jpg": "jpg", "png": "png", "webp": "webp", "avif": "avif", "tiff": "tif", "gif": "gif"}
PACKET = '<?xpacket begin="\ufeff"?><x:xmpmeta xmlns:x="adobe:ns:meta/">Zoë Müller 漢</x:xmpmeta><?xpacket end="w"?>'


def opened(result: FileResult) -> Image.Image:
    assert result.failure is None, result.failure
    image = Image.open(os.fsdecode(result.outputs[0].path))
    image.load()
    return image


def dpi_of(image: Image.Image) -> float | None:
    tags = image.getexif()
    told = image.info.get("dpi") or ((float(tags[0x011A]), 0) if 0x011A in tags else None)
    return round(float(told[0]), 2) if told else None


def stating(dpi: float, unit: int = resolution.INCH) -> bytes:
    block = Image.Exif()
    block[0x011A], block[0x011B], block[0x0128] = dpi, dpi, unit
    return block.tobytes()


@pytest.mark.parametrize("target", EXTENSIONS)
@pytest.mark.parametrize("source", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "AVIF"])
def test_no_resolution_is_invented(processed: Processing, source: str, target: str) -> None:
    result = processed(encoded(corners(), source), "convert", out=f"o.{EXTENSIONS[target]}", format=target)
    assert dpi_of(opened(result)) == (72 if target == "tiff" else None)


@pytest.mark.parametrize("target", ["jpg", "png", "webp", "avif", "tiff"])
@pytest.mark.parametrize("policy", ["copyright", "keep", "strip"])
def test_a_stated_resolution_stays(processed: Processing, target: str, policy: str) -> None:
    for source, options in (
        ("JPEG", {"dpi": (300, 300)}),
        ("PNG", {"dpi": (300, 300)}),
        ("TIFF", {"dpi": (300, 300)}),
        ("BMP", {"dpi": (300, 300)}),
        ("WEBP", {"exif": stating(300)}),
        ("AVIF", {"exif": stating(300)}),
        ("PNG", {"exif": stating(300)}),
    ):
        content = encoded(corners(), source, **options)
        name = f"o.{EXTENSIONS[target]}"
        result = processed(content, "convert", out=name, format=target, metadata=policy, width=20)
        assert dpi_of(opened(result)) == pytest.approx(300, abs=0.01), source


def test_the_lowest_resolutions_that_are_stated_stay_too(processed: Processing) -> None:
    for dpi in (71.9836, 25.4):
        content = encoded(corners(), "PNG", dpi=(dpi, dpi))
        assert dpi_of(opened(processed(content, "convert", out="o.png", format="png"))) == pytest.approx(dpi, abs=0.02)


def test_exif_that_must_state_a_resolution_states_72(processed: Processing) -> None:
    content = encoded(corners(), "WEBP", exif=exif_block(private=True))
    image = opened(processed(content, "convert", out="o.jpg", format="jpg"))
    assert image.getexif()[exif.COPYRIGHT] == "(c) Ana Souza"
    assert dpi_of(image) == 72


def test_a_resolution_is_read_from_exif_in_both_units() -> None:
    assert resolution.resolution_of(stating(300)) == (300, 300)
    assert resolution.resolution_of(stating(100, resolution.CENTIMETRE)) == pytest.approx((254, 254))
    assert resolution.resolution_of(stating(100, 1)) is None
    assert resolution.resolution_of(stating(0)) is None
    assert resolution.resolution_of(b"") is None
    short = {tag: exif.Entry(exif.SHORT, b"\1\0") for tag in exif.RESOLUTION[:2]}
    assert resolution.resolution_of(exif.write_exif(short)) is None
    broken = {tag: exif.Entry(exif.RATIONAL, b"\0\0\1\0\0\0\0\0") for tag in exif.RESOLUTION[:2]}
    assert resolution.resolution_of(exif.write_exif(broken)) is None


def test_what_another_library_read_counts_and_its_one_dpi_is_none() -> None:
    image = pyvips.Image.black(4, 4)
    assert resolution.is_stated(attach(image, {"dpi": (96, 96)}))
    assert attach(image, {"exif": stating(72)}).xres == pytest.approx(72 / 25.4)
    for nothing in ({}, {"dpi": (1, 1)}, {"dpi": (0, 0)}, {"exif": exif_block(1)}):
        assert not resolution.is_stated(attach(image, nothing))


def sources_with_xmp() -> dict[str, bytes]:
    plain, zipped = PngImagePlugin.PngInfo(), PngImagePlugin.PngInfo()
    plain.add_itxt("XML:com.adobe.xmp", PACKET)
    zipped.add_itxt("XML:com.adobe.xmp", PACKET, zip=True)
    options: dict[str, dict[str, Any]] = {
        "JPEG": {"xmp": PACKET.encode()},
        "WEBP": {"xmp": PACKET.encode()},
        "AVIF": {"xmp": PACKET.encode()},
        "TIFF": {"tiffinfo": {700: PACKET.encode()}},
    }
    made = {name: encoded(photo((64, 48)), name, **save) for name, save in options.items()}
    made |= {f"PNG {n}": encoded(photo((64, 48)), "PNG", pnginfo=info) for n, info in enumerate((plain, zipped))}
    return made


@pytest.mark.parametrize("target", ["jpg", "png", "webp", "avif", "tiff"])
def test_xmp_is_kept_byte_by_byte(processed: Processing, target: str) -> None:
    for source, content in sources_with_xmp().items():
        name = f"o.{EXTENSIONS[target]}"
        image = opened(processed(content, "convert", out=name, format=target, metadata="keep", width=32))
        assert image.info["xmp"] == PACKET.encode(), source
        if target == "png":
            with open(image.filename, "rb") as file:  # type: ignore[attr-defined]  # of images from files
                written = file.read()
            assert written.count(b"XML:com.adobe.xmp\0\0\0\0\0" + PACKET.encode()) == 1
            assert b"zTXt" not in written
            assert Image.open(io.BytesIO(written)).tobytes() == image.tobytes()


def test_xmp_leaves_only_when_all_is_kept(processed: Processing) -> None:
    for content in sources_with_xmp().values():
        assert "xmp" not in opened(processed(content, "convert", out="o.png", format="png")).info
