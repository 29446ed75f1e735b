"""compress without loss: smaller, the very pixels as another library decodes them, and nothing private."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from dmedia.media import lossless, optimisers
from tests.media_making import corners, encoded, exif, matrix_profile, photo

if TYPE_CHECKING:
    from dmedia.model import Failure, FileResult
    from tests.media.conftest import Processing

PIL_NAMES = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP", "tif": "TIFF", "gif": "GIF"}


def compressed(processed: Processing, content: bytes, extension: str = "jpg", **arguments: Any) -> FileResult:
    return processed(content, "compress", name=f"in.{extension}", out=f"o.{extension}", lossless=True, **arguments)


def written(result: FileResult) -> bytes:
    assert result.failure is None, result.failure
    with open(result.outputs[0].path, "rb") as file:
        return file.read()


def failure_of(result: FileResult) -> Failure:
    assert result.failure is not None
    assert result.failure.hint
    return result.failure


def pixels(content: bytes) -> bytes:
    with Image.open(io.BytesIO(content)) as image:
        return image.convert("CMYK" if image.mode == "CMYK" else "RGBA").tobytes()


@pytest.mark.parametrize(
    ("extension", "mode", "options"),
    [
        ("jpg", "RGB", {"quality": 90}),
        ("jpg", "RGB", {"quality": 75, "subsampling": 0, "restart_marker_blocks": 4}),
        ("jpg", "L", {"quality": 75}),
        ("jpg", "CMYK", {"quality": 75}),
        ("jpg", "RGB", {"quality": 90, "progressive": True}),
        ("png", "RGB", {"compress_level": 1}),
        ("png", "RGBA", {"compress_level": 1}),
        ("png", "L", {"compress_level": 1}),
        ("webp", "RGBA", {"lossless": True, "method": 0, "quality": 0}),
        ("tif", "RGB", {}),
    ],
)
def test_every_pixel_stays_and_the_file_gets_smaller(
    processed: Processing, extension: str, mode: str, options: dict[str, Any]
) -> None:
    source = encoded(photo((333, 217)).convert(mode), PIL_NAMES[extension], **options)
    result = compressed(processed, source, extension)
    assert len(written(result)) < len(source)
    assert pixels(written(result)) == pixels(source)
    (output,) = result.outputs
    assert (output.identical, output.quality, output.ssim) == (True, None, None)
    assert (output.width, output.height) == (333, 217)


def test_flat_pictures_become_palettes_and_sixteen_bits_stay(processed: Processing) -> None:
    flat = encoded(corners((300, 200)), "PNG")
    assert Image.open(io.BytesIO(written(compressed(processed, flat, "png")))).mode == "P"
    deep = Image.frombytes("I;16", (100, 80), bytes((n * 7) % 251 for n in range(16_000)))
    result = compressed(processed, encoded(deep, "PNG"), "png")
    assert Image.open(io.BytesIO(written(result))).tobytes() == deep.tobytes()


@pytest.mark.parametrize("extension", ["jpg", "png", "webp"])
def test_private_metadata_leaves_no_more_than_otherwise(processed: Processing, extension: str) -> None:
    options: dict[str, Any] = {"lossless": True} if extension == "webp" else {}
    source = encoded(photo(), PIL_NAMES[extension], exif=exif(6, private=True), **options)
    for policy, owner in (("copyright", "(c) Ana Souza"), ("strip", None)):
        content = written(compressed(processed, source, extension, metadata=policy))
        block = Image.open(io.BytesIO(content)).getexif()
        assert not block.get_ifd(0x8825)
        assert 0xA431 not in block.get_ifd(0x8769)
        assert block.get(0x8298) == owner
        assert b"SERIAL" not in content


def test_orientation_stays_and_is_told_upright(processed: Processing) -> None:
    source = encoded(photo((200, 100)), "JPEG", exif=exif(6))
    result = compressed(processed, source)
    assert Image.open(io.BytesIO(written(result))).getexif()[0x0112] == 6
    assert (result.outputs[0].width, result.outputs[0].height) == (100, 200)


@pytest.mark.parametrize("extension", ["jpg", "png"])
def test_colours_of_a_profile_stay_in_it_and_that_is_said(processed: Processing, extension: str) -> None:
    source = encoded(photo(), PIL_NAMES[extension], icc_profile=matrix_profile())
    result = compressed(processed, source, extension)
    assert result.warnings == ("the colours stay in the source's profile: without loss none is converted to sRGB",)
    assert Image.open(io.BytesIO(written(result))).info["icc_profile"] == matrix_profile()
    assert compressed(processed, source, extension, icc="keep").warnings == ()


def test_cmyk_stays_cmyk_and_that_is_said(processed: Processing) -> None:
    result = compressed(processed, encoded(photo().convert("CMYK"), "JPEG"))
    assert result.warnings == ("the colours stay CMYK: without loss none is converted to sRGB",)


def test_what_does_not_get_smaller_stays_the_original(processed: Processing) -> None:
    once = written(compressed(processed, encoded(photo(), "JPEG")))
    again = compressed(processed, once)
    assert written(again) == once
    assert again.outputs[0].identical
    assert again.warnings == ("original kept: without loss it does not become smaller",)
    lossy = encoded(photo(), "WEBP", quality=50)
    kept = compressed(processed, lossy, "webp")
    assert (written(kept), kept.outputs[0].identical) == (lossy, True)


def test_another_format_is_encoded_exactly_where_it_can_be(processed: Processing) -> None:
    clear = photo((90, 60)).convert("RGBA")
    clear.putalpha(0)
    for image_format in ("webp", "avif", "png", "tiff"):
        source = encoded(clear, "PNG" if image_format != "png" else "TIFF")
        result = processed(source, "compress", out="o." + image_format, lossless=True, format=image_format)
        assert result.failure is None, result.failure
        assert result.outputs[0].identical
        assert pixels(written(result)) == pixels(source)


def test_what_a_format_cannot_hold_fails(processed: Processing) -> None:
    deep = encoded(Image.frombytes("I;16", (64, 64), os.urandom(8192)), "PNG")
    failed = failure_of(processed(deep, "compress", name="i.png", out="o.webp", lossless=True, format="webp"))
    assert (failed.code, failed.stage) == ("encode_failed", "encode")
    assert "webp cannot hold these pixels exactly" in failed.message
    for operation, arguments in (("compress", {}), ("resize", {"width": 9})):
        failed = failure_of(processed(encoded(photo(), "BMP"), operation, name="i.bmp", lossless=True, **arguments))
        assert failed.message == "Encoding failed: a JPEG cannot hold pixels without loss"


def test_pages_are_not_lost_without_a_word(processed: Processing) -> None:
    pages = [photo((40, 30), seed) for seed in (1, 2)]
    source = encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    failed = failure_of(compressed(processed, source, "tif"))
    assert "the first of 2 frames or pages" in failed.message
    assert written(compressed(processed, source, "tif", metadata="keep")) == source


def test_what_follows_a_jpeg_is_not_cut_off_from_what_keeps_all(processed: Processing) -> None:
    source = encoded(photo(), "JPEG") + b"\0\0\0\x18ftypmp42 a film"
    result = compressed(processed, source, metadata="keep")
    assert written(result) == source
    assert result.warnings == ("original kept: what follows the picture in the file would be lost",)
    assert b"film" not in written(compressed(processed, source))


@pytest.mark.parametrize("extension", ["jpg", "png", "webp", "gif"])
def test_damage_is_found(processed: Processing, extension: str) -> None:
    whole = encoded(photo(), PIL_NAMES[extension])
    failed = failure_of(compressed(processed, whole[: len(whole) // 2], extension))
    assert (failed.code, failed.stage) == ("corrupt_input", "decode")


def test_other_pixels_are_never_published(processed: Processing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lossless, "optimised", lambda *_: encoded(photo(seed=2), "JPEG", quality=10))
    failed = failure_of(compressed(processed, encoded(photo(), "JPEG")))
    assert (failed.code, failed.stage) == ("verify_failed", "verify")


@pytest.mark.parametrize(("extension", "module"), [("jpg", "mozjpeg_lossless_optimization"), ("png", "oxipng")])
def test_without_the_extra_the_hint_says_which_one(
    processed: Processing, monkeypatch: pytest.MonkeyPatch, extension: str, module: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    failed = failure_of(compressed(processed, encoded(photo(), PIL_NAMES[extension]), extension))
    assert failed.hint == "pip install 'dmedia[optimize]'"
    assert "which is not installed" in failed.message


def test_a_file_that_an_optimiser_cannot_do_stays_the_original(
    processed: Processing, monkeypatch: pytest.MonkeyPatch
) -> None:
    def panic(*_: object, **__: object) -> bytes:
        raise BaseException("called `Option::unwrap()` on a `None` value")  # noqa: TRY002  # as Rust's panics are

    oxipng = pytest.importorskip("oxipng")
    monkeypatch.setattr(oxipng, "optimize_from_memory", panic)
    source = encoded(photo(), "PNG")
    result = compressed(processed, source, "png")
    assert (written(result), result.outputs[0].identical) == (source, True)
    assert result.warnings[0].startswith("original kept: BaseException: called")


def test_progressive_writes_one_and_effort_makes_it_smaller(processed: Processing) -> None:
    source = encoded(photo(), "PNG")
    assert Image.open(io.BytesIO(written(compressed(processed, source, "png", progressive=True)))).info["interlace"]
    sizes = [len(written(compressed(processed, source, "png", effort=effort))) for effort in (2, 7)]
    assert sizes[1] <= sizes[0] < len(source)
    assert len(optimisers.LEVELS) == 10


@pytest.mark.parametrize("kind", ["gif", "webp", "png"])
def test_an_animation_stays_as_it_is_and_its_first_frame_can_be_had(processed: Processing, kind: str) -> None:
    pictures = [photo((60, 40), seed) for seed in range(3)]
    save: dict[str, Any] = {"lossless": True} if kind == "webp" else {}
    source = encoded(pictures[0], PIL_NAMES[kind], save_all=True, append_images=pictures[1:], **save)
    result = compressed(processed, source, kind)
    assert result.warnings == ("the animation was kept as it is: 3 frames are not encoded anew",)
    with Image.open(io.BytesIO(written(result))) as kept, Image.open(io.BytesIO(source)) as original:
        assert kept.n_frames == original.n_frames == 3  # type: ignore[attr-defined]  # of all that move
        for number in range(3):
            kept.seek(number)
            original.seek(number)
            assert kept.convert("RGBA").tobytes() == original.convert("RGBA").tobytes()
    first = compressed(processed, source, kind, frames="first")
    assert pixels(written(first)) == pixels(source)
    assert (first.outputs[0].identical, first.outputs[0].frames) == (True, None)


def test_a_position_that_is_left_out_is_counted(processed: Processing) -> None:
    once = written(compressed(processed, encoded(photo(), "JPEG", exif=exif(1, private=True)), metadata="keep"))
    for source in (encoded(photo(), "JPEG", exif=exif(1, private=True)), once):
        assert compressed(processed, source).gps_removed
        assert not compressed(processed, source, metadata="keep").gps_removed
    lossy = encoded(photo(), "WEBP", quality=50, exif=exif(1, private=True))
    assert compressed(processed, lossy, "webp").gps_removed


def test_an_owner_that_only_xmp_names_does_not_leave_without_a_word(processed: Processing) -> None:
    packet = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><dc:rights><rdf:Alt><rdf:li xml:lang="x-default">(c) Ana</rdf:li>'
        b"</rdf:Alt></dc:rights></x:xmpmeta>"
    )
    source = encoded(photo(), "JPEG", xmp=packet)
    assert compressed(processed, source).warnings == (lossless.OWNER_LOST,)
    for policy in ("strip", "keep"):
        assert compressed(processed, source, metadata=policy).warnings == ()
