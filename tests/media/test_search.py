"""The quality that is searched: what comes out does what was asked for, and the next one would not."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from dmedia.media import draft as draft_module
from dmedia.media import encoders
from dmedia.media.libvips import pyvips
from dmedia.media.search import MOST_ENCODES
from dmedia.media.similarity import ssim
from dmedia.model import Limits
from tests.media_making import corners, encoded, photo

if TYPE_CHECKING:
    from dmedia.model import Failure, FileResult, Output
    from tests.media.conftest import Processing

SOURCE = encoded(photo((300, 200)), "PNG")


def made(result: FileResult) -> Output:
    assert result.failure is None, result.failure
    return result.outputs[0]


def failure_of(result: FileResult) -> Failure:
    assert result.failure is not None
    assert result.failure.code == "encode_failed"
    return result.failure


def converted(processed: Processing, image_format: str, **arguments: Any) -> FileResult:
    return processed(SOURCE, "convert", name="i.png", out=f"o.{image_format}", format=image_format, **arguments)


@pytest.mark.parametrize("image_format", ["jpg", "webp", "avif"])
def test_the_lowest_quality_that_keeps_a_score_is_found(processed: Processing, image_format: str) -> None:
    found = made(converted(processed, image_format, min_ssim=0.9))
    assert found.quality is not None
    assert found.ssim is not None
    assert found.ssim >= 0.9
    with open(found.path, "rb") as file:
        content = file.read()
    measured = ssim(pyvips.Image.new_from_buffer(SOURCE, ""), pyvips.Image.new_from_buffer(content, ""), "#ffffff")
    assert measured == pytest.approx(found.ssim, abs=2e-5)
    below = converted(processed, image_format, min_ssim=0.9, quality=found.quality - 1)
    assert f"at quality {found.quality - 1}; 0.9 was asked for" in failure_of(below).message


@pytest.mark.parametrize("image_format", ["jpg", "webp", "avif"])
def test_the_highest_quality_that_fits_is_found(processed: Processing, image_format: str) -> None:
    most = made(converted(processed, image_format, quality=60)).size_bytes
    found = made(converted(processed, image_format, max_bytes=most))
    assert found.size_bytes <= most
    assert found.quality is not None
    assert found.quality >= 60
    assert found.ssim is not None
    assert 0 < found.ssim < 1
    assert made(converted(processed, image_format, quality=found.quality + 1)).size_bytes > most
    assert made(converted(processed, image_format, max_bytes=most, quality=30)).quality == 30


def test_what_no_quality_fits_into_fails_with_what_helps(processed: Processing) -> None:
    failed = failure_of(converted(processed, "jpg", max_bytes=100))
    assert "at quality 1, the lowest; 100 are allowed" in failed.message
    assert "--width" in str(failed.hint)
    failed = failure_of(converted(processed, "webp", max_bytes=1000, min_ssim=0.9))
    assert "the lowest that keeps a similarity of 0.9; 1,000 are allowed" in failed.message
    assert "--min-ssim" in str(failed.hint)
    both = made(converted(processed, "webp", max_bytes=100_000, min_ssim=0.9))
    assert both == made(converted(processed, "webp", min_ssim=0.9)).__class__(
        both.path, 300, 200, "webp", both.size_bytes, both.mtime_ns, both.sha256, quality=both.quality, ssim=both.ssim
    )


def test_the_score_is_of_the_pixels_that_are_encoded(processed: Processing) -> None:
    found = made(converted(processed, "jpg", min_ssim=0.95, width=150))
    with open(found.path, "rb") as file:
        small = pyvips.Image.new_from_buffer(file.read(), "")
    exact = made(converted(processed, "png", width=150))
    with open(exact.path, "rb") as file:
        reference = pyvips.Image.new_from_buffer(file.read(), "")
    assert found.ssim == pytest.approx(ssim(reference, small, "#ffffff"), abs=2e-5)


def test_a_picture_is_encoded_a_bounded_number_of_times(processed: Processing, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []
    encode = encoders.encode

    def count(image: Any, descriptor: int, image_format: str, parameters: Any) -> None:
        tried.append(parameters.quality)
        encode(image, descriptor, image_format, parameters)

    monkeypatch.setattr(draft_module, "encode", count)
    for arguments in ({"min_ssim": 1.0}, {"min_ssim": 0.0}, {"max_bytes": 1}, {"max_bytes": 10**9}, {"min_ssim": 0.8}):
        tried.clear()
        converted(processed, "jpg", **arguments)
        assert len(tried) == len(set(tried)) <= MOST_ENCODES


def test_large_pictures_are_decoded_anew_instead_of_held(processed: Processing) -> None:
    held = made(converted(processed, "jpg", min_ssim=0.9, width=200))
    again = made(converted(processed, "jpg", min_ssim=0.9, width=200, limits=Limits(image_slot_bytes=4)))
    assert (again.sha256, again.quality, again.ssim) == (held.sha256, held.quality, held.ssim)


def test_compress_keeps_an_original_that_serves_better(processed: Processing) -> None:
    original = encoded(photo(), "JPEG", quality=30)
    for arguments in ({"min_ssim": 1.0}, {"min_ssim": 0.999}, {"max_bytes": len(original)}):
        result = processed(original, "compress", **arguments)
        output = made(result)
        assert output.size_bytes <= len(original)
        assert result.warnings[0].startswith("original kept: ")
        assert (output.quality, output.ssim) == (None, None)
        with open(output.path, "rb") as file:
            assert Image.open(file).tobytes() == Image.open(io.BytesIO(original)).tobytes()
    assert made(processed(original, "compress", max_bytes=len(original), quality=20)).quality == 20
    half = processed(original[: len(original) // 2], "compress", max_bytes=len(original))
    assert half.failure is not None
    assert half.failure.code == "corrupt_input"
    smaller = made(processed(original, "compress", max_bytes=len(original) * 2 // 3))
    assert smaller.size_bytes <= len(original) * 2 // 3
    assert smaller.quality is not None


def test_formats_without_quality_either_fit_or_fail(processed: Processing) -> None:
    output = made(
        processed(encoded(photo(), "PNG", compress_level=0), "compress", name="i.png", out="o.png", min_ssim=1)
    )
    assert (output.quality, output.ssim) == (None, 1.0)
    failed = failure_of(processed(SOURCE, "compress", name="i.png", out="o.png", max_bytes=500))
    assert "png has no quality" in failed.message
    frames = [corners((64, 48)), photo((64, 48))]
    animation = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    failed = failure_of(processed(animation, "compress", name="i.gif", out="o.gif", max_bytes=500))
    assert "gif has no quality" in failed.message
    few = Limits(max_frames=1)
    failed = failure_of(processed(animation, "compress", name="i.gif", out="o.gif", max_bytes=500, limits=few))
    assert "with all of its frames" in failed.message


def test_an_animation_is_made_to_fit_and_no_similarity_is_told(processed: Processing) -> None:
    frames = [photo((96, 64), seed) for seed in range(4)]
    moving = encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    whole = made(processed(moving, "convert", name="i.webp", out="o.webp", format="webp"))
    for operation in ("convert", "compress"):
        most = whole.size_bytes // 2
        output = made(processed(moving, operation, name="i.webp", out="o.webp", format="webp", max_bytes=most))
        assert output.size_bytes <= most
        assert (output.frames, output.ssim) == (4, None)
        assert output.quality is not None
    refused = processed(moving, "convert", name="i.webp", out="o.webp", format="webp", min_ssim=0.9)
    failed = failure_of(refused)
    assert failed.message.endswith("the similarity of an animation is not measured, and it has 4 frames")
    assert "--frames first" in str(failed.hint)
    kept = processed(moving, "compress", name="i.webp", out="o.webp", min_ssim=0.9)
    assert kept.warnings[0].startswith("original kept: the similarity of an animation is not measured")
    assert made(kept).frames == 4
    first = made(processed(moving, "convert", name="i.webp", out="o.webp", format="webp", min_ssim=0.9, frames="first"))
    assert (first.frames, first.ssim is not None) == (None, True)


def test_every_encode_tells_its_quality(processed: Processing) -> None:
    assert made(converted(processed, "webp")).quality == 80
    assert made(converted(processed, "avif")).quality == 60
    assert made(converted(processed, "avif", quality=33)).quality == 33
    assert made(converted(processed, "webp", lossless=True)).quality is None
    assert made(converted(processed, "png")).quality is None
